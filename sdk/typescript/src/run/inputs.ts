// The arguments of the calls that log: places, rollouts, later scores, alerts, artifacts.

import type { Challenge, FailureKind, Severity } from "../wire/events.js";
import type { Values } from "./values.js";

/** Which step of which episode. */
export interface Place {
  /** 0 or more. */
  step?: number;
  episode?: string;
}

/** One judged rollout or step, with its texts. `T` is the type of its scores. */
export interface Rollout<T = Values> extends Place {
  scores: T;
  /** What the agent did, and what it observed. */
  action?: unknown;
  observation?: unknown;
  /** Rubrics that were not evaluated: neither good nor bad. */
  notEvaluated?: readonly string[];
  /** Declared failures, where scores do not show them. */
  failures?: readonly FailureKind[];
  /** How long judging took, milliseconds. */
  durationMs?: number;
  /** Whether the run is paused here for a person, and the question to the person. */
  isPaused?: boolean;
  challenge?: Challenge;
  metadata?: object;
}

/** The target and the source of a later score. */
export interface ScoreOptions extends Place {
  /** Default `step`: the one that is named, else the one that was logged last. */
  target?: "step" | "episode" | "run";
  label?: string;
  explanation?: string;
  /** A rubric, a judge model, a person. Default `sdk`. */
  source?: string;
}

/** How grave an alert is, and the step that it is of. */
export interface AlertOptions {
  /** `info`, `warning` (the default), `error`; `warn` is `warning`. */
  level?: Severity | "warn";
  /** Default: the step that was logged last. */
  step?: number;
}

/** The description of an artifact. */
export interface ArtifactOptions extends Place {
  /** Media type. Default by content: text or bytes. */
  mimeType?: string;
  /** Its purpose. Default `file`. */
  role?: string;
}
