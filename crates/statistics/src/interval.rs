//! Intervals of an estimate, and the distribution of t that most of them are made of.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The confidence of every interval, 0 to 1.
pub const CONFIDENCE: f64 = 0.95;
/// Two bounds, `low <= high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    /// The interval of this half width around a centre.
    pub(crate) fn around(center: f64, half_width: f64) -> Self {
        Self { low: center - half_width, high: center + half_width }
    }
}

/// The distribution of t. Its parameters are valid: callers have positive degrees of freedom.
fn distribution(degrees: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, degrees).ok()
}

/// The probability of a t above this one.
pub(crate) fn upper_tail(t: f64, degrees: f64) -> f64 {
    distribution(degrees).map_or(f64::NAN, |distribution| distribution.sf(t))
}

/// The t with this probability below it.
pub(crate) fn t_quantile(p: f64, degrees: f64) -> f64 {
    distribution(degrees).map_or(f64::NAN, |distribution| distribution.inverse_cdf(p))
}

/// Half the width of the interval at [`CONFIDENCE`] of an estimate with this standard error.
pub(crate) fn half_width(standard_error: f64, degrees: f64) -> f64 {
    t_quantile(f64::midpoint(1.0, CONFIDENCE), degrees) * standard_error
}
