//! The lowest and the highest of some values. Every downsampled history retains both, so that no spike is
//! lost.

/// The items of the lowest and of the highest value, in the order they come in; one where they are the same
/// item. Of equal values the first one counts.
pub(crate) fn extremes<T: Copy>(
    items: impl IntoIterator<Item = T>,
    value: impl Fn(T) -> f64,
) -> impl Iterator<Item = T> {
    let mut ends: Option<[(usize, T); 2]> = None;
    for (position, item) in items.into_iter().enumerate() {
        let [low, high] = ends.get_or_insert([(position, item); 2]);
        if value(item) < value(low.1) {
            *low = (position, item);
        }
        if value(item) > value(high.1) {
            *high = (position, item);
        }
    }
    let (first, second) = match ends {
        Some([low, high]) if low.0 == high.0 => (Some(low.1), None),
        Some([low, high]) if low.0 < high.0 => (Some(low.1), Some(high.1)),
        Some([low, high]) => (Some(high.1), Some(low.1)),
        None => (None, None),
    };
    first.into_iter().chain(second)
}

#[cfg(test)]
mod tests {
    use super::extremes;

    fn check(values: &[f64], expect: &[usize]) {
        let found: Vec<usize> = extremes(0..values.len(), |i| values[i]).collect();
        assert_eq!(found, expect, "{values:?}");
    }

    #[test]
    fn the_first_lowest_and_the_first_highest_come_in_order() {
        check(&[], &[]);
        check(&[2.0], &[0]);
        check(&[2.0, 2.0], &[0]);
        check(&[1.0, 3.0, 3.0, 1.0], &[0, 1]);
        check(&[5.0, -1.0, 0.0, 7.0], &[1, 3]);
        check(&[9.0, 0.0, -9.0], &[0, 2]);
    }
}
