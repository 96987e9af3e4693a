//! How many steps a second a run has made in the last seconds.

use std::collections::VecDeque;

/// The time over which the rate of steps is averaged, milliseconds.
const RATE_MS: f64 = 4000.0;
/// The least time that a rate is computed from, milliseconds.
const MIN_RATE_MS: f64 = 900.0;

/// The film's length over the last seconds.
#[derive(Default)]
pub(super) struct RateMeter {
    /// Time in milliseconds and number of nodes, the oldest first.
    lengths: VecDeque<(f64, usize)>,
}

impl RateMeter {
    /// Adds a length and returns steps per second, to one decimal below ten.
    pub(super) fn measure(&mut self, now_ms: f64, nodes: usize) -> f64 {
        self.lengths.push_back((now_ms, nodes));
        while self.lengths.front().is_some_and(|(then, _)| now_ms - then > RATE_MS) {
            self.lengths.pop_front();
        }
        let rate = match self.lengths.front() {
            Some((then, before)) if now_ms - then > MIN_RATE_MS => {
                (nodes.saturating_sub(*before)) as f64 * 1000.0 / (now_ms - then)
            }
            _ => 0.0,
        };
        if rate < 10.0 { (rate * 10.0).round() / 10.0 } else { rate.round() }
    }

    /// Starts again.
    pub(super) fn clear(&mut self) {
        self.lengths.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds() {
        let mut rate = RateMeter::default();
        assert_eq!(rate.measure(0.0, 0), 0.0);
        assert_eq!(rate.measure(500.0, 4), 0.0, "too short to say");
        assert_eq!(rate.measure(2000.0, 5), 2.5);
        assert_eq!(rate.measure(4000.0, 200), 50.0);
        assert_eq!(rate.measure(9000.0, 200), 0.0, "what is older than the window does not count");
    }
}
