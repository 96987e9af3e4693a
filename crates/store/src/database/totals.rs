//! What the scored steps of a run add up to, as lists of runs show it; and which nodes are known to be new.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use gauntlet_film::Sum;
use roaring::RoaringTreemap;

use crate::row::Failure;

/// Nodes remembered over all runs.
const MAX_RUNS: usize = 1 << 18;

/// What the nodes of a run add up to. A node is a scored step of an episode; it counts once, with the scores
/// that count.
#[derive(Debug, Clone, Default)]
pub(super) struct RunTotals {
    pub steps: u64,
    pub failing: u64,
    pub roots: Sum,
    /// The root score of the last snapshot that has one, and its position in the log.
    pub last_root: Option<(f64, i64)>,
    /// The greatest step that was scored, by a snapshot or later.
    pub top_step: Option<u64>,
}

/// What counts of a node: the place of its last snapshot in the log, and root and failure with the later
/// scores over it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NodeScore {
    pub place: i64,
    pub root: Option<f64>,
    pub failure: Option<Failure>,
}

impl RunTotals {
    /// Counts a node.
    pub(super) fn add(&mut self, node: NodeScore) {
        self.steps += 1;
        self.failing += u64::from(node.failure.is_some());
        let Some(root) = node.root else { return };
        self.roots.add(root);
        if self.last_root.is_none_or(|(_, last)| last <= node.place) {
            self.last_root = Some((root, node.place));
        }
    }

    /// Takes back what [`RunTotals::add`] counted of a node.
    pub(super) fn remove(&mut self, node: NodeScore) {
        self.steps = self.steps.saturating_sub(1);
        self.failing = self.failing.saturating_sub(u64::from(node.failure.is_some()));
        node.root.into_iter().for_each(|root| self.roots.remove(root));
    }

    /// Notes that a step was scored, by a snapshot or later.
    pub(super) fn observe_step(&mut self, step: u64) {
        self.top_step = self.top_step.max(Some(step));
    }

    /// [`RunTotals::roots`] as it is stored.
    pub(super) fn root_sum(&self) -> Vec<u8> {
        self.roots.partials().iter().flat_map(|part| part.to_le_bytes()).collect()
    }
}

/// What [`RunTotals::root_sum`] stored of so many numbers.
pub(super) fn sum_of(stored: &[u8], count: u64) -> Sum {
    let (parts, _) = stored.as_chunks();
    Sum::from_parts(parts.iter().map(|part| f64::from_le_bytes(*part)).collect(), count)
}

/// Finds nodes that no event of the log has scored yet without asking the log, by what was scored last. It
/// may take a new node for a known one, which costs a look-up, and never the other way round; so what a
/// rolled back transaction leaves here has no effect.
#[derive(Debug, Default)]
pub(super) struct NewNodeFilter {
    runs: HashMap<i64, Scored>,
    /// Entries in all of them.
    remembered: usize,
}

/// What of one run was scored since it is remembered.
#[derive(Debug)]
struct Scored {
    /// The greatest step that was scored before.
    floor: Option<u64>,
    /// Steps of no episode: they come from several processes at once, in no order.
    alone: RoaringTreemap,
    /// The highest step of each episode, by its hash. Where two share one, they share the higher step.
    highest: HashMap<u64, u64>,
}

impl NewNodeFilter {
    /// Forgets a run: another server has written it. What was scored until then is asked for from now on.
    pub(super) fn forget(&mut self, run_no: i64) {
        self.runs.remove(&run_no);
    }

    /// Whether this is the first that scores this step of the episode. `top`: the greatest step scored in the
    /// run.
    pub(super) fn is_new(&mut self, run_no: i64, episode: Option<&str>, step: u64, top: Option<u64>) -> bool {
        if self.remembered >= MAX_RUNS {
            *self = Self::default();
        }
        let run = self.runs.entry(run_no).or_insert_with(|| Scored {
            floor: top,
            alone: RoaringTreemap::new(),
            highest: HashMap::new(),
        });
        let is_above = run.floor.is_none_or(|floor| step > floor);
        let is_new = match episode {
            None => is_above && run.alone.insert(step),
            Some(episode) => {
                let mut hasher = DefaultHasher::new();
                episode.hash(&mut hasher);
                let highest = run.highest.entry(hasher.finish());
                let is_above =
                    is_above && !matches!(&highest, Entry::Occupied(known) if step <= *known.get());
                if is_above {
                    highest.insert_entry(step);
                }
                is_above
            }
        };
        self.remembered += usize::from(is_new);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_never_scored_is_new() {
        let mut filter = NewNodeFilter::default();
        let mut new = |episode, step| filter.is_new(1, episode, step, Some(4));
        let steps = [7, 5, 6, 5, 4, 3, 8, 6].map(|step| new(None, step));
        assert_eq!(steps, [true, true, true, false, false, false, true, false]);
        let steps = [7, 7, 6, 9, 4].map(|step| new(Some("a"), step));
        assert_eq!(
            steps,
            [true, false, false, true, false],
            "of an episode only rising steps are known to be new"
        );
        assert!(new(Some("b"), 7));
        assert!(filter.is_new(2, None, 0, None));
    }

    #[test]
    fn what_is_forgotten_is_no_longer_new() {
        let mut filter = NewNodeFilter::default();
        let last = MAX_RUNS as u64;
        assert!((0..last).all(|step| filter.is_new(1, None, step, step.checked_sub(1))));
        assert!(!filter.is_new(1, None, 0, Some(last - 1)));
        assert!(filter.is_new(1, None, last, Some(last - 1)));
    }
}
