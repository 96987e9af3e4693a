//! The port behind which a database holds the log.
//!
//! [`Store`](crate::Store) prepares events, bounds what waits and knows the artifacts; a backend keeps the
//! log. It opens with the writer's end of the queue and with the watches: its writer takes requests
//! ([`Work`](crate::work::Work)) from the one, commits many at once, then answers them and publishes the new
//! heads through the other. Everything else it is asked through [`LogStore`]. What a backend has to do beyond
//! the signatures is the conformance suite.

use std::collections::BTreeMap;
use std::ops::Range;

use async_trait::async_trait;
use gauntlet_model::{
    Backup, EffectSet, EpisodeId, EventId, Kind, ListView, Monitor, ProjectAlert, Record, RunId, RunSummary,
    Timestamp, WebhookFailure,
};
use tokio::sync::mpsc;

use gauntlet_vault::StoredKey;

use crate::{
    DueCall, Excerpt, InEpisode, Leases, MonitorProgress, MonitoredRun, OriginSession, Page, PendingCommand,
    RunGroup, RunQuery, SealingRun, SearchPage, SearchQuery, Slice, SnapshotFilter, StaleRun, StepCounts,
    StepEvents, StepPart, StepPlace, StepRow, StoreError,
};
use crate::{DumpMoment, EventLines, TableRows};

/// Which events of a run to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadQuery<'a> {
    pub run: &'a RunId,
    /// The sequence number after which to begin; `None`: at the first event.
    pub after: Option<u64>,
    /// Most events.
    pub limit: u32,
    /// Only of these kinds.
    pub kinds: Option<&'a [Kind]>,
    pub episode: InEpisode<'a>,
    /// Bytes of bodies after which the slice ends early.
    pub max_bytes: usize,
    /// Whether a body that breaks the rules of events is replaced by a `gap`; else the caller finds it.
    pub is_checked: bool,
}

/// Which scored snapshots of a run to list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepQuery<'a> {
    pub run: &'a RunId,
    /// Step and sequence number of the last row seen.
    pub after: Option<(u64, u64)>,
    /// Most rows.
    pub limit: u32,
    pub failing: SnapshotFilter,
    pub episode: InEpisode<'a>,
}

/// Which events of a step to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepPartQuery<'a> {
    pub run: &'a RunId,
    pub step: u64,
    pub episode: InEpisode<'a>,
    /// The event behind which to begin; `None`: at the first one.
    pub after: Option<StepPlace>,
    /// Most events.
    pub limit: u32,
    /// Bytes of bodies after which the part ends.
    pub max_bytes: usize,
}

/// Of which episodes of a step to count the events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepCountsQuery<'a> {
    pub run: &'a RunId,
    pub step: u64,
    pub episode: InEpisode<'a>,
    /// Sequence number of the first event of the first episode that is listed.
    pub begins: u64,
    /// Most episodes that are listed.
    pub limit: u32,
}

/// Which events of a step to read, beside its scored snapshots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepEventsQuery<'a> {
    pub run: &'a RunId,
    pub step: u64,
    /// The episode whose events are read with those of none.
    pub episode: Option<&'a EpisodeId>,
    /// The sequence number after which to begin; `None`: at the first event.
    pub after: Option<u64>,
    /// Most events.
    pub limit: u32,
}

/// The log in a database. Reads see what was committed before they began, and never wait for the writer. The
/// methods of [`Store`](crate::Store) of the same names describe what each returns.
#[async_trait]
pub(crate) trait LogStore: Send + Sync {
    /// One run; `None` where there is none of that id.
    async fn run(&self, id: &RunId) -> Result<Option<RunSummary>, StoreError>;

    /// One page of runs.
    async fn runs(&self, query: &RunQuery) -> Result<Page, StoreError>;

    /// The number of runs that a query finds, on all its pages.
    async fn count_runs(&self, query: &RunQuery) -> Result<u64, StoreError>;

    /// The groups of a list, at most `limit`, in the order of their values; none where it has no groups.
    async fn run_groups(&self, query: &RunQuery, limit: usize) -> Result<Vec<RunGroup>, StoreError>;

    /// The sparklines of runs, in their order.
    async fn sparklines(&self, runs: &[RunId]) -> Result<Vec<Vec<f64>>, StoreError>;

