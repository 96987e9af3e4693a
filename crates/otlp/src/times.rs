//! Times of the protocol, and numbers that are not times.

use gauntlet_model::Timestamp;
use serde_json::Value;

/// The instant that so many nanoseconds since 1970 are; `None` for 0, which is "unknown", and for what is no
/// time in any unit. Clients that send another unit are read by the magnitude of the number, as everywhere.
pub(crate) fn instant(nanos: u64) -> Option<Timestamp> {
    gauntlet_values::time(&Value::from(nanos)).value()
}

/// Whether a time is in the unit of the protocol: nanoseconds, of 1973 or later.
pub(crate) fn is_plain(nanos: u64) -> bool {
    (100_000_000_000_000_000..10_000_000_000_000_000_000).contains(&nanos)
}
