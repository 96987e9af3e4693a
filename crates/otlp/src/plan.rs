//! What a batch becomes in the log.

use std::collections::BTreeSet;

use gauntlet_model::{EpisodeId, Event};

use crate::encoding::PartialSuccess;

/// What to append to the log, and what was refused.
#[derive(Debug, Default)]
pub struct AppendPlan {
    /// Events in the order to append them; none that the log has.
    pub events: Vec<Event>,
    /// Refusals and warnings.
    pub outcome: PartialSuccess,
    /// Traces of this batch whose root has not arrived.
    pub open: BTreeSet<EpisodeId>,
}
