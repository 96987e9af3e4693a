//! The scale from scores to heights: which scores are drawn at the lower and at the upper end.

/// The scores at the ends of the picture. Scores outside are drawn beyond the ends, compressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeightScale {
    /// The score at the lower end.
    pub low: f64,
    /// The score at the upper end; higher than `low`.
    pub high: f64,
}

impl Default for HeightScale {
    /// From -50 to 50: an absolute scale.
    fn default() -> Self {
        Self { low: -50.0, high: 50.0 }
    }
}

/// Parts between the ends: they are multiples of a round number of about this share of the range.
const TICK_PARTS: f64 = 10.0;
/// A range that fills less of the scale than this gets another one.
const LEAST_FILL: f64 = 0.5;
/// Scores may be this far outside of the scale before it changes, as a share of it.
const TOLERANCE: f64 = 0.05;

impl HeightScale {
    /// The scale that fits a range of scores: its ends rounded outwards.
    pub fn fitting((low, high): (f64, f64)) -> Self {
        // Halved, as the difference of two finite numbers may be infinite.
        let half = high / 2.0 - low / 2.0;
        let flat = 1e-9 * low.abs().max(high.abs());
        let (low, high, half) = if half > flat {
            (low, high, half)
        } else {
            // A flat history is drawn in the middle.
            let pad = if low == 0.0 { 1.0 } else { low.abs() / 2.0 };
            (low - pad, high + pad, pad)
        };
        let step = round_up(half / TICK_PARTS * 2.0);
        let scale = Self { low: (low / step).floor() * step, high: (high / step).ceil() * step };
        if scale.low.is_finite() && scale.high.is_finite() && scale.low < scale.high {
            scale
        } else {
            Self { low, high }
        }
    }

    /// The scale that fits a range of scores that changes: this one as long as it is good enough, so that a
    /// run that grows is not drawn again with every step.
    pub fn following(self, range: (f64, f64)) -> Self {
        let span = self.high / 2.0 - self.low / 2.0;
        let outside = (self.low / 2.0 - range.0 / 2.0).max(range.1 / 2.0 - self.high / 2.0);
        let fitting = Self::fitting(range);
        let filled = (fitting.high / 2.0 - fitting.low / 2.0) / span;
        if outside <= TOLERANCE * span && filled >= LEAST_FILL { self } else { fitting }
    }

    /// A scale between this one (share 0) and `to` (1).
    pub fn toward(self, to: Self, share: f64) -> Self {
        let mix = |from: f64, to: f64| from * (1.0 - share) + to * share;
        Self { low: mix(self.low, to.low), high: mix(self.high, to.high) }
    }

    /// A score on the scale from -50 (lower end) to 50 (upper end). Not finite only if the score is not.
    pub(crate) fn normal(self, score: f64) -> f64 {
        let half = self.high / 4.0 - self.low / 4.0;
        let middle = self.high / 4.0 + self.low / 4.0;
        let normal = 50.0 * ((score / 2.0 - middle) / half);
        if normal.is_nan() { 0.0 } else { normal.clamp(-1e12, 1e12) }
    }

    /// The share of the picture's height at which a score is drawn: 0 at the lower end, 1 at the upper one,
    /// within both.
    pub fn share(self, score: f64) -> f64 {
        (self.normal(score) / 100.0 + 0.5).clamp(0.0, 1.0)
    }

    /// Whether zero is between the ends.
    pub fn crosses_zero(self) -> bool {
        self.low < 0.0 && self.high > 0.0
    }

    /// A score as text, with as many decimals as differences on this scale need.
    pub fn text(self, score: f64) -> String {
        let span = self.high - self.low;
        let size = score.abs().max(span);
        if score == 0.0 {
            return "0".to_owned();
        }
        if !(1e-4..1e6).contains(&size) {
            return format!("{score:+.1e}");
        }
        let decimals = (2.0 - span.log10()).ceil().clamp(0.0, 6.0) as usize;
        let text = format!("{score:+.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }
}

/// The least of 1, 2 and 5 times a power of ten that is at least `x`, which is positive.
fn round_up(x: f64) -> f64 {
    let power = 10f64.powi(x.log10().floor() as i32);
    // A number that is off by its last bits only is not rounded up.
    [1.0, 2.0, 5.0].into_iter().map(|m| m * power).find(|s| *s >= x * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitting(low: f64, high: f64) -> (f64, f64) {
        let HeightScale { low, high } = HeightScale::fitting((low, high));
        ((low * 1e9).round() / 1e9, (high * 1e9).round() / 1e9)
    }

    #[test]
    fn the_ends_are_round_and_outside_of_the_range() {
        assert_eq!(fitting(-48.0, 49.5), (-50.0, 50.0));
        assert_eq!(fitting(0.02, 0.97), (0.0, 1.0));
        assert_eq!(fitting(0.81, 0.95), (0.8, 0.96));
        assert_eq!(fitting(2.0, 2.0), (1.0, 3.0));
        assert_eq!(fitting(0.0, 0.0), (-1.0, 1.0));
        let widest = HeightScale::fitting((-f64::MAX, f64::MAX));
        assert!(widest.low.is_finite() && widest.high.is_finite() && widest.low < widest.high);
        assert_eq!((widest.normal(f64::MAX).round(), widest.normal(0.0)), (50.0, 0.0));
    }

    #[test]
    fn scores_are_drawn_from_end_to_end() {
        let unit = HeightScale { low: 0.0, high: 1.0 };
        assert_eq!([0.0, 0.25, 1.0, 2.0].map(|r| unit.normal(r)), [-50.0, -25.0, 50.0, 150.0]);
        assert_eq!([-3.0, 0.0, 0.25, 9.0].map(|r| unit.share(r)), [0.0, 0.0, 0.25, 1.0]);
        assert_eq!(HeightScale::default().normal(-20.0), -20.0);
    }

    #[test]
    fn numbers_have_the_decimals_they_need() {
        let unit = HeightScale { low: 0.0, high: 1.0 };
        assert_eq!([0.0, 0.25, 1.0, -0.5].map(|r| unit.text(r)), ["0", "+0.25", "+1", "-0.5"]);
        let wide = HeightScale::default();
        assert_eq!([-50.0, 20.04, 1e9].map(|r| wide.text(r)), ["-50", "+20", "+1.0e9"]);
        let tiny = HeightScale { low: 1e-5, high: 3e-5 };
        assert_eq!(tiny.text(2e-5), "+2.0e-5");
    }

    #[test]
    fn a_change_is_eased() {
        let from = HeightScale::default();
        let to = HeightScale { low: 0.0, high: 1.0 };
        assert_eq!((from.toward(to, 0.0), from.toward(to, 1.0)), (from, to));
        assert_eq!(from.toward(to, 0.5), HeightScale { low: -25.0, high: 25.5 });
    }
}
