//! The description of one call of a rubric tree: what a snapshot holds besides the scores.

use gauntlet_model::{EpisodeId, Object};

/// The description of one call: what the event holds besides the scores.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallDescription {
    /// What the agent did.
    pub action: String,
    /// What it saw.
    pub observation: String,
    /// Anything else about this call.
    pub metadata: Object,
    /// The episode it belongs to.
    pub episode: Option<EpisodeId>,
}
