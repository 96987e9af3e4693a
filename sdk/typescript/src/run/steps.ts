// Which node of the film a call belongs to: its step, and an episode that no other process can make.
//
// A node is a (step, episode). Counters restart in every process, so what names no episode gets one that
// begins with the random id of the run handle that logs it (its writer).

/** Episodes whose steps are remembered, the newest. */
const MOST_EPISODES = 65_536;
/** Steps whose last node is remembered, the newest. */
const MOST_STEPS = 65_536;
/** Under this name the steps are remembered that were logged without an episode. */
const OWN = "";

/** One step of an episode, or of none. */
export interface Where {
  step: number;
  episode?: string;
}

/** The steps of a run, as far as this run handle logged them. */
export class Steps {
  /** In the order of their first step. */
  readonly #episodes = new Map<string, StepSet>();
  /** The episode of the last node of each step. */
  readonly #lastNodes = new Map<number, string>();
  #rollouts = 0;
  #highest = -1;
  #lastNode: Required<Where> | null = null;
  /** What was measured at the step that comes first, while nothing else is logged. */
  readonly #measured = new Set<string>();

  /** `writer`: 12 random hex digits, drawn once for the run handle. */
  constructor(private readonly writer: string) {}

  /** The node that was logged last; before the first the step that comes next. */
  get last(): Where {
    return this.#lastNode ?? { step: this.#highest + 1 };
  }

  /** Takes the step after the last one: no other call of this run handle gets it. */
  take(): number {
    return (this.#highest += 1);
  }

  /** The run has steps up to `lastStep` already: steps that are not named go on after it. */
  resume(lastStep: number): void {
    this.#highest = Math.max(this.#highest, lastStep);
  }

  /** Whether anything of the episode has a snapshot. */
  has(episode: string): boolean {
    return this.#episodes.has(episode);
  }

  /**
   * The node of a `log`, and whether this is its first: then it is a snapshot, else its scores are added to
   * it.
   */
  logged(step: number, episode?: string): { where: Required<Where>; isFirst: boolean } {
    const where = { step, episode: episode ?? `${this.writer}-${step}` };
    const isFirst = this.#isFirst(step, episode ?? OWN);
    this.#see(where);
    return { where, isFirst };
  }

  /**
   * The node of a rollout: one of its own where no episode is named, else whether it replaces an earlier one.
   */
  rollout(step: number, episode?: string): { where: Required<Where>; replaces: boolean } {
    const replaces = episode !== undefined && !this.#isFirst(step, episode);
    const where = { step, episode: episode ?? `${this.writer}-${step}-${this.#rollouts++}` };
    this.#see(where);
    return { where, replaces };
  }

  /**
   * The step of measurements that name none: the one that was logged last. Before anything is logged they
   * begin at the step that comes first, and a path that is measured again is of the next one.
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

  /** The episode of the node of that step that was logged last here; `undefined` where there is none. */
  nodeOf(step: number): string | undefined {
    return (
      this.#lastNodes.get(step) ?? (this.#episodes.get(OWN)?.has(step) ? `${this.writer}-${step}` : undefined)
    );
  }

  #see(where: Required<Where>): void {
    this.#lastNode = where;
    this.#highest = Math.max(this.#highest, where.step);
    this.#lastNodes.delete(where.step);
    this.#lastNodes.set(where.step, where.episode);
    forgetOldest(this.#lastNodes, MOST_STEPS);
  }

  /** Whether this is the first snapshot of that step; it is remembered. */
  #isFirst(step: number, episode: string): boolean {
    let steps = this.#episodes.get(episode);
    if (steps === undefined) {
      steps = new StepSet();
      this.#episodes.set(episode, steps);
      forgetOldest(this.#episodes, MOST_EPISODES, OWN);
    }
    return steps.add(step);
  }
}

/** A set of steps that stays small while they count up: those from `from` to before `upTo`, and others. */
class StepSet {
  #from = 0;
  #upTo = 0;
  readonly #others = new Set<number>();

  has(step: number): boolean {
    return (step >= this.#from && step < this.#upTo) || this.#others.has(step);
  }

  /** Whether it is new. */
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

function forgetOldest<K>(map: Map<K, unknown>, most: number, keep?: K): void {
  if (map.size <= most) return;
  for (const key of map.keys()) {
    if (key === keep) continue;
    map.delete(key);
    return;
  }
}
