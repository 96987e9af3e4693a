// The numbers of enum values in a chunk. A number is never reused for another value.

import { FAILURES, type Action, type FailureKind, type Status, type StepKind } from "../wire/events.js";
import type { FactBody } from "./fact.js";

export const FACT_KINDS: readonly FactBody["what"][] = [
  "scored",
  "added",
  "run_started",
  "status",
  "episode_started",
  "episode_finished",
  "recorded",
  "command",
  "applied",
  "answered",
  "note",
  "artifact",
  "gap",
  "alert",
  "other",
];
export const STATUSES: readonly Status[] = [
  "pending",
  "running",
  "paused",
  "completed",
  "failed",
  "timed_out",
  "cancelled",
];
export const FAILURE_CODES: readonly FailureKind[] = FAILURES;
export const STEP_KINDS: readonly StepKind[] = [
  "thought",
  "tool_call",
  "tool_result",
  "observation",
  "error",
  "plan_update",
  "message",
  "handoff",
  "decision",
  "reward",
  "tick",
];
export const ACTIONS: readonly Action[] = ["pause", "resume", "tweak", "answer", "stop"];
