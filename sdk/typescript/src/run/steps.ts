// What a run remembers of its steps: which have a snapshot, so that what is logged later adds to it.

/** Episodes whose steps are remembered, the newest. */
const MOST_EPISODES = 65_536;
/** Steps whose rollouts are counted, the newest. */
const MOST_COUNTED = 4_096;

/** One step of an episode, or of none. */
export interface Where {
  step: number;
  episode?: string;
}

/** The steps of a run, by step and episode. */
export class Steps {
  /** Under the empty name: those of no episode. In the order of their first step. */
  readonly #episodes = new Map<string, StepSet>();
  readonly #rollouts = new Map<number, number>();
  #highest = -1;
  #last: Where = { step: 0 };

  /** The step, and the episode, that was logged last; step 0 before the first. */
  get last(): Where {
    return this.#last;
  }

  /** Takes the step after the last one: nobody else gets it. */
  take(): number {
    return (this.#highest += 1);
  }

  /** Notes that a step is logged now. */
  see(where: Where): void {
    this.#last = where;
    this.#highest = Math.max(this.#highest, where.step);
  }

  /** Whether anything of the episode has a snapshot. */
  has(episode: string): boolean {
    return this.#episodes.has(episode);
  }

  /** Whether this is the first snapshot of that step; it is remembered. */
  isFirst(step: number, episode = ""): boolean {
    let steps = this.#episodes.get(episode);
    if (steps === undefined) {
      steps = new StepSet();
      this.#episodes.set(episode, steps);
      forgetOldest(this.#episodes, MOST_EPISODES, "");
    }
    return steps.add(step);
  }

  /** A name for one more rollout of a step. */
  another(step: number): string {
    const number = (this.#rollouts.get(step) ?? 1) + 1;
    this.#rollouts.delete(step);
    this.#rollouts.set(step, number);
    forgetOldest(this.#rollouts, MOST_COUNTED);
    return `step-${step}-rollout-${number}`;
  }
}

/** A set of steps that stays small while they count up: those from `from` to before `upTo`, and others. */
class StepSet {
  #from = 0;
  #upTo = 0;
  readonly #others = new Set<number>();

  /** Whether it is new. */
  add(step: number): boolean {
    if ((step >= this.#from && step < this.#upTo) || this.#others.has(step)) return false;
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
