//! The range of most values of a path, and the path that a film is drawn by.

use crate::film::Film;
use crate::rules::is_measurement;
use crate::tree::{Path, PathId};

/// Nodes that a range is read from at most, evenly distributed over the film.
const SAMPLES: usize = 1024;
/// The share of values left out at each end.
const OUTSIDE: f64 = 0.02;

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
        let outside = OUTSIDE * last as f64;
        let low = values.get(outside.floor() as usize)?;
        let high = values.get(last - outside.floor() as usize)?;
        Some((*low, *high))
    }

    /// The indexes of at most so many nodes, from the first to the last, evenly distributed.
    pub(crate) fn sample(&self, most: usize) -> impl Iterator<Item = usize> + use<> {
        let count = self.len().min(most);
        let last = self.len().saturating_sub(1) as u128;
        // Widened so that the product cannot overflow where pointers are 32 bits.
        (0..count).map(move |k| (k as u128 * last / (count as u128 - 1).max(1)) as usize)
    }
}
