//! Appending to a run's log and reading it.

use std::sync::Arc;

use gauntlet_model::{EpisodeId, Event, FailureRules, Kind, Record, RunId, RunSpec, Timestamp};

use crate::log_store::{ReadQuery, StepCountsQuery, StepEventsQuery, StepPartQuery, StepQuery};
use crate::reply::Reply;
use crate::row::{Labels, Row};
use crate::runs::new_run;
use crate::work::LogWork;
use crate::{
    Appended, InEpisode, OriginSession, Slice, SnapshotFilter, StepCounts, StepEvents, StepPart, StepPlace,
    StepRow, Store, StoreError,
};

/// Bytes of bodies after which a slice ends early: the reader continues from there.
const SLICE_BYTES: usize = 8 << 20;

impl Store {
    /// Appends events in their order, all or none; returns once they are durable. Events whose id the run has
    /// already are counted and passed over. [`StoreError::Busy`] at once where the queue is full.
    pub async fn append(
        &self,
        run: &RunId,
        events: Vec<Event>,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        self.refer(run, &events)?;
        let rows = events.iter().map(|e| Arc::new(Row::of(e))).collect();
        drop(events);
        let (reply, answer) = Reply::new();
        let appended = self.ask(LogWork::Append { run: run.clone(), rows, now, reply }, answer).await;
        self.count_repeated(appended)
    }

    /// Appends a snapshot an origin client posted. Its run is created at first sight, named by its id, of the
    /// kind its metadata calls `run_type`. The step identifies the snapshot: the same one again appends
    /// nothing, a changed one replaces what is shown of the step, and both stay in the log.
    pub async fn append_origin(
        &self,
        run: &RunId,
        event: Event,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        let row = Arc::new(Row::of_origin(&event));
        if row.step.is_none() {
            return Err(StoreError::invalid("step", "is missing; a snapshot is identified by it"));
        }
        let Labels { task_id, run_type } = &row.labels;
        let spec = RunSpec {
            kind: run_type.as_deref().map(str::to_owned),
            task: task_id.as_deref().map(str::to_owned),
            // The hub's clients are those of the medical environment.
            rules: FailureRules::Dipg,
            ..RunSpec::named(run.as_str())
        };
        let new = new_run(spec, run, now)?;
        let (reply, answer) = Reply::new();
        let appended = self.ask(LogWork::Origin { run: new, rows: [row], now, reply }, answer).await;
        self.count_repeated(appended)
    }

    fn count_repeated(&self, appended: Result<Appended, StoreError>) -> Result<Appended, StoreError> {
        appended.inspect(|appended| _ = self.counts().repeated.inc_by(appended.duplicates))
    }

    /// At most `limit` events past the sequence number `after` (from the first where it is `None`), only of
    /// `kinds` where given. Ends early after about 8 MiB; go on from [`Slice::next_after`].
    pub async fn read(
        &self,
        run: &RunId,
        after: Option<u64>,
        limit: u32,
        kinds: Option<&[Kind]>,
    ) -> Result<Slice, StoreError> {
        self.read_episode(run, after, limit, kinds, InEpisode::Any).await
    }

    /// As [`Store::read`], of every kind, and ending early after about `bytes` of bodies.
    pub async fn read_within(
        &self,
        run: &RunId,
        after: Option<u64>,
        limit: u32,
        bytes: usize,
    ) -> Result<Slice, StoreError> {
        let max_bytes = bytes.min(SLICE_BYTES);
        let episode = InEpisode::Any;
        let query = ReadQuery { run, after, limit, kinds: None, episode, max_bytes, is_checked: true };
        self.log().read(query).await
    }

    /// As [`Store::read`], only of one episode where one is named.
    pub async fn read_episode(
        &self,
        run: &RunId,
        after: Option<u64>,
        limit: u32,
        kinds: Option<&[Kind]>,
        episode: InEpisode<'_>,
    ) -> Result<Slice, StoreError> {
        let max_bytes = SLICE_BYTES;
        self.log().read(ReadQuery { run, after, limit, kinds, episode, max_bytes, is_checked: true }).await
    }

    /// As [`Store::read`], for callers that read every body: bodies are as they are stored, and one that
    /// breaks the rules of events is found when it is read, once instead of twice.
    pub async fn read_unchecked(
        &self,
        run: &RunId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Slice, StoreError> {
        let (kinds, episode, max_bytes) = (None, InEpisode::Any, SLICE_BYTES);
        self.log().read(ReadQuery { run, after, limit, kinds, episode, max_bytes, is_checked: false }).await
    }

    /// Events in the run's log, which is the sequence number the next one gets; `None` where there is no such
    /// run.
    pub async fn head(&self, run: &RunId) -> Result<Option<u64>, StoreError> {
        self.log().head(run).await
    }

    /// At most `limit` events of one step, of the episodes asked for, behind a place: those of one episode,
    /// then those of the next. Ends early once bodies are large.
    pub async fn step_part(
        &self,
        run: &RunId,
        step: u64,
        episode: InEpisode<'_>,
        after: Option<StepPlace>,
        limit: u32,
    ) -> Result<StepPart, StoreError> {
        let max_bytes = SLICE_BYTES;
        self.log().step_part(StepPartQuery { run, step, episode, after, limit, max_bytes }).await
    }

    /// How many events a step has, and of which episodes: at most `limit` of these, from the one on whose
    /// first event of the step has the sequence number `begins`, as a [`StepPart`] names it.
    pub async fn step_counts(
        &self,
        run: &RunId,
        step: u64,
        episode: InEpisode<'_>,
        begins: u64,
        limit: u32,
    ) -> Result<StepCounts, StoreError> {
        self.log().step_counts(StepCountsQuery { run, step, episode, begins, limit }).await
    }

    /// The events at these sequence numbers, in that order, and how many of the numbers were read: reading
    /// ends early after about `bytes` of bodies. One that is missing is passed over.
    pub async fn at_seqs(
        &self,
        run: &RunId,
        seqs: &[u64],
        bytes: usize,
    ) -> Result<(Vec<Record>, usize), StoreError> {
        self.log().at_seqs(run, seqs, bytes).await
    }

    /// At most `limit` events of one step beside its scored snapshots, after a sequence number: those
    /// without an episode and those of `episode`, whose recorded steps are left out.
    pub async fn step_events(
        &self,
        run: &RunId,
        step: u64,
        episode: Option<&EpisodeId>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<StepEvents, StoreError> {
        self.log().step_events(StepEventsQuery { run, step, episode, after, limit }).await
    }

    /// At most `limit` scored snapshots, of the episodes asked for, by step, then by sequence number, after
    /// the step and sequence number of the last row seen.
    pub async fn steps(
        &self,
        run: &RunId,
        after: Option<(u64, u64)>,
        limit: u32,
        failing: SnapshotFilter,
        episode: InEpisode<'_>,
    ) -> Result<Vec<StepRow>, StoreError> {
        self.log().steps(StepQuery { run, after, limit, failing, episode }).await
    }

    /// Every run with a scored snapshot, the oldest first, with the metadata of its last step.
    pub async fn sessions(&self) -> Result<Vec<OriginSession>, StoreError> {
        self.log().sessions().await
    }

    /// The newest run whose metadata, or whose snapshots' metadata, first named this `task_id` and
    /// `run_type`.
    pub async fn newest_of_task(&self, task_id: &str, run_type: &str) -> Result<Option<RunId>, StoreError> {
        self.log().newest_of_task(task_id, run_type).await
    }
}
