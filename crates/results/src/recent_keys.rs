//! What was said lately, in bounded memory: enough to know the copies that clients cause when they send again.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// How many keys are remembered.
const REMEMBERED: usize = 65_536;

/// Whether a key was seen before, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Not that anybody remembers.
    New,
    /// With the same content.
    Duplicate,
    /// With another one.
    Conflict,
}

/// Keys and a fingerprint of what each was first seen with.
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
    /// Notes a key, and says what it was seen with before.
    pub fn record(&mut self, key: K, fingerprint: u64) -> Seen {
        match self.first.entry(key) {
            Entry::Occupied(known) if *known.get() == fingerprint => Seen::Duplicate,
            Entry::Occupied(_) => Seen::Conflict,
            Entry::Vacant(free) => {
                free.insert(fingerprint);
                self.order.push_back(key);
                if self.order.len() > REMEMBERED
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
        for key in 1..=REMEMBERED as u64 {
            assert_eq!(recent_keys.record(key, 1), Seen::New);
        }
        assert_eq!(recent_keys.record(0, 1), Seen::New);
    }
}
