//! Series of values as SVG polylines; the same text on any machine.

use std::fmt::Write;

/// Points to a polyline's `d`: x from 0 to `width`, y within `height` with a margin of `pad`, high values on
/// top. A history that never changes is a line through the middle.
pub(super) fn polyline(
    points: impl Iterator<Item = (f64, f64)> + Clone,
    range: (f64, f64),
    size: (f64, f64),
    pad: f64,
) -> String {
    let mut path = String::new();
    for (i, (x, value)) in points.enumerate() {
        let letter = if i == 0 { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(path, "{letter}{:.1},{:.1}", x * size.0, height_of(value, range, size.1, pad));
    }
    path
}

/// The y of a value.
pub(super) fn height_of(value: f64, (low, high): (f64, f64), height: f64, pad: f64) -> f64 {
    let span = high - low;
    let share = if span > 0.0 && span.is_finite() { (value - low) / span } else { 0.5 };
    pad + (1.0 - share.clamp(0.0, 1.0)) * (height - 2.0 * pad)
}

/// The lowest and the highest of some values; `None` without any.
pub(super) fn range_of(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, v| {
        Some(range.map_or((v, v), |(low, high): (f64, f64)| (low.min(v), high.max(v))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_touch_the_edges() {
        let points = [(0.0, -20.0), (0.5, 50.0), (1.0, 15.0)];
        let range = range_of(points.iter().map(|p| p.1)).expect("three values");
        assert_eq!(polyline(points.into_iter(), range, (88.0, 18.0), 2.0), "M0.0,16.0L44.0,2.0L88.0,9.0");
    }

    #[test]
    fn a_flat_history_is_a_line_in_the_middle() {
        let points = [(0.0, 3.0), (1.0, 3.0)];
        assert_eq!(polyline(points.into_iter(), (3.0, 3.0), (10.0, 10.0), 1.0), "M0.0,5.0L10.0,5.0");
        assert_eq!(range_of(std::iter::empty()), None);
    }
}
