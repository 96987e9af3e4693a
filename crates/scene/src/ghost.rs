//! The scores of another run beside those of a film.

use std::sync::Arc;

use gauntlet_film::{Film, Pairing, PathId};

/// For each node of a film the score of its counterpart in another film. Cheap to clone; two are equal where
/// one is a clone of the other.
#[derive(Debug, Clone)]
pub struct Ghost(Arc<[Option<f64>]>);

impl PartialEq for Ghost {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Ghost {
    /// The scores of the other film by the chosen rubric, or by the path that the film is drawn by. Where the
    /// other film does not have that path, no node has a score.
    pub fn of(film: &Film, other: &Film, pairing: &Pairing, rubric: Option<PathId>) -> Self {
        let drawn = rubric.or_else(|| film.main_path()).and_then(|path| film.path_of(path));
        let path = drawn.and_then(|path| other.find_path(&path.path));
        let score = |i: usize| other.score(pairing.get(i)?, path?);
        Self((0..film.len()).map(score).collect())
    }

    /// The score of the counterpart of a node.
    pub fn score(&self, i: usize) -> Option<f64> {
        self.0.get(i).copied().flatten()
    }

    /// The node at which the runs differ most by the chosen rubric; with `after`, the one that follows that
    /// node by the size of the difference. `None` where no other node differs.
    pub fn most_differing(&self, film: &Film, rubric: Option<PathId>, after: Option<usize>) -> Option<usize> {
        let path = rubric.or_else(|| film.main_path())?;
        let size = |i: usize| {
            // Halved, as the difference of two finite numbers may be infinite.
            let size = (film.score(i, path)? / 2.0 - self.score(i)? / 2.0).abs();
            (size > 0.0).then_some((size, i))
        };
        // Of equal differences the first node comes first.
        let is_before = |a: (f64, usize), b: (f64, usize)| a.0 > b.0 || (a.0 == b.0 && a.1 < b.1);
        let limit = after.and_then(size);
        let found = (0..self.0.len()).filter_map(size).filter(|at| limit.is_none_or(|l| is_before(l, *at)));
        found.reduce(|best, at| if is_before(at, best) { at } else { best }).map(|(_, i)| i)
    }
}
