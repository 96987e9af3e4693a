//! What one sample looks like: moments, quantiles, the interval of its mean, a histogram.

use serde::{Deserialize, Serialize};

use crate::StatisticsError;
use crate::interval::{Interval, half_width};
use crate::sample::{check, mean, sorted, variance};

/// The largest number of bins of a histogram.
const MAX_BINS: usize = 10_000;

/// A sample in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The number of values.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their unbiased variance; `None` of one value.
    pub variance: Option<f64>,
    /// Its root; `None` of one value.
    pub standard_deviation: Option<f64>,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// The value in the middle; of an even number the mean of the two.
    pub median: f64,
    /// The interval of the mean at [`CONFIDENCE`](crate::CONFIDENCE), by Student's t; `None` of one value.
    pub interval: Option<Interval>,
}

impl Summary {
    /// The summary of one value or more.
    ///
    /// # Errors
    ///
    /// [`StatisticsError::TooFew`] of no value, [`StatisticsError::NotFinite`].
    pub fn of(values: &[f64]) -> Result<Self, StatisticsError> {
        check(values, 1)?;
        let (count, mean) = (values.len(), mean(values));
        let ascending = sorted(values);
        let variance = (count > 1).then(|| variance(values));
        let error_of_mean = variance.map(|variance| (variance / count as f64).sqrt());
        Ok(Self {
            count,
            mean,
            variance,
            standard_deviation: variance.map(f64::sqrt),
            min: ascending[0],
            max: ascending[count - 1],
            median: quantile_of(&ascending, 0.5),
            interval: error_of_mean.map(|e| Interval::around(mean, half_width(e, (count - 1) as f64))),
        })
    }
}

/// The quantile at `p` (0 to 1), interpolated between the two values around it (type 7 of Hyndman and Fan,
/// "Sample Quantiles in Statistical Packages", 1996, which NumPy uses).
///
/// # Errors
///
/// [`StatisticsError::TooFew`] of no value, [`StatisticsError::NotFinite`], [`StatisticsError::OutOfRange`].
pub fn quantile(values: &[f64], p: f64) -> Result<f64, StatisticsError> {
    check(values, 1)?;
    if !(0.0..=1.0).contains(&p) {
        return Err(StatisticsError::OutOfRange { name: "p", value: p, range: "from 0 to 1" });
    }
    Ok(quantile_of(&sorted(values), p))
}

/// The quantile of ascending values, of which there is one or more.
pub(crate) fn quantile_of(ascending: &[f64], p: f64) -> f64 {
    let at = p * (ascending.len() - 1) as f64;
    let (below, above) = (ascending[at.floor() as usize], ascending[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// How often the values of a sample are in each of as many equally wide bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The lower bound of the first bin.
    pub low: f64,
    /// The upper bound of the last bin, which belongs to it.
    pub high: f64,
    /// The number of values in each bin.
    pub counts: Vec<u64>,
}

/// The histogram of a sample, from its least to its greatest value. Where all are equal the bins are around
/// that value, 1 wide in all.
///
/// # Errors
///
/// [`StatisticsError::TooFew`] of no value, [`StatisticsError::NotFinite`]; [`StatisticsError::OutOfRange`]
/// of no bin or more than 10,000.
pub fn histogram(values: &[f64], bins: usize) -> Result<Histogram, StatisticsError> {
    check(values, 1)?;
    if !(1..=MAX_BINS).contains(&bins) {
        let (name, range) = ("bins", "from 1 to 10,000");
        return Err(StatisticsError::OutOfRange { name, value: bins as f64, range });
    }
    let ascending = sorted(values);
    let (mut low, mut high) = (ascending[0], ascending[ascending.len() - 1]);
    if low == high {
        (low, high) = (low - 0.5, high + 0.5);
    }
    let mut counts = vec![0; bins];
    for value in values {
        // Divided first: the width itself may be beyond the range of a float.
        let at = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) * bins as f64;
        counts[(at as usize).min(bins - 1)] += 1;
    }
    Ok(Histogram { low, high, counts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_no_spread() {
        let one = Summary::of(&[2.0]).unwrap();
        assert_eq!((one.mean, one.median, one.variance, one.interval), (2.0, 2.0, None, None));
        assert_eq!(Summary::of(&[]).unwrap_err().to_string(), "1 or more values are needed, there are 0");
    }

    #[test]
    fn every_value_is_in_a_bin() {
        let found = histogram(&[0.0, 0.5, 1.0, 1.0], 2).unwrap();
        assert_eq!((found.low, found.high, found.counts), (0.0, 1.0, vec![1, 3]));
        let equal = histogram(&[7.0; 3], 3).unwrap();
        assert_eq!((equal.low, equal.high, equal.counts), (6.5, 7.5, vec![0, 3, 0]));
        assert_eq!(histogram(&[f64::MIN, f64::MAX], 2).unwrap().counts, [1, 1]);
        assert_eq!(histogram(&[1.0], 0).unwrap_err().to_string(), "bins is 0, not from 1 to 10,000");
    }

    #[test]
    fn a_quantile_outside_of_the_range_is_refused() {
        let error = quantile(&[1.0], 1.5).unwrap_err();
        assert_eq!(error.to_string(), "p is 1.5, not from 0 to 1");
        let error = quantile(&[1.0], f64::NAN).unwrap_err();
        assert_eq!(error.to_string(), "p is NaN, not from 0 to 1");
    }
}
