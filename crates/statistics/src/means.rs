//! Whether two means differ: Student's and Welch's test, and the test of paired samples.

use serde::{Deserialize, Serialize};

use crate::StatisticsError;
use crate::interval::{Interval, half_width, upper_tail};
use crate::sample::{check, differences, mean, variance};

/// What a test of two means found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanTest {
    /// The mean of the first sample less that of the second.
    pub difference: f64,
    /// The interval of that difference at [`CONFIDENCE`](crate::CONFIDENCE).
    pub interval: Interval,
    /// The statistic t.
    pub t: f64,
    /// The degrees of freedom.
    pub degrees: f64,
    /// How probable so large a difference is if the means are equal; two-sided, 0 to 1.
    pub p_value: f64,
}

impl MeanTest {
    /// From the difference, its standard error and the degrees of freedom.
    fn of(difference: f64, standard_error: f64, degrees: f64) -> Result<Self, StatisticsError> {
        if standard_error <= 0.0 {
            return Err(StatisticsError::NoSpread);
        }
        let t = difference / standard_error;
        Ok(Self {
            difference,
            interval: Interval::around(difference, half_width(standard_error, degrees)),
            t,
            degrees,
            p_value: (2.0 * upper_tail(t.abs(), degrees)).min(1.0),
        })
    }
}

/// Student's test of two samples whose variances are taken to be equal.
///
/// # Errors
///
/// [`StatisticsError::TooFew`] of fewer than two values, [`StatisticsError::NotFinite`];
/// [`StatisticsError::NoSpread`] where neither sample varies.
pub fn student(a: &[f64], b: &[f64]) -> Result<MeanTest, StatisticsError> {
    check(a, 2)?;
    check(b, 2)?;
    let (n, m) = (a.len() as f64, b.len() as f64);
    let degrees = n + m - 2.0;
    let pooled = ((n - 1.0) * variance(a) + (m - 1.0) * variance(b)) / degrees;
    MeanTest::of(mean(a) - mean(b), (pooled * (1.0 / n + 1.0 / m)).sqrt(), degrees)
}

/// Welch's test, which does not take the variances to be equal; the degrees of freedom are those of Welch
/// and Satterthwaite. The one to use where nothing is known of the variances.
///
/// # Errors
///
/// As of [`student`].
pub fn welch(a: &[f64], b: &[f64]) -> Result<MeanTest, StatisticsError> {
    check(a, 2)?;
    check(b, 2)?;
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (of_a, of_b) = (variance(a) / n, variance(b) / m);
    let degrees = (of_a + of_b).powi(2) / (of_a.powi(2) / (n - 1.0) + of_b.powi(2) / (m - 1.0));
    MeanTest::of(mean(a) - mean(b), (of_a + of_b).sqrt(), degrees)
}

/// The test of paired samples: whether the mean of `a[i] - b[i]` differs from 0.
///
/// # Errors
///
/// As of [`student`], and [`StatisticsError::NotPaired`]; [`StatisticsError::NoSpread`] where all differences
/// are equal.
pub fn paired_t(a: &[f64], b: &[f64]) -> Result<MeanTest, StatisticsError> {
    let differences = differences(a, b, 2)?;
    let n = differences.len() as f64;
    MeanTest::of(mean(&differences), (variance(&differences) / n).sqrt(), n - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_do_not_vary_are_not_compared() {
        for test in [student, welch, paired_t] {
            assert_eq!(test(&[1.0, 1.0], &[2.0, 2.0]), Err(StatisticsError::NoSpread));
            assert!(matches!(test(&[1.0], &[2.0]), Err(StatisticsError::TooFew { needed: 2, found: 1 })));
        }
    }
}
