//! When animation frames came and what they cost: decides how often decoration alone is drawn.

/// While only decoration moves, a frame is drawn at most this often, milliseconds.
const IDLE_FRAME_MS: f64 = 33.0;
/// A frame that takes longer than this is bound by the graphics hardware, milliseconds.
const SLOW_FRAME_MS: f64 = 50.0;
/// The longest time a frame counts for, seconds: a page that was suspended does not leap.
const LONGEST_FRAME_SECS: f64 = 0.5;

/// When frames were requested and drawn, and what the last drawn one cost. All times in milliseconds.
#[derive(Default)]
pub(super) struct FrameTiming {
    /// Time of the last animation frame; `None` before the first.
    last_ms: Option<f64>,
    /// Time of the last frame that was drawn.
    drawn_ms: f64,
    /// Processor time of the last drawn frame.
    cost_ms: f64,
    /// From the last drawn frame to the one the browser asked for next: includes the graphics hardware's
    /// time.
    gap_ms: f64,
}

impl FrameTiming {
    /// Notes an animation frame and returns the seconds since the last one.
    pub(super) fn begin(&mut self, ms: f64) -> f64 {
        let secs = self.last_ms.map_or(0.0, |last| ((ms - last) / 1000.0).clamp(0.0, LONGEST_FRAME_SECS));
        if self.last_ms == Some(self.drawn_ms) {
            self.gap_ms = ms - self.drawn_ms;
        }
        self.last_ms = Some(ms);
        secs
    }

    /// Notes that the frame at `ms` was drawn, and the processor time that took, in milliseconds.
    pub(super) fn end(&mut self, ms: f64, cost_ms: f64) {
        self.drawn_ms = ms;
        self.cost_ms = cost_ms;
    }

    /// Whether decoration alone may draw a frame at `ms`. It takes at most a quarter of the time of the
    /// processor or the graphics hardware.
    pub(super) fn is_idle_frame_due(&self, ms: f64) -> bool {
        let slow_ms = if self.gap_ms > SLOW_FRAME_MS { self.gap_ms } else { self.cost_ms };
        ms - self.drawn_ms >= IDLE_FRAME_MS.max(4.0 * slow_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoration_takes_a_quarter_of_the_time_at_most() {
        let mut timing = FrameTiming { cost_ms: 20.0, ..FrameTiming::default() };
        assert!(!timing.is_idle_frame_due(79.0) && timing.is_idle_frame_due(80.0));
        assert_eq!(timing.begin(0.0), 0.0);
        // The frame at 0 was drawn; the browser came back for the next one after 100 ms.
        assert_eq!(timing.begin(100.0), 0.1);
        assert!(!timing.is_idle_frame_due(399.0) && timing.is_idle_frame_due(400.0));
        assert_eq!(timing.begin(10_000.0), LONGEST_FRAME_SECS);
    }
}
