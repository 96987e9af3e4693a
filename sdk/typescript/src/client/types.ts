// What the API takes and answers, beside events.

import type { Action, FailureKind, FinalStatus, Kind, Status } from "../wire/events.js";
import type { JsonObject } from "../wire/json.js";

/**
 * A rule that steps are judged by: the medical rules, or a bound of the root. Declared failures fail under
 * each.
 */
export type FailureRule = "dipg" | { root_below: number };

/** Which steps fail, as it is asked for; `auto` takes the rule that fits the run's scores. */
export type FailureRules = "auto" | FailureRule;

/** The rule in force, as data and as a sentence. */
export interface RuleInForce {
  rule: FailureRule;
  text: string;
}

/** What creates a run. */
export interface RunSpec {
  /** Made by the server where none is named. The same id with the same content is the same run. */
  id?: string;
  name: string;
  /** Default `default`. */
  project?: string;
  /** What sort of run: `grpo`, `evaluation`, ... Default `training`. */
  kind?: string;
  agent?: string;
  task?: string;
  tags?: string[];
  config?: JsonObject;
  metadata?: JsonObject;
  /** Default `auto`. */
  rules?: FailureRules;
}

/** A run as the server keeps it. */
export interface Run {
  id: string;
  name: string;
  project: string;
  kind: string;
  agent: string | null;
  task: string | null;
  tags: string[];
  notes: string;
  config: JsonObject;
  metadata: JsonObject;
  status: Status;
  created_at: string;
  updated_at: string;
  /** Events in its log; also the sequence number the next one gets. */
  head: number;
  /** Scored snapshots, episodes begun, snapshots that fail by the rule in force. */
  steps: number;
  episodes: number;
  failing: number;
  /** Which steps fail: as it was asked for, and the rule in force. Absent in what older servers say. */
  rules?: FailureRules;
  failure_rule?: RuleInForce;
  /** The greatest step of anything scored or recorded; `null` before the first. */
  last_step?: number | null;
  /**
   * When somebody who writes it was last heard of, and whether that is too long ago; `null` once it has
   * ended.
   */
  contact?: { last_at: string; lost: boolean } | null;
  last_root: number | null;
  mean_root: number | null;
}

/** How a process that writes a run ended. */
export interface WriterEnd {
  status: FinalStatus;
  exit_code?: number;
  summary?: JsonObject;
}

/** What a process that writes a run reports of itself. */
export type WriterReport = { state: "running"; interval_secs?: number } | ({ state: "finished" } & WriterEnd);

/** What a writer learns when it reports. */
export interface WriterAnswer {
  status: Status;
  writers: { running: number; finished: number; lost: number };
}

/** A change of what people wrote about a run; what is absent stays. */
export interface RunPatch {
  name?: string;
  tags?: string[];
  notes?: string;
  status?: Status;
  /** Every step is judged anew. */
  rules?: FailureRules;
}

/** What a list of runs can be narrowed by. */
export interface RunQuery {
  /** Text of the name. */
  q?: string;
  project?: string;
  status?: Status;
  tag?: string;
  sort?: string;
  /** Runs a page, 1 to 200. */
  limit?: number;
}

/** One page, and where the next begins. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** What became of a batch of events. */
export interface Appended {
  accepted: number;
  /** Already there under the same id. */
  duplicates: number;
  first_seq: number | null;
  last_seq: number | null;
}

/** A scored step in a list. */
export interface StepRow {
  step: number;
  seq: number;
  episode?: string | null;
  root: number | null;
  failure: FailureKind | null;
  /** The score of the path that was asked for, where one was. */
  value?: number | null;
}

/** A rubric's history. */
export interface Series {
  path: string;
  points: { step: number; value: number; failed: boolean }[];
  head: number;
}

/** A command to the training side. */
export interface Command {
  command_id: string;
  action: Action;
  parameters: JsonObject;
  author: string;
  issued_at: string;
}

/** What an import made. */
export interface Imported {
  run: string;
  name: string;
  steps: number;
  episodes: number;
  warnings: string[];
}

/** What a search can be narrowed by. */
export interface SearchQuery {
  q: string;
  project?: string;
  run?: string;
  /** `any`, a failure kind, or a rubric path. */
  failing?: string;
  /** Hits a page. */
  limit?: number;
}

/** An event that matches, with the scores of its step that count. */
export interface SearchHit {
  run: string;
  run_name: string;
  project: string;
  seq: number;
  at: string;
  kind: Kind;
  episode: string | null;
  step: number | null;
  root: number | null;
  failure: FailureKind | null;
  /** The scores that fail, and the failures that the producer named. */
  failing: { path: string; value: number; failure: FailureKind }[];
  declared: FailureKind[];
  /**
   * Which text matched, and a stretch of it, marked where it is what was looked for. Nothing in it is
   * escaped.
   */
  field: string | null;
  snippet: { text: string; hit: boolean }[];
  /** Greater is better; comparable within one search only. */
  rank: number | null;
}
