//! What is drawn of a histogram: its mean, count and quantiles, estimated from the bounds of its buckets.

use crate::proto::{Buckets, ExponentialHistogramDataPoint, HistogramDataPoint};

/// Values that are counted together.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    low: f64,
    high: f64,
    count: u64,
}

/// The statistics of a histogram's point by name; none where it counted nothing.
pub(crate) fn histogram_statistics(point: &HistogramDataPoint) -> Vec<(&'static str, f64)> {
    let bound = |i: usize| point.explicit_bounds.get(i).copied();
    let buckets = point.bucket_counts.iter().enumerate().map(|(i, count)| {
        // The outermost buckets lack a bound: the extremes replace it, else the bound that they have.
        let low = i.checked_sub(1).and_then(bound).or(point.min).or(bound(i)).unwrap_or(0.0);
        let high = bound(i).or(point.max).unwrap_or(low);
        Bucket { low, high, count: *count }
    });
    statistics(point.count, point.sum, (point.min, point.max), buckets.collect())
}

/// The same of one whose bounds are powers of a base.
pub(crate) fn exponential_statistics(point: &ExponentialHistogramDataPoint) -> Vec<(&'static str, f64)> {
    let base = (-f64::from(point.scale)).exp2().exp2();
    let side = |buckets: &Option<Buckets>, sign: f64| -> Vec<Bucket> {
        let Some(buckets) = buckets else { return Vec::new() };
        let of = |(i, count): (i32, &u64)| {
            let power = buckets.offset.saturating_add(i);
            let ends = [base.powi(power) * sign, base.powi(power.saturating_add(1)) * sign];
            Bucket { low: ends[0].min(ends[1]), high: ends[0].max(ends[1]), count: *count }
        };
        (0..).zip(&buckets.bucket_counts).map(of).collect()
    };
    let mut buckets = side(&point.negative, -1.0);
    buckets.reverse();
    buckets.push(Bucket { low: 0.0, high: 0.0, count: point.zero_count });
    buckets.extend(side(&point.positive, 1.0));
    statistics(point.count, point.sum, (point.min, point.max), buckets)
}

/// `buckets` must be in ascending order.
fn statistics(
    count: u64,
    sum: Option<f64>,
    (min, max): (Option<f64>, Option<f64>),
    buckets: Vec<Bucket>,
) -> Vec<(&'static str, f64)> {
    let mut named = vec![("count", count as f64)];
    if count == 0 {
        return named;
    }
    if let Some(sum) = sum {
        named.insert(0, ("mean", sum / count as f64));
    }
    for (name, share) in [("p50", 0.5), ("p95", 0.95)] {
        if let Some(value) = quantile(&buckets, share) {
            named.push((name, value.max(min.unwrap_or(value)).min(max.unwrap_or(f64::MAX))));
        }
    }
    named
}

/// The value below which that share of the counts is, as if each bucket's were spread evenly.
fn quantile(buckets: &[Bucket], share: f64) -> Option<f64> {
    let total: u64 = buckets.iter().map(|bucket| bucket.count).sum();
    let wanted = total as f64 * share;
    let mut below = 0.0;
    for bucket in buckets.iter().filter(|bucket| bucket.count > 0) {
        let count = bucket.count as f64;
        if below + count >= wanted {
            return Some(bucket.low + (bucket.high - bucket.low) * (wanted - below) / count);
        }
        below += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_the_buckets() {
        let point = HistogramDataPoint {
            count: 10,
            sum: Some(42.0),
            bucket_counts: vec![2, 6, 2],
            explicit_bounds: vec![1.0, 5.0],
            min: Some(0.0),
            max: Some(9.0),
            ..HistogramDataPoint::default()
        };
        assert_eq!(
            histogram_statistics(&point),
            [("mean", 4.2), ("count", 10.0), ("p50", 3.0), ("p95", 8.0)]
        );
        let empty = HistogramDataPoint { bucket_counts: vec![0, 0], ..HistogramDataPoint::default() };
        assert_eq!(histogram_statistics(&empty), [("count", 0.0)]);
        // Nothing is known above the last bound without a greatest value.
        let open = HistogramDataPoint {
            count: 4,
            bucket_counts: vec![0, 4],
            explicit_bounds: vec![2.0],
            ..HistogramDataPoint::default()
        };
        assert_eq!(histogram_statistics(&open), [("count", 4.0), ("p50", 2.0), ("p95", 2.0)]);
    }

    #[test]
    fn exponential_buckets_are_powers_of_their_base() {
        // Scale 0: bounds are 1, 2, 4, 8.
        let point = ExponentialHistogramDataPoint {
            count: 8,
            sum: Some(16.0),
            positive: Some(Buckets { offset: 0, bucket_counts: vec![4, 4] }),
            ..ExponentialHistogramDataPoint::default()
        };
        assert_eq!(
            exponential_statistics(&point),
            [("mean", 2.0), ("count", 8.0), ("p50", 2.0), ("p95", 3.8)]
        );
    }
}
