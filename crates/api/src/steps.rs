//! Steps: a list of the scored ones, and everything about one.

use gauntlet_model::{EpisodeId, FailureKind, Record};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::page::non_empty;
use crate::{EpisodeFilter, Limit};

/// Which scored steps to list. All conditions must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepListQuery {
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most items on the page.
    #[serde(default)]
    pub limit: Limit<1000, 10_000>,
    /// Only steps after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Only steps that fail: `any`, a kind of failure, or a rubric's path.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub failing: Option<String>,
    /// Only this episode's; empty: those that belong to none.
    #[serde(default, skip_serializing_if = "EpisodeFilter::is_any")]
    pub episode: EpisodeFilter,
}

/// One scored step of an episode, without its texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepRow {
    /// The step.
    pub step: u64,
    /// Sequence number of its snapshot.
    pub seq: u64,
    /// Its episode, if any.
    pub episode: Option<EpisodeId>,
    /// Its root score, where that was evaluated.
    pub root: Option<f64>,
    /// Its most severe failure.
    pub failure: Option<FailureKind>,
    /// Its score of the path that `failing` names, where it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

/// Which events of a step.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepQuery {
    /// `next_cursor` of the part before.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most events of the part; it ends earlier where their bodies are large.
    #[serde(default)]
    pub limit: Limit<1000, 10_000>,
    /// Only this episode's; empty: what belongs to none.
    #[serde(default, skip_serializing_if = "EpisodeFilter::is_any")]
    pub episode: EpisodeFilter,
}

/// What one step holds, by the part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepDetails {
    /// The step.
    pub step: u64,
    /// Events of the step, of the episodes asked for.
    pub total: u64,
    /// Episodes that these belong to; what belongs to none counts as one.
    pub episodes_total: u64,
    /// The episodes from the one on that `events` begin in, at most as many as events were asked for, each
    /// with its events of the step.
    pub episodes: Vec<StepEpisode>,
    /// Its events: those of one episode, then those of the next, in the order of their first ones. The
    /// expected answer of a challenge is left out.
    pub events: Vec<Record>,
    /// What to pass as `cursor` to get the next part; null on the last one.
    pub next_cursor: Option<String>,
}

/// How many events an episode has of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepEpisode {
    /// The episode; null for what belongs to none.
    pub episode: Option<EpisodeId>,
    /// Its events of this step.
    pub events: u64,
}
