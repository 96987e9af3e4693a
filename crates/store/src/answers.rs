//! What the store is asked with and answers with, beyond the model's own types.

use gauntlet_model::{
    CommandIssued, EpisodeId, FailureKind, Object, Record, RunId, RunSummary, Status, Timestamp,
};
use serde::Serialize;
use serde_json::Value;

use crate::{Conditions, Order, RunColumn};

/// The outcome of creating a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The run in its current state.
    pub run: RunSummary,
    /// Whether it was created now; `false` where it existed with the same content.
    pub new: bool,
}

/// The outcome of appending events. Durable when it is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Appended {
    /// Events appended now.
    pub accepted: u64,
    /// Events that were in the log already, or came twice in the batch.
    pub duplicates: u64,
    /// Sequence number of the first event appended now.
    pub first_seq: Option<u64>,
    /// Sequence number of the last event appended now.
    pub last_seq: Option<u64>,
}

/// A stretch of a run's log.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// The events, by sequence number.
    pub records: Vec<Record>,
    /// Events in the whole log when it was read; one past the last sequence number.
    pub head: u64,
    /// Sequence number of the last event looked at, whether returned or passed over by the filter: what to
    /// read after next time. It is `head - 1` where the end was reached; `None` where nothing was looked at
    /// yet.
    pub next_after: Option<u64>,
}

/// Both ends of a stretch of an episode.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Excerpt {
    /// Its first events.
    pub first: Vec<Record>,
    /// Events between the two ends.
    pub skipped: u64,
    /// Its last events.
    pub last: Vec<Record>,
}

/// A part of what belongs to a step beside its scored snapshots.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepEvents {
    /// Events without an episode and those of the episode that was asked for, by sequence number, without
    /// scored snapshots and without the recorded steps of the episode.
    pub events: Vec<Record>,
    /// All of these, whether in this part or not.
    pub total: u64,
    /// The step's scored snapshots, of every episode.
    pub snapshots: u64,
}

/// A part of the events of a step: those of one episode, then those of the next, in the order of their first
/// events.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepPart {
    /// The events.
    pub events: Vec<Record>,
    /// Sequence number of the first event of the step in the episode that this part begins in.
    pub begins: Option<u64>,
    /// Where the next part begins; `None` at the end.
    pub next: Option<StepPlace>,
}

/// How many events a step has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepCounts {
    /// Its events, of the episodes asked for.
    pub events: u64,
    /// Episodes that these belong to; none counts as one.
    pub episodes: u64,
    /// Some of these episodes, each with its events of the step, in the order of their first events.
    pub listed: Vec<(Option<EpisodeId>, u64)>,
}

/// A place among the events of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepPlace {
    /// Sequence number of the first event of the step in the episode.
    pub episode: u64,
    /// Sequence number of the event.
    pub seq: u64,
}

/// Which episode's events or steps to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InEpisode<'a> {
    /// Those of every episode, and of none.
    #[default]
    Any,
    /// Those that belong to no episode.
    Without,
    /// Those of this one.
    Only(&'a EpisodeId),
}

impl<'a> InEpisode<'a> {
    /// What `episode IS` must hold in the database; `None` where everything is read.
    pub(crate) fn column(self) -> Option<Option<&'a str>> {
        match self {
            InEpisode::Any => None,
            InEpisode::Without => Some(None),
            InEpisode::Only(episode) => Some(Some(episode.as_str())),
        }
    }
}

/// Which runs to list. All conditions must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct RunQuery {
    /// Where to go on, from [`Page::next_cursor`].
    pub cursor: Option<String>,
    /// Most runs on the page, 1 to 1000.
    pub limit: u32,
    /// Runs of this project.
    pub project: Option<String>,
    /// Runs with this status.
    pub status: Option<Status>,
    /// Runs that have each of these words in their id, name, project, task, agent, tags or notes, wherever,
    /// letter case (of ASCII) ignored.
    pub q: Option<String>,
    /// Runs that carry this label.
    pub tag: Option<String>,
    /// Runs that fulfil these.
    pub filter: Conditions,
    /// The column whose values bring runs together, from the least value to the greatest; runs without one
    /// are last. [`RunColumn::can_group`] says which columns can.
    pub group: Option<RunColumn>,
    /// In which order, within each group.
    pub order: Order,
    /// The columns of [`Page::cells`].
    pub columns: Vec<RunColumn>,
}

impl Default for RunQuery {
    fn default() -> Self {
        Self {
            cursor: None,
            limit: 50,
            project: None,
            status: None,
            q: None,
            tag: None,
            filter: Conditions::default(),
            group: None,
            order: Order::default(),
            columns: Vec::new(),
        }
    }
}

/// One page of a list of runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    /// The runs.
    pub items: Vec<RunSummary>,
    /// Of each run the values of [`RunQuery::columns`]; null where it has none.
    pub cells: Vec<Vec<Value>>,
    /// Of each run the key of its group; empty where [`RunQuery::group`] is not set.
    pub groups: Vec<String>,
    /// What to pass as [`RunQuery::cursor`] for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// The runs of a list that share a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunGroup {
    /// Its key, as [`Page::groups`] has it.
    pub key: String,
    /// The value, as one of the runs has it; null for the runs without one.
    pub value: Value,
    /// The number of runs.
    pub runs: u64,
    /// Of each column the mean over the runs that have a value; `None` where none has, and of columns that
    /// hold no numbers.
    pub means: Vec<Option<f64>>,
}

/// Which scored snapshots to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SnapshotFilter {
    /// All of them.
    #[default]
    AnyOrNone,
    /// Those that fail in any way.
    Any,
    /// Those whose most severe failure is this.
    Kind(FailureKind),
}

/// One scored snapshot, without its text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepRow {
    /// Its step.
    pub step: u64,
    /// Its position in the log.
    pub seq: u64,
    /// Its episode.
    pub episode: Option<EpisodeId>,
    /// Its root score, where that was evaluated.
    pub root: Option<f64>,
    /// Its most severe failure.
    pub failure: Option<FailureKind>,
}

/// A command no training side has acknowledged yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PendingCommand {
    /// Its position in the log: commands are obeyed in this order.
    pub seq: u64,
    /// When the server received it.
    pub issued_at: Timestamp,
    /// What to do.
    #[serde(flatten)]
    pub command: CommandIssued,
}

/// A run as the origin's hub lists sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct OriginSession {
    /// The run.
    pub run: RunId,
    /// Metadata of its last snapshot by step number.
    pub metadata: Object,
    /// Scored snapshots.
    pub steps: u64,
}
