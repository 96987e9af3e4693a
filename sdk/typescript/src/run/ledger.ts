// What a run has counted, and what it has warned about: each kind of trouble is told once.

/** What became of everything a run was told. */
export interface RunStats {
  /** Events on their way. */
  queued: number;
  /** Events the server has. */
  sent: number;
  /** Events that were left on disk at the end; the next process that logs sends them, or `sync`. */
  spooled: number;
  /** Events the server refused; `run.refused` says which and why. */
  refused: number;
  /** Events that were dropped: the queue was full, or the server takes none. */
  lost: number;
  /** Values that were no number, and calls that could not be used: they were left out. */
  skipped: number;
  /** Rubrics that were given as `null`, NaN, an infinity or an empty text: kept as not evaluated. */
  notEvaluated: number;
  /** Scores that are kept under another path, because names met or were too long. */
  renamedScores: number;
  /** Rollouts that replaced an earlier one, whose step and episode they name. */
  replacedRollouts: number;
  /** Texts with halves of surrogate pairs, which are U+FFFD now. */
  repairedTexts: number;
  /** Texts that were over the limit, and so were cut. */
  cut: number;
  /** Calls that failed inside of the SDK; they never fail outside of it. */
  errors: number;
}

/** What was given and is not kept: how often, and why. */
export interface Loss {
  reason: string;
  count: number;
}

/** Most reasons that are told apart; what comes beyond them is counted under one. */
const MOST_REASONS = 100;

/** Counters, losses by reason, and warnings that are said once each. */
export class Ledger {
  readonly counts = {
    sent: 0,
    spooled: 0,
    refused: 0,
    lost: 0,
    skipped: 0,
    notEvaluated: 0,
    renamedScores: 0,
    replacedRollouts: 0,
    repairedTexts: 0,
    cut: 0,
    errors: 0,
  };
  readonly #told = new Set<string>();
  readonly #losses = new Map<string, number>();

  constructor(private readonly say: (message: string) => void) {}

  /** What was given and is not kept. */
  get losses(): Loss[] {
    return [...this.#losses].map(([reason, count]) => ({ reason, count }));
  }

  /** Notes that something that was given is not kept. */
  lose(reason: string, count = 1): void {
    if (count <= 0) return;
    const isKnown = this.#losses.has(reason) || this.#losses.size < MOST_REASONS;
    const key = isKnown ? reason : "other reasons";
    this.#losses.set(key, (this.#losses.get(key) ?? 0) + count);
  }

  /** Says `message`, once for each `key`. */
  warn(key: string, message: string): void {
    if (this.#told.has(key)) return;
    // Names come from the program: a set of them is bounded, and so is what it says.
    if (this.#told.size >= 1000) return;
    this.#told.add(key);
    this.say(`gauntlet: ${message}`);
  }

  /** Lets a warning be said again: what it was about is over. */
  again(key: string): void {
    this.#told.delete(key);
  }

  /** Runs what must not throw into the caller's loop; a failure of ours is counted and told once. */
  guarded<T>(where: string, fallback: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.counts.errors += 1;
      this.lose(`${where} failed`);
      this.warn(`bug ${where}`, `${where} failed and was skipped: ${String(error)}`);
      return fallback;
    }
  }
}
