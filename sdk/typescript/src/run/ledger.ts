// Counts what became of everything a run logged, records losses by reason, and warns once for each cause.

/** Counts of everything that a run logged. */
export interface RunStats {
  /** Events that are queued. */
  queued: number;
  /** Events the server has. */
  sent: number;
  /** Events that were on disk at the end; the next process that logs sends them, or `sync`. */
  spooled: number;
  /** Events the server refused; `run.refused` lists them with the reason. */
  refused: number;
  /** Events that were lost: the queue was full, or the server accepts none. */
  lost: number;
  /** Values that were not numbers, and invalid calls: they were left out. */
  skipped: number;
  /** Rubrics whose value was `null`, NaN, an infinity or an empty text: stored as not evaluated. */
  notEvaluated: number;
  /**
   * Scores that are stored under another path: their name was too long, or equal to another one as a path.
   */
  renamedScores: number;
  /** Rollouts that replaced an earlier one, whose step and episode they name. */
  replacedRollouts: number;
  /** Texts with lone surrogates, which are U+FFFD now. */
  repairedTexts: number;
  /** Texts that were longer than the limit, and cut. */
  cut: number;
  /** Calls that failed inside the SDK; the error does not reach the caller. */
  errors: number;
}

/** An event that the server refused, and why. */
export interface Refused {
  event: unknown;
  field: string;
  message: string;
}

/** One reason why something that was logged is lost, and how often. */
export interface Loss {
  reason: string;
  count: number;
}

/** Most different reasons; further ones are counted together. */
const MAX_REASONS = 100;

/** The counters, losses and warnings of one run. */
export class Ledger {
  readonly #print: (message: string) => void;
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
  readonly #warnedKeys = new Set<string>();
  readonly #losses = new Map<string, number>();

  constructor(say: (message: string) => void) {
    this.#print = say;
  }

  /** What was logged and is lost. */
  get losses(): Loss[] {
    return [...this.#losses].map(([reason, count]) => ({ reason, count }));
  }

  /** Records that something is lost. */
  recordLoss(reason: string, count = 1): void {
    if (count <= 0) return;
    const isKnown = this.#losses.has(reason) || this.#losses.size < MAX_REASONS;
    const key = isKnown ? reason : "other reasons";
    this.#losses.set(key, (this.#losses.get(key) ?? 0) + count);
  }

  /** Warns once for each `key`. */
  warn(key: string, message: string): void {
    if (this.#warnedKeys.has(key)) return;
    // Keys hold names that the program chooses, so their number is bounded.
    if (this.#warnedKeys.size >= 1000) return;
    this.#warnedKeys.add(key);
    this.#print(`gauntlet: ${message}`);
  }

  /** Allows the warning of `key` again: its cause has passed. */
  rearm(key: string): void {
    this.#warnedKeys.delete(key);
  }

  /** Runs `work` without letting it throw into the caller; an error is counted and warned about once. */
  guard<T>(where: string, fallback: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.counts.errors += 1;
      this.recordLoss(`${where} failed`);
      this.warn(`bug ${where}`, `${where} failed and was skipped: ${String(error)}`);
      return fallback;
    }
  }
}