    /// Every API key, the newest first.
    async fn api_keys(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// The list of backups, the newest first.
    async fn backups(&self) -> Result<Vec<Backup>, StoreError>;

    /// The named lists of a project, by name.
    async fn list_views(&self, project: &str) -> Result<Vec<ListView>, StoreError>;

    /// The runs whose projection is behind their log.
    async fn stale_runs(&self) -> Result<Vec<StaleRun>, StoreError>;

    /// The keys of configurations and the paths with values of a project, or of all projects.
    async fn run_columns(
        &self,
        project: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<String>, Vec<String>), StoreError>;

    /// Whether a run of that id was deleted and not created since.
    async fn is_gone(&self, run: &RunId) -> Result<bool, StoreError>;

    /// Events in the run's log; `None` where there is no such run.
    async fn head(&self, run: &RunId) -> Result<Option<u64>, StoreError>;

    /// A stretch of the run's log.
    async fn read(&self, query: ReadQuery<'_>) -> Result<Slice, StoreError>;

    /// Both ends of an episode.
    async fn excerpt(
        &self,
        run: &RunId,
        episode: &EpisodeId,
        seqs: Range<u64>,
        ends: (u32, u32),
    ) -> Result<Excerpt, StoreError>;

    /// A part of the events of one step.
    async fn step_part(&self, query: StepPartQuery<'_>) -> Result<StepPart, StoreError>;

    /// How many events a step has, and of which episodes.
    async fn step_counts(&self, query: StepCountsQuery<'_>) -> Result<StepCounts, StoreError>;

    /// The events at some sequence numbers, as far as `max_bytes` go, and how many numbers were read.
    async fn at_seqs(
        &self,
        run: &RunId,
        seqs: &[u64],
        max_bytes: usize,
    ) -> Result<(Vec<Record>, usize), StoreError>;

    /// A part of the events of one step beside its scored snapshots.
    async fn step_events(&self, query: StepEventsQuery<'_>) -> Result<StepEvents, StoreError>;

    /// A list of scored snapshots.
    async fn steps(&self, query: StepQuery<'_>) -> Result<Vec<StepRow>, StoreError>;

    /// Which of these events the run's log has, with their steps.
    async fn find(&self, run: &RunId, ids: &[EventId]) -> Result<Vec<(EventId, Option<u64>)>, StoreError>;

    /// The greatest step of the run's log.
    async fn last_step(&self, run: &RunId) -> Result<Option<u64>, StoreError>;

    /// What was recorded and scored at these steps of episodes.
    async fn history(&self, run: &RunId, places: &[(u64, EpisodeId)]) -> Result<Vec<Record>, StoreError>;

    /// Which runs' logs have these `episode.started` events.
    async fn starting(&self, ids: &[EventId]) -> Result<Vec<(EventId, RunId)>, StoreError>;

    /// Every run with a scored snapshot.
    async fn sessions(&self) -> Result<Vec<OriginSession>, StoreError>;

    /// The newest run of a task and a sort of run.
    async fn newest_of_task(&self, task_id: &str, run_type: &str) -> Result<Option<RunId>, StoreError>;

    /// A sealed film chunk.
    async fn chunk(&self, run: &RunId, level: u8, chunk: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// The runs with at least so many events, with how far they are sealed.
    async fn sealing(&self, events: u64) -> Result<Vec<SealingRun>, StoreError>;

    /// The outline of a run's sealed chunks.
    async fn outline(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError>;

    /// For how many events of a run the overview is stored.
    async fn overview_end(&self, run: &RunId) -> Result<u64, StoreError>;

    /// The effects of a project.
    async fn effects(&self, project: &str) -> Result<EffectSet, StoreError>;

    /// The run's commands that nobody has acknowledged.
    async fn pending_commands(&self, run: &RunId) -> Result<Vec<PendingCommand>, StoreError>;

    /// The monitors of a project, or of all projects.
    async fn monitors(&self, project: Option<&str>) -> Result<Vec<Monitor>, StoreError>;

    /// The runs that monitors watch.
    async fn monitored_runs(&self) -> Result<Vec<MonitoredRun>, StoreError>;

    /// How far each run was watched.
    async fn monitor_progress(&self) -> Result<Vec<MonitorProgress>, StoreError>;

    /// The newest alerts of a project's runs, the newest first.
    async fn alerts(&self, project: &str, limit: u32) -> Result<Vec<ProjectAlert>, StoreError>;

    /// Queued calls of webhooks whose time has come.
    async fn due_calls(&self, now: Timestamp, limit: u32) -> Result<Vec<DueCall>, StoreError>;

    /// The last failure of the webhook of each monitor of a project, by the name of the monitor.
    async fn call_failures(&self, project: &str) -> Result<BTreeMap<String, WebhookFailure>, StoreError>;

    /// Whether a sweep of overdue writers has anything to do.
    async fn is_sweep_due(&self, now: Timestamp, since: Timestamp) -> Result<bool, StoreError>;

    /// One page of what the texts of the log hold.
    async fn search(&self, query: &SearchQuery) -> Result<SearchPage, StoreError>;

    /// Every table but the events, at one moment.
    async fn dump_tables(&self, sink: mpsc::Sender<TableRows>) -> Result<DumpMoment, StoreError>;

    /// The number of the last migration of the schema.
    async fn dump_schema(&self) -> Result<i64, StoreError>;

    /// Some of the events of a run, from the first of `seqs`.
    async fn dump_events(&self, run_no: i64, seqs: Range<u64>) -> Result<EventLines, StoreError>;

    /// The ids of the events in these places.
    async fn dump_ids(&self, places: &[(i64, u64)]) -> Result<Vec<Option<String>>, StoreError>;

    /// Fails where what is written now would be lost although it is acknowledged.
    async fn check(&self) -> Result<(), StoreError>;

    /// Notes the id of the folder in which this server keeps artifacts; a conflict where another server of
    /// the database has another one.
    async fn share_artifacts(&self, folder: &str) -> Result<(), StoreError>;

    /// The leases of this server.
    fn leases(&self) -> Leases;

    /// Waits until the writer has done all that was asked, and leaves the database in one file. The queue is
    /// closed already.
    async fn close(&self);
}
