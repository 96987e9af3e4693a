//! Requests, answers and errors of `/api/v1`, as plain data.
//!
//! The server reads and writes these types, the command line and the pages read them, and the OpenAPI
//! document, from which the TypeScript types are generated, is derived from them. Events, runs, writers
//! and monitors are types of [`gauntlet_model`]; they are used here as they are.
//!
//! Two kinds of reading have two shapes. A list answers a [`Page`]: `items`, and a `next_cursor` that is
//! passed as `cursor` to get the next one. A log is read by position: [`EventPage`] answers `next_after`, a
//! sequence number that is passed as `after`, and `head`, its length; the same position resumes the live
//! stream.

mod artifacts;
mod backups;
mod beside;
mod commands;
mod compare;
mod episodes;
mod error;
mod events;
mod evolution;
mod exports;
mod film;
mod groups;
mod imports;
mod inspect;
mod keys;
mod live;
mod monitors;
mod page;
mod prompts;
mod runs;
mod search;
mod series;
mod server;
mod sql;
mod steps;
mod views;

pub use artifacts::{Artifact, ArtifactListQuery};
pub use backups::BackupRequest;
pub use beside::{RubricPair, RubricReading};
pub use commands::{
    CommandAck, CommandAcked, CommandCreated, CommandQuery, CommandRequest, PendingCommand, PendingCommands,
};
pub use compare::{
    CompareQuery, Comparison, ConfigDifference, FailureCounts, Interval, PathComparison, PathSummary,
    SetupSummary,
};
pub use episodes::{Episode, EpisodeListQuery};
pub use error::{ErrorBody, ErrorDetail, ErrorInfo};
pub use events::{AppendOutcome, EpisodeFilter, EventPage, EventQuery};
pub use evolution::{Evolution, EvolutionOrder, EvolutionSide, EvolutionStep};
pub use exports::ExportQuery;
pub use film::{ChunkQuery, FilmManifest};
pub use groups::{
    CorrelationQuery, Correlations, Group, GroupHistory, GroupQuery, GroupRollout, StepGroups,
    TaskComparison, TaskDifference, TaskQuery, TaskResult,
};
pub use imports::{ImportAnnouncement, ImportPhase, ImportQuery, ImportStatus, Imported, SliceQuery};
pub use inspect::{
    ElidedRange, EpisodeTimeline, InspectedEvent, InspectedSnapshot, InspectedStep, RecordedError, SpanTime,
    TimelineEntry,
};
pub use keys::{CreatedKey, KeyRequest};
pub use live::{LiveFormat, LiveHello, LiveQuery};
pub use monitors::{ListedMonitor, MonitorFiring, MonitorRequest, MonitorTrial, ProjectTrial, RunTrial};
pub use page::{Bounded, Limit, Page};
pub use prompts::{PromptAttempt, PromptHistories, PromptHistory, PromptOutcome};
pub use runs::{ListedRun, RunColumns, RunColumnsQuery, RunDeleteQuery, RunListQuery};
pub use search::{FailingScore, SearchHit, SearchPage, SearchQuery, SnippetPart};
pub use series::{
    Series, SeriesAxis, SeriesBatch, SeriesColumns, SeriesPoint, SeriesQuery, SeriesRequest, SeriesRun,
};
pub use server::{Health, Readiness};
pub use sql::{SqlAnswer, SqlFormat, SqlRequest};
pub use steps::{StepDetails, StepEpisode, StepListQuery, StepQuery, StepRow};
pub use views::{ListViewQuery, ListViewRename, ListViewRequest};
