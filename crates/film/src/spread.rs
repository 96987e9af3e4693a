//! The range of most values of a path, and the path that a film is drawn by.

use crate::film::Film;
use crate::rules::is_measurement;
use crate::tree::{Path, PathId};

/// Nodes that a range is read from at most, evenly distributed over the film.
const SAMPLES: usize = 1024;
/// The share of values left out at each end.
const TRIMMED_SHARE: f64 = 0.02;

/// Nodes that a distribution is read from at most.
const MAX_NODES: usize = 4096;

/// How scores are distributed.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// The lowest score.
    pub low: f64,
    /// The highest score.
    pub high: f64,
    /// The number of scores in each of the equal parts of the range, from the lowest on: those that pass, and
    /// those that fail. A score at a border belongs to the upper part, the highest to the last one.
    pub parts: Vec<[u32; 2]>,
    /// How many scores were read.
    pub scores: usize,
    /// Whether only some of the nodes were read.
    pub is_sample: bool,
}

impl Film {
    /// The path that gives a film its height: `root`; where it has no score, the first rubric in tree order
    /// that has one; then the first measurement.
    pub fn main_path(&self) -> Option<PathId> {
        let has_scores = |p: &Path| {
            let track = self.tracks.get(p.id.0 as usize);
            track.is_some_and(|track| !track.scores.is_empty())
                || !self.measurements.history(p.id.0).is_empty()
        };
        let scored = || self.paths().iter().filter(|p| has_scores(p));
        // Tree order begins with `root`.
        let path = scored().find(|p| !is_measurement(&p.path)).or_else(|| scored().next());
        path.or(self.paths().first()).map(|p| p.id)
    }

    /// The range of most scores of a path, from the 2nd to the 98th percentile. Of a film with more than
    /// 1,024 nodes, as many evenly distributed ones are read. `None` without a score.
    pub fn robust_range(&self, path: PathId) -> Option<(f64, f64)> {
        let mut values: Vec<f64> = self.sample(SAMPLES).filter_map(|i| self.score(i, path)).collect();
        values.sort_unstable_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let outside = TRIMMED_SHARE * last as f64;
        let low = values.get(outside.floor() as usize)?;
        let high = values.get(last - outside.floor() as usize)?;
        Some((*low, *high))
    }

    /// How the scores of a path are distributed over nodes `from..to`: their range from the lowest to the
    /// highest, cut into `bins` equal parts. Of more than 4,096 nodes, as many evenly distributed ones are
    /// read. `None` without a score.
    pub fn distribution(&self, path: PathId, from: usize, to: usize, bins: usize) -> Option<Distribution> {
        let nodes = to.min(self.len()).checked_sub(from)?;
        let read = evenly(nodes, MAX_NODES).map(|i| from + i);
        let scores: Vec<(f64, bool)> =
            read.filter_map(|i| Some((self.score(i, path)?, self.path_failure(i, path).is_some()))).collect();
        let low = scores.iter().map(|(value, _)| *value).reduce(f64::min)?;
        let high = scores.iter().map(|(value, _)| *value).reduce(f64::max)?;
        let mut parts = vec![[0; 2]; bins.max(1)];
        let last = parts.len() - 1;
        // Halved, so that the width of the greatest range does not overflow.
        let width = high / 2.0 - low / 2.0;
        for (value, is_failing) in &scores {
            let share = if width > 0.0 { (value / 2.0 - low / 2.0) / width } else { 0.0 };
            let part = ((share * parts.len() as f64) as usize).min(last);
            if let Some(counts) = parts.get_mut(part) {
                counts[usize::from(*is_failing)] += 1;
            }
        }
        Some(Distribution { low, high, parts, scores: scores.len(), is_sample: nodes > MAX_NODES })
    }

    /// The indexes of at most so many nodes, from the first to the last, evenly distributed.
    pub(crate) fn sample(&self, most: usize) -> impl Iterator<Item = usize> + use<> {
        evenly(self.len(), most)
    }
}

/// At most `most` of the numbers below `count`, from the first to the last, evenly distributed.
fn evenly(count: usize, most: usize) -> impl Iterator<Item = usize> + use<> {
    let (taken, last) = (count.min(most), count.saturating_sub(1) as u128);
    // Widened so that the product cannot overflow where pointers are 32 bits.
    (0..taken).map(move |k| (k as u128 * last / (taken as u128 - 1).max(1)) as usize)
}
