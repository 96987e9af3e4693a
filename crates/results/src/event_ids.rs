//! Ids that events of a file bring along: one that comes again is a repeat, or names two events.

use std::hash::{DefaultHasher, Hash, Hasher};

use gauntlet_model::{EpisodeId, Event, EventId};

/// A hash of an event's content.
pub(crate) fn fingerprint(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    (event.kind().as_str(), event.at().micros(), event.step()).hash(&mut hasher);
    event.episode().map(EpisodeId::as_str).hash(&mut hasher);
    event.body().to_json().hash(&mut hasher);
    hasher.finish()
}

/// The message for an id that is used twice.
pub(crate) fn duplicate_id(id: EventId) -> String {
    format!("{id} also names a different event")
}
