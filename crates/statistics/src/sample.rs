//! What every statistic needs of its samples first: that they are large enough and finite; moments; ranks.

use crate::StatisticsError;

/// Checks that a sample has at least `needed` values, all of them finite.
pub(crate) fn check(values: &[f64], needed: usize) -> Result<(), StatisticsError> {
    if values.len() < needed {
        return Err(StatisticsError::TooFew { needed, found: values.len() });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(StatisticsError::NotFinite { index, value: values[index] }),
        None => Ok(()),
    }
}

/// The differences `a - b` of paired samples.
pub(crate) fn differences(a: &[f64], b: &[f64], needed: usize) -> Result<Vec<f64>, StatisticsError> {
    check(a, needed)?;
    check(b, needed)?;
    if a.len() != b.len() {
        return Err(StatisticsError::NotPaired { a: a.len(), b: b.len() });
    }
    Ok(a.iter().zip(b).map(|(a, b)| a - b).collect())
}

/// The mean of a sample that is not empty.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The unbiased variance of a sample of two or more values. Two passes: of large values that differ little,
/// the sum of squares would lose every digit.
pub(crate) fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// The values, ascending.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Ranks from 1, equal values with the mean of theirs; and the sum of `t³ - t` over the groups of `t` equal
/// values, by which ties shrink the variance of a rank statistic. 0: there is no tie.
pub(crate) fn ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].total_cmp(&values[*j]));
    let mut ranks = vec![0.0; values.len()];
    let (mut ties, mut from) = (0.0, 0);
    for equal in order.chunk_by(|i, j| values[*i] == values[*j]) {
        let size = equal.len() as f64;
        let rank = from as f64 + (size + 1.0) / 2.0;
        equal.iter().for_each(|index| ranks[*index] = rank);
        ties += size.powi(3) - size;
        from += equal.len();
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), (vec![3.5, 1.0, 3.5, 2.0], 6.0));
        assert_eq!(ranks(&[-0.0, 0.0]), (vec![1.5, 1.5], 6.0));
    }

    #[test]
    fn what_is_wrong_with_a_sample_is_named() {
        assert_eq!(check(&[1.0], 2), Err(StatisticsError::TooFew { needed: 2, found: 1 }));
        let error = check(&[1.0, f64::INFINITY], 2).unwrap_err();
        assert_eq!(error.to_string(), "value 1 is inf, not a finite number");
        let error = differences(&[1.0, 2.0], &[1.0, 2.0, 3.0], 2).unwrap_err();
        assert_eq!(error, StatisticsError::NotPaired { a: 2, b: 3 });
    }
}
