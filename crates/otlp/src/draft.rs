//! An event before its number and episode are known.

use gauntlet_model::{EventId, Timestamp};

/// An event without its run, episode and step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventDraft<B> {
    pub id: EventId,
    pub at: Timestamp,
    pub body: B,
}
