//! The query of a search, and what it answers.

use gauntlet_model::{EpisodeId, FailureKind, Kind, RunId, Timestamp};

use super::document::TextField;
use super::words::QuerySyntax;

/// What to search for. All conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// What was typed. Blank: every event the other conditions leave, newest first.
    pub q: String,
    /// How it is read.
    pub syntax: QuerySyntax,
    /// Events of runs of this project.
    pub project: Option<String>,
    /// Events of this run.
    pub run: Option<RunId>,
    /// Events of steps that fail in this way.
    pub failing: Option<FailureFilter>,
    /// Only scored snapshots.
    pub snapshots_only: bool,
    /// Most results on the page, 1 to 200.
    pub limit: u32,
    /// Where to go on, from [`SearchPage::next_cursor`].
    pub cursor: Option<String>,
}

impl SearchQuery {
    /// Asks for twenty results of a text, in which quotes and operators count, from all runs.
    pub fn new(q: impl Into<String>) -> Self {
        Self {
            q: q.into(),
            syntax: QuerySyntax::default(),
            project: None,
            run: None,
            failing: None,
            snapshots_only: false,
            limit: 20,
            cursor: None,
        }
    }
}

/// How a step must fail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FailureFilter {
    /// In any way.
    Any,
    /// By a failure of this kind, or by a rubric of this path (or whose path ends in it).
    By(String),
}

/// One page of what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    /// The results, best first.
    pub items: Vec<Hit>,
    /// What to pass as [`SearchQuery::cursor`] for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
    /// Whether there are more matches than are ranked. No page shows the rest; a narrower search does.
    pub more: bool,
    /// How far the index is.
    pub progress: Progress,
}

/// How far the index follows the log of the runs that were searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events (and renamed runs) not indexed yet.
    pub waiting: u64,
    /// When the oldest of them was received: everything received before is found. `None` where nothing waits.
    pub indexed_up_to: Option<Timestamp>,
}

/// One event that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its run.
    pub run: RunId,
    /// Its run's name.
    pub run_name: String,
    /// Its run's project.
    pub project: String,
    /// Its place in the run's log.
    pub seq: u64,
    /// When it happened, by the producer's clock.
    pub at: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// Its episode.
    pub episode: Option<EpisodeId>,
    /// Its step.
    pub step: Option<u64>,
    /// The scores of its step that count: its own, or those of the newest snapshot of its step and episode.
    pub judged: Option<Judged>,
    /// The field the snippet is from; `None` where the event holds no text.
    pub field: Option<TextField>,
    /// A short stretch of that field's text.
    pub snippet: Vec<Segment>,
    /// How well it matches: greater is better, comparable within one search only. `None` where nothing was
    /// typed.
    pub rank: Option<f64>,
}

/// The scores of a step, judged by the rule in force in its run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judged {
    /// Root score, where that was evaluated; later scores applied.
    pub root: Option<f64>,
    /// The most severe failure, later scores applied.
    pub failure: Option<FailureKind>,
    /// The scores that fail, later scores applied: path, score, failure.
    pub failing: Vec<(String, f64, FailureKind)>,
    /// Failures the producer declared.
    pub declared: Vec<FailureKind>,
}

impl Judged {
    /// Whether the step fails in the way that `filter` asks for.
    pub(crate) fn fails(&self, filter: &FailureFilter) -> bool {
        let FailureFilter::By(word) = filter else { return self.failure.is_some() };
        let by_path = |path: &str| {
            path.strip_suffix(word.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        self.failure.is_some_and(|failure| failure.as_str() == word)
            || self.failing.iter().any(|(path, _, failure)| failure.as_str() == word || by_path(path))
            || self.declared.iter().any(|failure| failure.as_str() == word)
    }
}

/// A stretch of text, marked where it is what was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The text, as it is: nothing in it is escaped for any format.
    pub text: String,
    /// Whether this is a match.
    pub hit: bool,
}
