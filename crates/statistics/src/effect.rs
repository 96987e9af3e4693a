//! How large a difference is, on a scale of its own.

use crate::StatisticsError;
use crate::sample::{check, differences, mean, sorted, variance};

/// Cohen's d of two samples: the difference of the means in units of the pooled standard deviation.
///
/// # Errors
///
/// [`StatisticsError::TooFew`] of fewer than two values, [`StatisticsError::NotFinite`];
/// [`StatisticsError::NoSpread`] where neither sample varies.
pub fn cohens_d(a: &[f64], b: &[f64]) -> Result<f64, StatisticsError> {
    check(a, 2)?;
    check(b, 2)?;
    let (n, m) = (a.len() as f64, b.len() as f64);
    let pooled = ((n - 1.0) * variance(a) + (m - 1.0) * variance(b)) / (n + m - 2.0);
    scaled(mean(a) - mean(b), pooled)
}

/// Cohen's d of paired samples: the mean difference in units of the standard deviation of the differences.
///
/// # Errors
///
/// As of [`cohens_d`], and [`StatisticsError::NotPaired`].
pub fn paired_d(a: &[f64], b: &[f64]) -> Result<f64, StatisticsError> {
    let differences = differences(a, b, 2)?;
    scaled(mean(&differences), variance(&differences))
}

fn scaled(difference: f64, variance: f64) -> Result<f64, StatisticsError> {
    if variance <= 0.0 {
        return Err(StatisticsError::NoSpread);
    }
    Ok(difference / variance.sqrt())
}

/// Cliff's delta, -1 to 1: of all pairs of a value of `a` and one of `b`, the share in which the first is
/// greater less the share in which it is smaller.
///
/// # Errors
///
/// [`StatisticsError::TooFew`] of an empty sample, [`StatisticsError::NotFinite`].
pub fn cliffs_delta(a: &[f64], b: &[f64]) -> Result<f64, StatisticsError> {
    check(a, 1)?;
    check(b, 1)?;
    let b = sorted(b);
    let balance = |value: f64| {
        let below = b.partition_point(|other| *other < value);
        let above = b.len() - b.partition_point(|other| *other <= value);
        below as f64 - above as f64
    };
    Ok(a.iter().map(|value| balance(*value)).sum::<f64>() / (a.len() as f64 * b.len() as f64))
}
