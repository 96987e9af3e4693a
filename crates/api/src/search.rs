//! Search in the texts of every event.

use gauntlet_model::{EpisodeId, FailureKind, Kind, RunId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::page::non_empty;
use crate::{Limit, Page};

/// What to search for. All conditions must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// What to look for; empty: every event, newest first.
    #[serde(default)]
    pub q: String,
    /// Only this project's.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only this run's.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Only steps that fail: `any`, a kind of failure, or a rubric path.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub failing: Option<String>,
    /// Most items on the page.
    #[serde(default)]
    pub limit: Limit<20, 200>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of what was found, and how far the index is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchPage {
    /// The results, best first.
    #[serde(flatten)]
    pub page: Page<SearchHit>,
    /// Whether more events match than are ranked: then no page shows the rest, and a narrower search does.
    pub more: bool,
    /// Whether every event of the log is in the index.
    pub complete: bool,
    /// Where it is not: everything received before this is.
    pub indexed_up_to: Option<Timestamp>,
    /// Events that are not indexed yet.
    pub waiting: u64,
}

/// One event that was found, with the scores of its step that count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchHit {
    /// Its run.
    pub run: RunId,
    /// Its run's name.
    pub run_name: String,
    /// Its run's project.
    pub project: String,
    /// Its sequence number.
    pub seq: u64,
    /// The producer's time.
    pub at: Timestamp,
    /// Its kind.
    pub kind: Kind,
    /// Its episode, if any.
    pub episode: Option<EpisodeId>,
    /// Its step, if any.
    pub step: Option<u64>,
    /// Root score of its step, where that was evaluated.
    pub root: Option<f64>,
    /// The most severe failure of its step.
    pub failure: Option<FailureKind>,
    /// The scores of its snapshot that fail.
    pub failing: Vec<FailingScore>,
    /// The failures that the producer declared.
    pub declared: Vec<FailureKind>,
    /// The field the snippet is from; null where the event holds no text.
    pub field: Option<String>,
    /// A short part of that field's text.
    pub snippet: Vec<SnippetPart>,
    /// How well it matches: greater is better, comparable within one search only. Null where `q` is empty.
    pub rank: Option<f64>,
}

/// A score that fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailingScore {
    /// Its rubric.
    pub path: String,
    /// The score.
    pub value: f64,
    /// How it fails.
    pub failure: FailureKind,
}

/// A part of a snippet. Nothing in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SnippetPart {
    /// The text.
    pub text: String,
    /// Whether it matches what was looked for.
    pub hit: bool,
}
