//! What the store is asked with and answers with, beyond the model's own types.

use gauntlet_model::{
    CommandIssued, EpisodeId, FailureKind, FieldError, Object, Record, RunId, RunSummary, Status, Timestamp,
};
use serde::Serialize;

/// What came of creating a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The run as it stands.
    pub run: RunSummary,
    /// Whether it was created now; `false` where it existed with the same content.
    pub new: bool,
}

/// What came of appending events. Durable when it is returned.
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

/// What a list of runs is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Newest first. Pages stay stable while runs are added.
    #[default]
    Created,
    /// Last changed first.
    Updated,
    /// By name, letter case ignored.
    Name,
    /// By project, letter case ignored.
    Project,
    /// By the word of the status.
    Status,
    /// Most scored steps first.
    Steps,
    /// Greatest share of failing steps first; runs without scored steps last.
    Failing,
    /// Greatest mean root score first; runs without one last.
    Mean,
}

impl Sort {
    /// All of them.
    pub const ALL: [Sort; 8] = [
        Sort::Created,
        Sort::Updated,
        Sort::Name,
        Sort::Project,
        Sort::Status,
        Sort::Steps,
        Sort::Failing,
        Sort::Mean,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Sort::Created => "created",
            Sort::Updated => "updated",
            Sort::Name => "name",
            Sort::Project => "project",
            Sort::Status => "status",
            Sort::Steps => "steps",
            Sort::Failing => "failing",
            Sort::Mean => "mean",
        }
    }
}

/// How a list of runs is ordered. On the wire the word of its sort, with `-` in front where it is reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    /// What it is ordered by.
    pub sort: Sort,
    /// Whether the order of the sort is reversed.
    pub is_reversed: bool,
}

impl From<Sort> for Order {
    fn from(sort: Sort) -> Self {
        Self { sort, is_reversed: false }
    }
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.is_reversed { "-" } else { "" }, self.sort.as_str())
    }
}

impl std::str::FromStr for Order {
    type Err = FieldError;
    fn from_str(word: &str) -> Result<Self, FieldError> {
        let (is_reversed, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
        let sort = Sort::ALL.into_iter().find(|sort| sort.as_str() == name);
        sort.map(|sort| Self { sort, is_reversed }).ok_or_else(|| {
            let all = Sort::ALL.map(Sort::as_str).join(", ");
            FieldError::new("sort", format!("{word:?} is not one of {all}; - in front reverses the order"))
        })
    }
}

/// Which runs to list. All conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunQuery {
    /// Where to go on, from [`Page::next_cursor`].
    pub cursor: Option<String>,
    /// Most runs on the page, 1 to 1000.
    pub limit: u32,
    /// Runs of this project.
    pub project: Option<String>,
    /// Runs that stand so.
    pub status: Option<Status>,
    /// Runs that have each of these words in their id, name, project, task, agent, tags or notes, wherever,
    /// letter case (of ASCII) ignored.
    pub q: Option<String>,
    /// Runs that carry this label.
    pub tag: Option<String>,
    /// In which order.
    pub order: Order,
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
            order: Order::default(),
        }
    }
}

/// One page of a list of runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    /// The runs.
    pub items: Vec<RunSummary>,
    /// What to pass as [`RunQuery::cursor`] for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// Which scored snapshots to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Failing {
    /// All of them.
    #[default]
    AnyOrNone,
    /// Those that fail in any way.
    Any,
    /// Those whose gravest failure is this.
    Kind(FailureKind),
}

/// One scored snapshot, without its text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepRow {
    /// Its step.
    pub step: u64,
    /// Where it lies in the log.
    pub seq: u64,
    /// Its episode.
    pub episode: Option<EpisodeId>,
    /// Its root score, where that was evaluated.
    pub root: Option<f64>,
    /// Its gravest failure.
    pub failure: Option<FailureKind>,
}

/// A command no training side has acknowledged yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PendingCommand {
    /// Where it lies in the log: commands are obeyed in this order.
    pub seq: u64,
    /// When the server received it.
    pub issued_at: Timestamp,
    /// What to do.
    #[serde(flatten)]
    pub command: CommandIssued,
}

/// A run as the origin's hub lists sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The run.
    pub run: RunId,
    /// Metadata of its last snapshot by step number.
    pub metadata: Object,
    /// Scored snapshots.
    pub steps: u64,
}
