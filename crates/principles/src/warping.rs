//! Dynamic time warping: how far two series of vectors are from each other where one may run ahead of the
//! other a little.

/// The width of the Sakoe-Chiba band as a share of the longer series.
pub const BAND_SHARE: f64 = 0.1;

/// The square root of the least sum of squared distances over all paths within the band; infinite where one
/// series is empty and the other is not.
pub fn distance<const N: usize>(one: &[[f64; N]], other: &[[f64; N]]) -> f64 {
    let (rows, columns) = (one.len(), other.len());
    if rows == 0 || columns == 0 {
        return if rows == columns { 0.0 } else { f64::INFINITY };
    }
    let band = (BAND_SHARE * rows.max(columns) as f64).ceil() as usize;
    // Of two series of different lengths, the longer one may run ahead by the difference as well.
    let (behind, ahead) = (band + rows.saturating_sub(columns), band + columns.saturating_sub(rows));
    let mut last = vec![f64::INFINITY; columns + 1];
    let mut next = last.clone();
    if let Some(corner) = last.first_mut() {
        *corner = 0.0;
    }
    for (row, point) in one.iter().enumerate() {
        next.fill(f64::INFINITY);
        let from = row.saturating_sub(behind);
        for (column, candidate) in other.iter().enumerate().take(row + ahead + 1).skip(from) {
            let least = last[column].min(last[column + 1]).min(next[column]);
            next[column + 1] = least + squared(point, candidate);
        }
        std::mem::swap(&mut last, &mut next);
    }
    last[columns].sqrt()
}

fn squared<const N: usize>(one: &[f64; N], other: &[f64; N]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Vec<[f64; 1]> {
        values.iter().map(|value| [*value]).collect()
    }

    #[test]
    fn the_worked_values_of_the_specification() {
        assert_eq!(distance(&series(&[0.0, 1.0, 2.0]), &series(&[0.0, 2.0, 2.0])), 1.0);
        let one = series(&[0.0, 0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
        let other = series(&[0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert!((distance(&one, &other) - std::f64::consts::SQRT_2).abs() < 1e-12);
    }

    #[test]
    fn an_empty_series_is_like_another_empty_one_only() {
        assert_eq!(distance(&series(&[]), &series(&[])), 0.0);
        assert_eq!(distance(&series(&[]), &series(&[1.0])), f64::INFINITY);
    }
}
