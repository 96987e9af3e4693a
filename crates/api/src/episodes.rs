//! Episodes of a run.

use gauntlet_model::{EpisodeId, Score, Status, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Limit;
use crate::page::non_empty;

/// Which page of the episodes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EpisodeListQuery {
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most items on the page.
    #[serde(default)]
    pub limit: Limit<200, 1000>,
}

/// One rollout on one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Episode {
    /// Its id.
    pub episode: EpisodeId,
    /// What was attempted, where it is known.
    pub task: Option<String>,
    /// How it ended, or that it runs; null where no event began or ended it.
    pub status: Option<Status>,
    /// When it began, by the producer's clock.
    pub started_at: Option<Timestamp>,
    /// When it ended, by the producer's clock.
    pub finished_at: Option<Timestamp>,
    /// Its return.
    #[serde(rename = "return")]
    pub return_: Option<Score>,
    /// How long it took, milliseconds.
    pub latency_ms: Option<f64>,
    /// What it cost, in the producer's unit.
    pub cost: Option<f64>,
    /// Why it failed.
    pub error: Option<String>,
    /// Scored steps.
    pub steps: u64,
    /// Scored steps that fail.
    pub failing: u64,
    /// Mean root score of its steps.
    pub mean_root: Option<f64>,
}

impl Episode {
    /// An episode of which nothing but its id is known.
    pub fn new(episode: EpisodeId) -> Self {
        Self {
            episode,
            task: None,
            status: None,
            started_at: None,
            finished_at: None,
            return_: None,
            latency_ms: None,
            cost: None,
            error: None,
            steps: 0,
            failing: 0,
            mean_root: None,
        }
    }
}
