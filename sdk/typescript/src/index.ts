// The SDK of Gauntlet: log runs, call the API, follow a run live, read its film.

export { init } from "./run/init.js";
export type { InitOptions, Mode, Spools } from "./run/settings.js";
export { Run } from "./run/run.js";
export type { AlertOptions, ArtifactOptions, Place, Rollout, ScoreOptions } from "./run/inputs.js";
export { Episode } from "./run/episode.js";
export { Stopped, type CheckpointOptions, type Outcome } from "./run/control.js";
export type { EpisodeEnd, EpisodeOptions, Recorded } from "./run/episode.js";
export type { Loss, Refused, RunStats } from "./run/ledger.js";
export type { Spool } from "./run/fifo.js";
export type { Value, Values, ValuesOf } from "./run/values.js";

export { Client } from "./client/client.js";
export { GauntletError, type Detail } from "./client/errors.js";
export type { ClientOptions } from "./client/http.js";
export type { ReadOptions } from "./client/events.js";
export type { StepQuery } from "./client/steps.js";
export type { Bytes } from "./client/files.js";
export type {
  Appended,
  ArtifactRow,
  Command,
  Comparison,
  Correlations,
  EpisodeRow,
  FailureRule,
  FailureRules,
  GroupHistory,
  Imported,
  ListedRun,
  Manifest,
  Page,
  Run as RunInfo,
  RunColumns,
  RunPatch,
  RunQuery,
  RuleInForce,
  RunSpec,
  SearchHit,
  SearchQuery,
  Series,
  SeriesBatch,
  SeriesRequest,
  StepEvents,
  StepGroups,
  StepRow,
  TaskComparison,
} from "./client/types.js";

export type { LiveOptions } from "./live/live.js";

export { Film, type FilmStep } from "./film/film.js";
export type { Measurement } from "./film/measurements.js";
export { decodeFacts } from "./film/codec.js";
export { CodecError } from "./film/input.js";
export { factOf, type ChallengeFact, type Fact, type FactBody } from "./film/fact.js";
export { judge } from "./film/rules.js";
export type { FilmOptions } from "./film/reader.js";
export type { Point } from "./film/series.js";
export type { Alert, Answer, FilmCommand, DroppedEvents, Note, FilmRunInfo } from "./film/state.js";

export { KINDS } from "./wire/events.js";
export type {
  Action,
  Bodies,
  Challenge,
  Event,
  EventOf,
  FailureKind,
  FinalStatus,
  Kind,
  Scores,
  Severity,
  Status,
  StepError,
  StepKind,
  StoredEvent,
} from "./wire/events.js";
export type { JsonObject } from "./wire/json.js";
export { uuidv7 } from "./wire/ids.js";
