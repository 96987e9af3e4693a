//! The path of another run beside that of the film: a pale line of the other run's scores, and bars between
//! both that show which run is higher.

use crate::color::{GHOST, HIGHER, LOWER, Rgb, SAME, mix};
use crate::ghost::Ghost;
use crate::height::HeightScale;
use crate::marks::Segment;
use crate::places::Places;
use crate::vector::narrow;

/// Width of the pale line, and of a bar, world units.
const WIDTH: (f32, f32) = (0.26, 0.1);
/// Light of a bar as a share of its colour.
const BAR_LIGHT: f32 = 0.55;
/// Differences from this share of the scale on have the full colour.
const FULL_COLOR_SHARE: f64 = 0.5;

impl Ghost {
    /// The colour of a node by its difference to its counterpart; `None` without both scores.
    pub(crate) fn color(&self, places: &Places<'_>, i: usize) -> Option<Rgb> {
        Some(difference_color(places.heights, places.score(i)?, self.score(i)?))
    }

    /// The line through the counterparts of the drawn nodes, and the bars from these to their counterparts
    /// where the scores differ and every node is drawn: bars of nodes that stand for several would show
    /// differences that no step has.
    pub(crate) fn segments(&self, places: &Places<'_>, nodes: &[usize], is_extreme: &[bool]) -> Vec<Segment> {
        let point = |i: usize| self.score(i).map(|score| narrow(places.at_height(i as f64, Some(score))));
        let mut segments = Vec::with_capacity(2 * nodes.len());
        let mut last: Option<(usize, [f32; 3])> = None;
        for (i, is_extreme) in nodes.iter().copied().zip(is_extreme) {
            let Some(to) = point(i) else { continue };
            let index = i as f32;
            if let Some((before, from)) = last {
                let (from_index, color, width) = (before as f32, GHOST, WIDTH.0);
                segments.push(Segment { from, to, from_index, to_index: index, color, width });
            }
            let from = places.mark(i);
            if let Some(color) = self.color(places, i).filter(|_| !is_extreme && from != to) {
                let (color, width) = (color.map(|c| c * BAR_LIGHT), WIDTH.1);
                segments.push(Segment { from, to, from_index: index, to_index: index, color, width });
            }
            last = Some((i, to));
        }
        segments
    }
}

/// Grey where two scores are the same, towards one colour where the first is higher, towards another where it
/// is lower. The root makes small differences visible.
fn difference_color(heights: HeightScale, score: f64, other: f64) -> Rgb {
    let difference = (heights.normal(score) - heights.normal(other)) / 100.0;
    let share = (difference.abs() / FULL_COLOR_SHARE).min(1.0).sqrt();
    mix(SAME, if difference < 0.0 { LOWER } else { HIGHER }, share as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_color_tells_which_run_is_higher() {
        let unit = HeightScale { low: 0.0, high: 1.0 };
        let check = |score, other, expected: Rgb| {
            let found = difference_color(unit, score, other);
            let is_near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(is_near, "{found:?}, not {expected:?}, of {score} and {other}");
        };
        check(0.5, 0.5, SAME);
        check(1.0, 0.0, HIGHER);
        check(0.0, 0.5, LOWER);
        check(-f64::MAX, f64::MAX, LOWER);
        check(0.625, 0.5, mix(SAME, HIGHER, 0.5));
    }
}
