// Assigns calls to nodes of the film: a step, and an episode that no other process can create.
//
// A node is a (step, episode). Counters restart in every process, so a call without an episode gets one that
// begins with the random id of its run handle (its writer).

/** Episodes whose steps are remembered, the newest. */
const MAX_EPISODES = 65_536;
/** Steps whose last node is remembered, the newest. */
const MAX_STEPS = 65_536;
/** The key of the steps that were logged without an episode. */
const NO_EPISODE = "";

/** One step of an episode, or of none. */
export interface NodeRef {
  step: number;
  episode?: string;
}

/** The nodes that this run handle logged. */
export class NodeTracker {
  /** The steps of each episode, in the order of their first step. */
  readonly #episodes = new Map<string, StepSet>();
  /** The episode of the last node of each step. */
  readonly #lastNodes = new Map<number, string>();
  readonly #writer: string;
  #rollouts = 0;
  #highest = -1;
  #lastNode: Required<NodeRef> | null = null;
  /** The paths measured at the next step, while nothing else is logged. */
  readonly #measured = new Set<string>();

  /** `writer`: 12 random hex digits, drawn once for the run handle. */
  constructor(writer: string) {
    this.#writer = writer;
  }

  /** The node that was logged last; before the first one, the next step. */
  get last(): NodeRef {
    return this.#lastNode ?? { step: this.#highest + 1 };
  }

  /** Whether this run handle has logged a node. */
  get hasLogged(): boolean {
    return this.#lastNode !== null;
  }

  /** Takes the step after the last one: no other call of this run handle gets it. */
  take(): number {
    return (this.#highest += 1);
  }

  /** Continues after `lastStep`, which the run has already. */
  resume(lastStep: number): void {
    this.#highest = Math.max(this.#highest, lastStep);
  }

  /** Whether anything of the episode has a snapshot. */
  has(episode: string): boolean {
    return this.#episodes.has(episode);
  }

  /** The node of a `log`. Its first call logs a snapshot, later ones add scores. */
  logged(step: number, episode?: string): { node: Required<NodeRef>; isFirst: boolean } {
    const node = { step, episode: episode ?? `${this.#writer}-${step}` };
    const isFirst = this.#isFirst(step, episode ?? NO_EPISODE);
    this.#remember(node);
    return { node, isFirst };
  }

  /**
   * The node of a rollout: one of its own node no episode is named, else whether it replaces an earlier one.
   */
  rollout(step: number, episode?: string): { node: Required<NodeRef>; replaces: boolean } {
    const replaces = episode !== undefined && !this.#isFirst(step, episode);
    const node = { step, episode: episode ?? `${this.#writer}-${step}-${this.#rollouts++}` };
    this.#remember(node);
    return { node, replaces };
  }

  /**
   * The step of measurements that name none: the one that was logged last. Before anything is logged, it is
   * the next step, and a path that is measured again moves on to the one after it.
   */
  measured(paths: readonly string[]): number {
    if (this.#lastNode !== null) return this.#lastNode.step;
    if (paths.some((path) => this.#measured.has(path))) {
      this.#measured.clear();
      this.#highest += 1;
    }
    for (const path of paths) this.#measured.add(path);
    return this.#highest + 1;
  }

  /** The episode of the last node of a step; `undefined` where this run handle logged none. */
  episodeOf(step: number): string | undefined {
    return (
      this.#lastNodes.get(step) ??
      (this.#episodes.get(NO_EPISODE)?.has(step) ? `${this.#writer}-${step}` : undefined)
    );
  }

  #remember(node: Required<NodeRef>): void {
    this.#lastNode = node;
    this.#highest = Math.max(this.#highest, node.step);
    this.#lastNodes.delete(node.step);
    this.#lastNodes.set(node.step, node.episode);
    forgetOldest(this.#lastNodes, MAX_STEPS);
  }

  /** Whether this is the first snapshot of the step in the episode; remembers it. */
  #isFirst(step: number, episode: string): boolean {
    let steps = this.#episodes.get(episode);
    if (steps === undefined) {
      steps = new StepSet();
      this.#episodes.set(episode, steps);
      forgetOldest(this.#episodes, MAX_EPISODES, NO_EPISODE);
    }
    return steps.add(step);
  }
}

/** A set of steps that is small for consecutive steps: a range from `#from` to before `#upTo`, and others. */
class StepSet {
  #from = 0;
  #upTo = 0;
  readonly #others = new Set<number>();

  has(step: number): boolean {
    return (step >= this.#from && step < this.#upTo) || this.#others.has(step);
  }

  /** Adds a step; `false` where it is in the set already. */
  add(step: number): boolean {
    if (this.has(step)) return false;
    if (this.#from === this.#upTo) [this.#from, this.#upTo] = [step, step + 1];
    else if (step === this.#upTo) {
      this.#upTo += 1;
      while (this.#others.delete(this.#upTo)) this.#upTo += 1;
    } else this.#others.add(step);
    return true;
  }
}

function forgetOldest<K>(map: Map<K, unknown>, most: number, except?: K): void {
  if (map.size <= most) return;
  for (const key of map.keys()) {
    if (key === except) continue;
    map.delete(key);
    return;
  }
}
