// Requests and answers of the API, except events: names for the generated types of schema.ts.

import type { FinalStatus, StoredEvent } from "../wire/events.js";
import type { JsonObject } from "../wire/json.js";
import type { components, operations } from "./schema.js";

type Schemas = components["schemas"];

/** The parameters of the query of an operation, without the cursor: pages are fetched on demand. */
type QueryOf<O extends { parameters: { query?: unknown } }> = Omit<
  NonNullable<O["parameters"]["query"]>,
  "cursor"
>;

/**
 * A rule that steps are judged by: the medical rules, or a bound of the root. Declared failures fail under
 * each.
 */
export type FailureRule = Schemas["FailureRule"];

/** Which steps fail, as it is asked for; `auto` takes the rule that fits the run's scores. */
export type FailureRules = Schemas["FailureRules"];

/** The rule in force, as data and as a sentence. */
export type RuleInForce = Schemas["RuleInForce"];

/** What creates a run. The same id with the same content is the same run. */
export type RunSpec = Schemas["RunSpec"];

/** A run as the server has it. */
export type Run = Schemas["RunSummary"];

/** A run of a list, with the columns that were asked for. */
export type ListedRun = Schemas["ListedRun"];

/** What runs can be listed by: fields, keys of configurations, paths with values. */
export type RunColumns = Schemas["RunColumns"];

/** How a process that writes a run ended. */
export interface WriterEnd {
  status: FinalStatus;
  exit_code?: number;
  summary?: JsonObject;
}

/** The report of a process that writes a run. */
export type WriterReport = Schemas["WriterReport"];

/** The answer to the report of a writer. */
export type WriterAnswer = Schemas["WriterAnswer"];

/** A change of a run; absent fields stay as they are. */
export type RunPatch = Schemas["RunPatch"];

/** Filters of a list of runs, and how many a page has. */
export type RunQuery = QueryOf<operations["get_runs"]>;

/** One page, and the cursor of the next. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** The result of appending events. */
export type Appended = Schemas["AppendOutcome"];

/** A part of a log. */
export type EventPage = Omit<Schemas["EventPage"], "events"> & { events: StoredEvent[] };

/** A scored step in a list. */
export type StepRow = Schemas["StepRow"];

/** The events of one step, and how many of them each episode has. */
export type StepEvents = Omit<Schemas["StepDetails"], "events"> & { events: StoredEvent[] };

/** The scores of a rubric by step. */
export type Series = Schemas["Series"];

/** Which histories of which runs; only `runs` has to be there. */
export type SeriesRequest = Pick<Schemas["SeriesRequest"], "runs"> & Partial<Schemas["SeriesRequest"]>;

/** Histories of several runs by step, in columns. */
export type SeriesBatch = Schemas["SeriesBatch"];

/** Several runs side by side. */
export type Comparison = Schemas["Comparison"];

/** Two runs by the tasks that both attempt. */
export type TaskComparison = Schemas["TaskComparison"];

/** The groups of a run over its steps, in columns. */
export type GroupHistory = Schemas["GroupHistory"];

/** The groups of one step, each with its rollouts. */
export type StepGroups = Schemas["StepGroups"];

/** Which rubrics of a run rise and fall together, as a matrix. */
export type Correlations = Schemas["Correlations"];

/** Summary of an episode: one rollout on one task. */
export type EpisodeRow = Schemas["Episode"];

/** One artifact of a run. */
export type ArtifactRow = Schemas["Artifact"];

/** What the film of a run consists of. */
export type Manifest = Schemas["FilmManifest"];

/** A command to the training side. */
export type Command = Schemas["PendingCommand"];

/** The result of an import. */
export type Imported = Schemas["Imported"];

/** Query and filters of a search, and how many hits a page has. */
export type SearchQuery = { q: string } & QueryOf<operations["get_search"]>;

/** An event that matches, with the current scores of its step. */
export type SearchHit = Schemas["SearchHit"];
