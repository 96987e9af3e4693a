//! Tests that look at ranks or counts alone, and so ask nothing of the shape of a distribution.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

use crate::StatisticsError;
use crate::sample::{check, differences, ranks};

/// Up to so many pairs the distribution of Wilcoxon's statistic is counted; all 2^50 sums are below 2^53, so
/// that every count is exact.
const MAX_COUNTED_PAIRS: usize = 50;
/// Up to this product of the sizes the distribution of Mann and Whitney's statistic is counted.
const MAX_COUNTED_PRODUCT: usize = 2_500;

/// How a p value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every arrangement was counted.
    Exact,
    /// By the normal distribution, as ties or the size of the samples ask for.
    Normal,
}

/// What a test of ranks or counts found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankTest {
    /// The statistic; each test documents what it counts.
    pub statistic: f64,
    /// How probable so extreme a statistic is if nothing differs; two-sided, 0 to 1.
    pub p_value: f64,
    /// How that was found.
    pub method: Method,
}

/// Wilcoxon's test of paired samples: whether `a[i] - b[i]` is symmetric around 0. Its statistic is the
/// smaller one of the sums of ranks above and below 0; pairs without a difference are left out.
///
/// # Errors
///
/// [`StatisticsError::TooFew`] of no pair, [`StatisticsError::NotFinite`], [`StatisticsError::NotPaired`];
/// [`StatisticsError::NoSpread`] where no pair differs.
pub fn wilcoxon(a: &[f64], b: &[f64]) -> Result<RankTest, StatisticsError> {
    let all = differences(a, b, 1)?;
    let different: Vec<f64> = all.iter().copied().filter(|difference| *difference != 0.0).collect();
    if different.is_empty() {
        return Err(StatisticsError::NoSpread);
    }
    let sizes: Vec<f64> = different.iter().map(|difference| difference.abs()).collect();
    let (ranks, ties) = ranks(&sizes);
    let above: f64 = different.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, rank)| rank).sum();
    let n = different.len() as f64;
    let statistic = above.min(n * (n + 1.0) / 2.0 - above);
    let has_zeros = different.len() < all.len();
    if ties == 0.0 && !has_zeros && different.len() <= MAX_COUNTED_PAIRS {
        let below = signed_rank_share(different.len(), statistic as usize);
        return Ok(RankTest { statistic, p_value: (2.0 * below).min(1.0), method: Method::Exact });
    }
    let spread = ((n * (n + 1.0) * (2.0 * n + 1.0) - ties / 2.0) / 24.0).sqrt();
    let z = (statistic - n * (n + 1.0) / 4.0) / spread;
    Ok(RankTest { statistic, p_value: two_sided(z), method: Method::Normal })
}

/// The share of the signs of n ranks whose sum of the positive ones is at most `most`.
fn signed_rank_share(n: usize, most: usize) -> f64 {
    // ways[s]: in how many ways ranks 1 to k have the sum s. Each rank is in the sum or is not.
    let mut ways = vec![0.0; n * (n + 1) / 2 + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..ways.len()).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    ways.iter().take(most + 1).sum::<f64>() / 2f64.powi(n as i32)
}

/// Mann and Whitney's test: whether a value of one sample is as often above as below one of the other. Its
/// statistic U is the number of pairs in which the first sample's value is greater; equal ones count a half.
///
/// # Errors
///
/// [`StatisticsError::TooFew`] of an empty sample, [`StatisticsError::NotFinite`];
/// [`StatisticsError::NoSpread`] where all values are equal.
pub fn mann_whitney(a: &[f64], b: &[f64]) -> Result<RankTest, StatisticsError> {
    check(a, 1)?;
    check(b, 1)?;
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (ranks, ties) = ranks(&[a, b].concat());
    let statistic = ranks.iter().take(a.len()).sum::<f64>() - n * (n + 1.0) / 2.0;
    // The distribution is symmetric: the greater one of U and n m - U is looked at.
    let greater = statistic.max(n * m - statistic);
    if ties == 0.0 && a.len() * b.len() <= MAX_COUNTED_PRODUCT {
        // P(U >= greater) = P(U <= n m - greater).
        let below = rank_sum_share(a.len(), b.len(), (n * m - greater) as usize);
        return Ok(RankTest { statistic, p_value: (2.0 * below).min(1.0), method: Method::Exact });
    }
    let all = n + m;
    let variance = n * m / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    if variance <= 0.0 {
        return Err(StatisticsError::NoSpread);
    }
    // Half a unit towards the middle, as U is a whole number and the normal distribution is not.
    let z = (greater - n * m / 2.0 - 0.5) / variance.sqrt();
    let p_value = if z < 0.0 { 1.0 } else { two_sided(z) };
    Ok(RankTest { statistic, p_value, method: Method::Normal })
}

/// The share of the orders of n and m values in which U is at most `most`.
fn rank_sum_share(n: usize, m: usize, most: usize) -> f64 {
    // ways[i][u]: in how many orders of i values of the first sample and of the second's so far U is u.
    // Either the last value is the first sample's, which is above all of the second's, or it is the second's.
    let mut ways = vec![vec![0.0; n * m + 1]; n + 1];
    ways.iter_mut().for_each(|of_i| of_i[0] = 1.0);
    for j in 1..=m {
        for i in 1..=n {
            let (before, from) = ways.split_at_mut(i);
            let (Some(fewer), Some(these)) = (before.last(), from.first_mut()) else { continue };
            for u in j..=i * j {
                these[u] += fewer[u - j];
            }
        }
    }
    let of_all = &ways[n];
    of_all.iter().take(most + 1).sum::<f64>() / of_all.iter().sum::<f64>()
}

/// McNemar's exact test of pass rates over the same trials: `gained` pass in the second and not in the first,
/// `lost` the other way round. The statistic is the smaller one. Trials with the same result do not count.
///
/// # Errors
///
/// [`StatisticsError::NoSpread`] where no trial changed.
pub fn mcnemar(gained: u64, lost: u64) -> Result<RankTest, StatisticsError> {
    let (fewer, all) = (gained.min(lost), gained.saturating_add(lost));
    let distribution = Binomial::new(0.5, all).ok().filter(|_| all > 0);
    let distribution = distribution.ok_or(StatisticsError::NoSpread)?;
    let p_value = (2.0 * distribution.cdf(fewer)).min(1.0);
    Ok(RankTest { statistic: fewer as f64, p_value, method: Method::Exact })
}

/// The probability of a normal value as far from 0 as z.
fn two_sided(z: f64) -> f64 {
    2.0 * Normal::standard().sf(z.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_do_not_differ_say_so() {
        assert_eq!(wilcoxon(&[1.0, 2.0], &[1.0, 2.0]), Err(StatisticsError::NoSpread));
        assert_eq!(mann_whitney(&[1.0; 60], &[1.0; 60]), Err(StatisticsError::NoSpread));
        assert_eq!(mann_whitney(&[1.0], &[1.0]), Err(StatisticsError::NoSpread));
        assert_eq!(mcnemar(0, 0), Err(StatisticsError::NoSpread));
        assert_eq!(mcnemar(3, 3).unwrap().p_value, 1.0);
    }
}
