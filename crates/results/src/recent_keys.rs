//! What was said lately, in bounded memory: enough to know the copies that clients cause when they send again.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// How many keys are remembered.
const REMEMBERED: usize = 65_536;

/// Whether a key was seen before, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Not that anybody remembers.
    Never,
    /// With the same content.
    Same,
    /// With another one.
    Different,
}

/// Keys and a fingerprint of what each was first seen with.
#[derive(Debug)]
pub(crate) struct Window<K> {
    first: HashMap<K, u64>,
    order: VecDeque<K>,
}

impl<K> Default for Window<K> {
    fn default() -> Self {
        Self { first: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Copy + Eq + Hash> Window<K> {
    /// Notes a key, and says what it was seen with before.
    pub fn see(&mut self, key: K, fingerprint: u64) -> Before {
        match self.first.entry(key) {
            Entry::Occupied(known) if *known.get() == fingerprint => Before::Same,
            Entry::Occupied(_) => Before::Different,
            Entry::Vacant(free) => {
                free.insert(fingerprint);
                self.order.push_back(key);
                if self.order.len() > REMEMBERED
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.first.remove(&oldest);
                }
                Before::Never
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_the_first_and_forgets_the_oldest() {
        let mut window = Window::default();
        assert_eq!(window.see(0_u64, 1), Before::Never);
        assert_eq!(window.see(0, 1), Before::Same);
        assert_eq!(window.see(0, 2), Before::Different);
        for key in 1..=REMEMBERED as u64 {
            assert_eq!(window.see(key, 1), Before::Never);
        }
        assert_eq!(window.see(0, 1), Before::Never);
    }
}
