// What a program hands over when it logs: places, rollouts, later scores, files.

import type { Challenge, FailureKind } from "../wire/events.js";
import type { Values } from "./values.js";

/** Which step of which episode. */
export interface Place {
  /** 0 or more. */
  step?: number;
  episode?: string;
}

/** One judged rollout or step, with its texts. */
export interface Rollout extends Place {
  scores: Values;
  /** What the agent did, and what it saw. */
  action?: unknown;
  observation?: unknown;
  /** Rubrics that were not called here: neither good nor bad. */
  notEvaluated?: readonly string[];
  /** Failures that are known as such, where there are no scores to judge by. */
  failures?: readonly FailureKind[];
  /** How long judging took, milliseconds. */
  durationMs?: number;
  /** Whether the run waits here for a person, and what the person is asked. */
  isPaused?: boolean;
  challenge?: Challenge;
  metadata?: object;
}

/** What a later score is about, and who gave it. */
export interface ScoreOptions extends Place {
  /** Default `step`: the one that is named, else what was logged last. */
  target?: "step" | "episode" | "run";
  label?: string;
  explanation?: string;
  /** A rubric, a judge model, a person. Default `sdk`. */
  source?: string;
}

/** What a file is. */
export interface ArtifactOptions extends Place {
  /** Media type. Default by content: text or bytes. */
  mimeType?: string;
  /** What it is for. Default `file`. */
  role?: string;
}
