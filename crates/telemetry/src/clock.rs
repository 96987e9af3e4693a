//! Clock and randomness as the observer uses them: behind one trait, so that a test or a replay brings its
//! own.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use gauntlet_model::{EventId, Timestamp};

/// Gives events their times and ids.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// An id no other event has.
    fn new_id(&self) -> EventId;
    /// A monotonic clock in microseconds, or `None` where durations are not measured.
    fn elapsed_micros(&self) -> Option<u64>;
}

/// The machine's clock; UUIDv7 ids. The random bits are SipHash of a counter under two keys the standard
/// library takes from the operating system: unique, not secret.
pub struct SystemClock {
    began: Instant,
    keys: [RandomState; 2],
    count: AtomicU64,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            keys: [RandomState::new(), RandomState::new()],
            count: AtomicU64::new(0),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn new_id(&self) -> EventId {
        let count = self.count.fetch_add(1, Relaxed);
        let [high, low] = self.keys.each_ref().map(|key| {
            let mut hasher = key.build_hasher();
            hasher.write_u64(count);
            u128::from(hasher.finish())
        });
        EventId::v7(u64::try_from(self.now().micros() / 1000).unwrap_or(0), high << 64 | low)
    }

    fn elapsed_micros(&self) -> Option<u64> {
        u64::try_from(self.began.elapsed().as_micros()).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_new_every_time() {
        let clock = SystemClock::new();
        let ids: BTreeSet<EventId> = (0..10_000).map(|_| clock.new_id()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.to_string().as_bytes()[14] == b'7'));
    }
}
