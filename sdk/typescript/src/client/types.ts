// Requests and answers of the API, except events.

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

/** A run as the server has it. */
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
  /** Which steps fail: as requested, and the rule in force. Absent from older servers. */
  rules?: FailureRules;
  failure_rule?: RuleInForce;
  /** The greatest step of anything scored or recorded; `null` before the first. */
  last_step?: number | null;
  /** The last contact of a writer, and whether it is too long ago; `null` once the run has ended. */
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

/** The report of a process that writes a run. */
export type WriterReport = { state: "running"; interval_secs?: number } | ({ state: "finished" } & WriterEnd);

/** The answer to the report of a writer. */
export interface WriterAnswer {
  status: Status;
  writers: { running: number; finished: number; lost: number };
}

/** A change of a run; absent fields stay as they are. */
export interface RunPatch {
  name?: string;
  tags?: string[];
  notes?: string;
  status?: Status;
  /** Every step is judged anew. */
  rules?: FailureRules;
}

/** Filters of a list of runs. */
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

/** One page, and the cursor of the next. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** The result of appending events. */
export interface Appended {
  accepted: number;
  /** Events that were in the log already, by their ids. */
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

/** The scores of a rubric by step. */
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

/** The result of an import. */
export interface Imported {
  run: string;
  name: string;
  steps: number;
  episodes: number;
  warnings: string[];
}

/** Query and filters of a search. */
export interface SearchQuery {
  q: string;
  project?: string;
  run?: string;
  /** `any`, a failure kind, or a rubric path. */
  failing?: string;
  /** Hits a page. */
  limit?: number;
}

/** An event that matches, with the current scores of its step. */
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
  /** The field that matched, and an excerpt of it with the matches marked. Not escaped for HTML. */
  field: string | null;
  snippet: { text: string; hit: boolean }[];
  /** Greater is better; comparable within one search only. */
  rank: number | null;
}
