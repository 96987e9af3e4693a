//! The clock, and the ids that are made from it: the one place that reads it for the log.

use std::time::SystemTime;

use gauntlet_model::{EventId, FieldError, RunId, Timestamp};
use rand::RngExt;

/// The time now; a clock before 1970 reads as 1970.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A fresh UUIDv7.
pub fn new_event_id() -> EventId {
    let millis = u64::try_from(now().micros() / 1000).unwrap_or(0);
    EventId::v7(millis, rand::rng().random())
}

/// Fresh random bytes, of the generator that is seeded by the system: fit for secrets.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    rand::rng().random()
}

/// A fresh run id: a UUIDv7.
///
/// # Errors
///
/// None in practice: a UUID is a run id.
pub fn new_run_id() -> Result<RunId, FieldError> {
    RunId::new(new_event_id().to_string())
}
