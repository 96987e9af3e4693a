//! One path's history as few points, without losing an extreme.

use crate::extremes::extremes;
use crate::film::Film;
use crate::tree::PathId;

/// One point of a history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Index of the node.
    pub index: u64,
    /// Its step.
    pub step: u64,
    /// The score.
    pub value: f64,
    /// Whether the rules fail it.
    pub failed: bool,
}

impl Film {
    /// The scores of a path at nodes `from..to`, as about `points` points in order. Where there are more
    /// scores than that, the range is cut into `points / 2` equal parts (at least one), and each part's
    /// lowest and highest score stay: no spike is lost. Nodes that were not evaluated give no point.
    pub fn series(&self, p: PathId, from: usize, to: usize, points: usize) -> Vec<Point> {
        let rows = self.nodes.rows().get(from..to.min(self.len())).unwrap_or_default();
        let Some(track) = self.tracks.get(p.0 as usize).filter(|_| points > 0) else { return Vec::new() };
        let point = |(i, row): (usize, &u32)| {
            let value = self.score_of(*row, p)?;
            let failed = track.verdict.judge(value).is_some();
            Some(Point { index: (from + i) as u64, step: self.nodes.step(*row)?, value, failed })
        };
        let all = || rows.iter().enumerate();
        if rows.len() <= points || all().filter_map(point).nth(points).is_none() {
            return all().filter_map(point).collect();
        }
        let parts = (points / 2).max(1);
        let mut sampled = Vec::with_capacity(2 * parts);
        for part in 0..parts {
            // Widened so that the product cannot overflow where pointers are 32 bits.
            let end = |part: usize| (part as u128 * rows.len() as u128 / parts as u128) as usize;
            let inside = all().take(end(part + 1)).skip(end(part)).filter_map(point);
            sampled.extend(extremes(inside, |point| point.value));
        }
        sampled
    }
}
