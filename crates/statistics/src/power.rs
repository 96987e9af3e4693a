//! How likely an experiment finds an effect that is there, and how large it has to be for that.

use serde::{Deserialize, Serialize};

use crate::interval::t_quantile;
use crate::{StatisticsError, noncentral_t};

/// The largest sample that is looked for.
const MAX_SIZE: u64 = 10_000_000;

/// How the samples of an experiment belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Each trial of the one sample has its partner in the other.
    Paired,
    /// Two samples of the same size without partners.
    Independent,
}

/// The probability that a two-sided t test at level `alpha` finds an effect of that size (Cohen's d) with
/// `size` pairs, or `size` trials in each of two samples.
///
/// # Errors
///
/// [`StatisticsError::OutOfRange`] for an effect that is not finite, fewer than two trials, or a level that
/// is not between 0 and 1.
pub fn power(design: Design, effect: f64, size: u64, alpha: f64) -> Result<f64, StatisticsError> {
    check(effect, alpha)?;
    if !(2..=MAX_SIZE).contains(&size) {
        let (name, range) = ("size", "from 2 to 10,000,000");
        return Err(StatisticsError::OutOfRange { name, value: size as f64, range });
    }
    Ok(power_of(design, effect, size as f64, alpha))
}

fn power_of(design: Design, effect: f64, size: f64, alpha: f64) -> f64 {
    let (degrees, noncentrality) = match design {
        Design::Paired => (size - 1.0, effect * size.sqrt()),
        Design::Independent => (2.0 * size - 2.0, effect * (size / 2.0).sqrt()),
    };
    let critical = t_quantile(1.0 - alpha / 2.0, degrees);
    let above = 1.0 - noncentral_t::cdf(critical, degrees, noncentrality);
    (above + noncentral_t::cdf(-critical, degrees, noncentrality)).clamp(0.0, 1.0)
}

/// The least number of pairs, or of trials in each of two samples, with which [`power`] reaches `wanted`.
///
/// # Errors
///
/// As of [`power`]; [`StatisticsError::OutOfRange`] for an effect of 0, and where ten million are not enough.
pub fn sample_size(design: Design, effect: f64, wanted: f64, alpha: f64) -> Result<u64, StatisticsError> {
    check(effect, alpha)?;
    if !(wanted > 0.0 && wanted < 1.0) {
        let (name, range) = ("power", "between 0 and 1");
        return Err(StatisticsError::OutOfRange { name, value: wanted, range });
    }
    let reaches = |size: u64| power_of(design, effect, size as f64, alpha) >= wanted;
    let mut high = 2;
    while !reaches(high) {
        if high >= MAX_SIZE {
            let (name, range) = ("effect", "large enough to be found with 10,000,000 trials");
            return Err(StatisticsError::OutOfRange { name, value: effect, range });
        }
        high = (high * 2).min(MAX_SIZE);
    }
    // Power rises with the size: the least one is between the last two that were tried.
    let mut low = high / 2;
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if reaches(middle) { high = middle } else { low = middle }
    }
    Ok(high)
}

fn check(effect: f64, alpha: f64) -> Result<(), StatisticsError> {
    let out = |name, value, range| Err(StatisticsError::OutOfRange { name, value, range });
    if !effect.is_finite() {
        return out("effect", effect, "a finite number");
    }
    if !(alpha > 0.0 && alpha < 1.0) {
        return out("alpha", alpha, "between 0 and 1");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_effect_is_found_at_any_size() {
        let error = sample_size(Design::Paired, 0.0, 0.8, 0.05).unwrap_err();
        assert_eq!(error.to_string(), "effect is 0, not large enough to be found with 10,000,000 trials");
        // What is found then is found by chance.
        assert!((power(Design::Independent, 0.0, 50, 0.05).unwrap() - 0.05).abs() < 1e-9);
        let error = power(Design::Paired, 0.5, 1, 0.05).unwrap_err();
        assert!(matches!(error, StatisticsError::OutOfRange { name: "size", .. }), "{error}");
        let error = sample_size(Design::Paired, 0.5, 1.0, 0.05).unwrap_err();
        assert!(matches!(error, StatisticsError::OutOfRange { .. }), "{error}");
    }
}
