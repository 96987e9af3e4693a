//! One call of a rubric tree in words: what a snapshot says beside the scores.

use gauntlet_model::{EpisodeId, Object};

/// One call in words: what the event says beside the scores.
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
