//! Failures counted per address.

use std::collections::BTreeMap;

use gauntlet_model::Timestamp;

/// Length of a window, microseconds: one minute.
const WINDOW_MICROS: i64 = 60_000_000;
/// Addresses that are counted at once. Those whose window is over make room first, then all do.
const MAX_ADDRESSES: usize = 10_000;

/// Counts failures per address in windows of a minute.
#[derive(Debug, Clone)]
pub struct Throttle<K> {
    most: u32,
    windows: BTreeMap<K, (Timestamp, u32)>,
}

impl<K: Ord> Throttle<K> {
    /// Lets `most` failures a minute pass.
    pub fn new(most: u32) -> Self {
        Self { most, windows: BTreeMap::new() }
    }

    /// Counts a failure. Returns the seconds until the address may try again, where it has failed too often.
    pub fn fail(&mut self, address: K, now: Timestamp) -> Option<u64> {
        if self.windows.len() >= MAX_ADDRESSES && !self.windows.contains_key(&address) {
            self.windows.retain(|_, (began, _)| is_open(*began, now));
            if self.windows.len() >= MAX_ADDRESSES {
                self.windows.clear();
            }
        }
        let window = self.windows.entry(address).or_insert((now, 0));
        if !is_open(window.0, now) {
            *window = (now, 0);
        }
        window.1 = window.1.saturating_add(1);
        let left_micros = WINDOW_MICROS.saturating_sub(now.micros().saturating_sub(window.0.micros()));
        (window.1 > self.most).then(|| u64::try_from(left_micros).unwrap_or(0).div_ceil(1_000_000).max(1))
    }
}

/// Whether a window that began then is not over. A clock that went back closes it.
fn is_open(began: Timestamp, now: Timestamp) -> bool {
    (0..WINDOW_MICROS).contains(&now.micros().saturating_sub(began.micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_micros(secs * 1_000_000)
    }

    #[test]
    fn an_address_that_fails_too_often_waits_for_its_window_to_end() {
        let mut throttle = Throttle::new(2);
        assert_eq!((throttle.fail("a", at(0)), throttle.fail("a", at(1))), (None, None));
        assert_eq!(throttle.fail("a", at(20)), Some(40));
        assert_eq!(throttle.fail("b", at(20)), None);
        assert_eq!(throttle.fail("a", at(60)), None);
    }

    #[test]
    fn the_number_of_addresses_is_bounded() {
        let mut throttle = Throttle::new(0);
        for address in 0..2 * MAX_ADDRESSES + 5 {
            assert!(throttle.fail(address, at(0)).is_some());
        }
        assert!(throttle.windows.len() <= MAX_ADDRESSES);
    }
}
