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

/// In an outline, a node that was not evaluated is replaced by the first of so many nodes that was: a judge
/// may score one rollout of each group.
const SCORED_WITHIN: usize = 8;

impl Film {
    /// The history of a path as few points: the nodes at multiples of a power of two, so that at most
    /// `points` of them are there and a run that grows leaves them in place; the lowest and the highest
    /// score; and the last node. A node that was not evaluated is replaced by one soon after it. However long
    /// the run is, no more nodes are read.
    pub fn outline(&self, p: PathId, points: usize) -> Vec<Point> {
        let stride = self.len().div_ceil(points.max(1)).max(1).next_power_of_two();
        let ends = self.totals(p).extremes.into_iter().flatten().map(|(i, _)| i);
        let scored = |from: usize| {
            let end = (from + stride.min(SCORED_WITHIN)).min(self.len());
            (from..end).find(|i| self.score(*i, p).is_some())
        };
        let mut nodes: Vec<usize> = (0..self.len()).step_by(stride).filter_map(scored).chain(ends).collect();
        nodes.extend(self.len().checked_sub(1));
        nodes.sort_unstable();
        nodes.dedup();
        nodes.into_iter().flat_map(|i| self.series(p, i, i + 1, 1)).collect()
    }

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
