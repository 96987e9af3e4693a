//! What the scored steps of a run add up to, as lists of runs show it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use gauntlet_film::Sum;
use gauntlet_model::FailureKind;

/// Episodes remembered over all runs.
const REMEMBERED: usize = 1 << 18;

/// The sum of a run's nodes. A node is a scored step of an episode; it counts once, as it stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub steps: u64,
    pub failing: u64,
    pub roots: Sum,
    /// The root score of the last snapshot that has one, and where that lies.
    pub last_root: Option<(f64, i64)>,
    /// The greatest step that was scored, by a snapshot or later.
    pub top_step: Option<u32>,
}

/// How a node stands: where its last snapshot lies, and that one's scores with later ones laid over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    pub place: i64,
    pub root: Option<f64>,
    pub failure: Option<FailureKind>,
}

impl Tally {
    /// Counts a node.
    pub fn enter(&mut self, node: Standing) {
        self.steps += 1;
        self.failing += u64::from(node.failure.is_some());
        let Some(root) = node.root else { return };
        self.roots.add(root);
        if self.last_root.is_none_or(|(_, last)| last <= node.place) {
            self.last_root = Some((root, node.place));
        }
    }

    /// Counts a node no longer as it stood.
    pub fn leave(&mut self, node: Standing) {
        self.steps = self.steps.saturating_sub(1);
        self.failing = self.failing.saturating_sub(u64::from(node.failure.is_some()));
        node.root.into_iter().for_each(|root| self.roots.remove(root));
    }

    /// Notes that something scored a step.
    pub fn reach(&mut self, step: u32) {
        self.top_step = self.top_step.max(Some(step));
    }

    /// [`Tally::roots`] as it is stored.
    pub fn root_sum(&self) -> Vec<u8> {
        self.roots.partials().iter().flat_map(|part| part.to_le_bytes()).collect()
    }
}

/// What [`Tally::root_sum`] stored of so many numbers.
pub(super) fn sum_of(stored: &[u8], count: u64) -> Sum {
    let (parts, _) = stored.as_chunks();
    Sum::from_parts(parts.iter().map(|part| f64::from_le_bytes(*part)).collect(), count)
}

/// Tells which nodes the log can hold nothing of, without asking it: the highest step scored of each episode met
/// lately. It may take a new node for an old one, never the other way round; so what a rolled back transaction
/// leaves here does no harm.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    /// By run and episode. Where two share a hash, they share the higher step.
    highest: HashMap<u64, u32>,
    /// By run, the highest step scored of the episodes that are not remembered.
    floors: HashMap<i64, Option<u32>>,
}

impl Fresh {
    /// Whether this is the first that scores this step of the episode. `top`: the greatest step scored in the run.
    pub fn is_new(&mut self, run_no: i64, episode: Option<&str>, step: u32, top: Option<u32>) -> bool {
        if self.highest.len() >= REMEMBERED {
            *self = Self::default();
        }
        let floor = *self.floors.entry(run_no).or_insert(top);
        let mut hasher = DefaultHasher::new();
        (run_no, episode).hash(&mut hasher);
        let key = hasher.finish();
        let known = self.highest.get(&key).copied().max(floor);
        let is_new = known.is_none_or(|known| step > known);
        if is_new {
            self.highest.insert(key, step);
        }
        is_new
    }
}
