//! Intervals of any statistic, by drawing samples from the sample.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::StatisticsError;
use crate::interval::{CONFIDENCE, Interval};
use crate::sample::check;
use crate::summary::quantile_of;

/// The largest number of samples that are drawn.
const MAX_DRAWS: usize = 1_000_000;

/// The interval of a statistic of two samples at [`CONFIDENCE`]: the middle of what it is of samples that are
/// drawn from these with replacement (the percentile interval of Efron, "Bootstrap Methods", 1979). The same
/// seed gives the same interval.
///
/// # Errors
///
/// [`StatisticsError::TooFew`] of an empty sample, [`StatisticsError::NotFinite`], also of what the statistic
/// answers; [`StatisticsError::OutOfRange`] of fewer than 100 draws or more than a million.
pub fn bootstrap(
    (a, b): (&[f64], &[f64]),
    statistic: impl Fn(&[f64], &[f64]) -> f64,
    draws: usize,
    seed: u64,
) -> Result<Interval, StatisticsError> {
    check(a, 1)?;
    check(b, 1)?;
    if !(100..=MAX_DRAWS).contains(&draws) {
        let (name, range) = ("draws", "from 100 to 1,000,000");
        return Err(StatisticsError::OutOfRange { name, value: draws as f64, range });
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |from: &[f64], into: &mut Vec<f64>| {
        into.clear();
        // The upper half of a product of 64 bits with the length is an index; of the shortest samples and the
        // longest alike its bias is below one in 2^32.
        let mut index = || ((u128::from(random.next_u64()) * from.len() as u128) >> 64) as usize;
        into.extend((0..from.len()).map(|_| from[index()]));
    };
    let (mut of_a, mut of_b) = (Vec::with_capacity(a.len()), Vec::with_capacity(b.len()));
    let mut found = Vec::with_capacity(draws);
    for _ in 0..draws {
        draw(a, &mut of_a);
        draw(b, &mut of_b);
        found.push(statistic(&of_a, &of_b));
    }
    check(&found, 1)?;
    found.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Ok(Interval { low: quantile_of(&found, tail), high: quantile_of(&found, 1.0 - tail) })
}
