//! Detects repeated keys in bounded memory: enough for the duplicates that retries of clients cause.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// The most keys in memory.
const MAX_KEYS: usize = 65_536;

/// Whether a key was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Not among the recent keys.
    New,
    /// Seen with the same content.
    Duplicate,
    /// Seen with other content.
    Conflict,
}

/// Recent keys, each with a fingerprint of its first content.
#[derive(Debug)]
pub(crate) struct RecentKeys<K> {
    first: HashMap<K, u64>,
    order: VecDeque<K>,
}

impl<K> Default for RecentKeys<K> {
    fn default() -> Self {
        Self { first: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Copy + Eq + Hash> RecentKeys<K> {
    /// Records a key, and returns whether it was seen before.
    pub(crate) fn record(&mut self, key: K, fingerprint: u64) -> Seen {
        match self.first.entry(key) {
            Entry::Occupied(known) if *known.get() == fingerprint => Seen::Duplicate,
            Entry::Occupied(_) => Seen::Conflict,
            Entry::Vacant(free) => {
                free.insert(fingerprint);
                self.order.push_back(key);
                if self.order.len() > MAX_KEYS
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.first.remove(&oldest);
                }
                Seen::New
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_the_first_and_forgets_the_oldest() {
        let mut recent_keys = RecentKeys::default();
        assert_eq!(recent_keys.record(0_u64, 1), Seen::New);
        assert_eq!(recent_keys.record(0, 1), Seen::Duplicate);
        assert_eq!(recent_keys.record(0, 2), Seen::Conflict);
        for key in 1..=MAX_KEYS as u64 {
            assert_eq!(recent_keys.record(key, 1), Seen::New);
        }
        assert_eq!(recent_keys.record(0, 1), Seen::New);
    }
}
