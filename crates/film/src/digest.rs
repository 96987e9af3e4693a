//! Digests: summaries of many nodes that are drawn as one point. They are computed block by block and
//! kept, so that a run of a million steps that grows by one costs one block.

use std::ops::Range;

use gauntlet_model::FailureKind;

use crate::blocks::BLOCK;
use crate::film::Film;
use crate::tree::PathId;

/// The number of kinds of failure.
const KINDS: usize = FailureKind::ALL.len();

/// What consecutive nodes show of one path.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Digest {
    /// How many nodes there are.
    pub nodes: usize,
    /// How many of them have a score.
    pub scores: usize,
    /// The sum of the scores.
    pub sum: f64,
    /// Index and score of the first lowest and of the first highest one.
    pub extremes: Option<[(usize, f64); 2]>,
    /// The number of failing nodes by kind, in the order of [`FailureKind::ALL`].
    pub failing: [usize; KINDS],
    /// Index and failure of the first of the most severe failing nodes.
    pub worst: Option<(usize, FailureKind)>,
}

/// What counts as a failure in a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailuresOf {
    /// A node's most severe failure.
    Node,
    /// The failure of the path's own score.
    Path,
}

impl Digest {
    /// The digest of nodes by index. Reads every one of them.
    pub fn of(film: &Film, path: Option<PathId>, failures: FailuresOf, nodes: Range<usize>) -> Self {
        let mut digest = Self::default();
        for i in nodes.start..nodes.end.min(film.len()) {
            let score = path.and_then(|path| film.score(i, path));
            let failure = match failures {
                FailuresOf::Node => film.failure(i),
                FailuresOf::Path => path.and_then(|path| film.path_failure(i, path)),
            };
            digest.add(i, score, failure);
        }
        digest
    }

    fn add(&mut self, i: usize, score: Option<f64>, failure: Option<FailureKind>) {
        self.nodes += 1;
        if let Some(value) = score {
            self.scores += 1;
            self.sum += value;
            let [low, high] = self.extremes.get_or_insert([(i, value); 2]);
            if value < low.1 {
                *low = (i, value);
            }
            if value > high.1 {
                *high = (i, value);
            }
        }
        let Some(kind) = failure else { return };
        let place = FailureKind::ALL.iter().position(|known| *known == kind);
        if let Some(count) = place.and_then(|place| self.failing.get_mut(place)) {
            *count += 1;
        }
        if self.worst.is_none_or(|(_, known)| kind < known) {
            self.worst = Some((i, kind));
        }
    }

    /// The digest of these nodes and of those of `next`, which follow them.
    pub fn join(mut self, next: &Self) -> Self {
        self.nodes += next.nodes;
        self.scores += next.scores;
        self.sum += next.sum;
        self.failing.iter_mut().zip(next.failing).for_each(|(count, more)| *count += more);
        if next.worst.is_some_and(|(_, kind)| self.worst.is_none_or(|(_, known)| kind < known)) {
            self.worst = next.worst;
        }
        self.extremes = match (self.extremes, next.extremes) {
            (Some([low, high]), Some([next_low, next_high])) => Some([
                if next_low.1 < low.1 { next_low } else { low },
                if next_high.1 > high.1 { next_high } else { high },
            ]),
            (known, next) => known.or(next),
        };
        self
    }

    /// The mean of the scores; `None` without any.
    pub fn mean(&self) -> Option<f64> {
        (self.scores > 0).then(|| self.sum / self.scores as f64)
    }

    /// The indexes of the nodes that shape a picture: the lowest, the highest and the most severe failing
    /// one; rising, each once. None where nothing has a score or fails.
    pub fn shaping(&self) -> impl Iterator<Item = usize> + use<> {
        let [low, high] = self.extremes.map_or([None; 2], |ends| ends.map(|(i, _)| Some(i)));
        let mut shaping = [low, high, self.worst.map(|(i, _)| i)];
        shaping.sort_unstable();
        let [first, second, third] = shaping;
        let second = second.filter(|_| second != first);
        let third = third.filter(|_| third != shaping[1]);
        [first, second, third].into_iter().flatten()
    }
}

/// The digests of every [`BLOCK`] nodes of a film, for one path.
#[derive(Debug, Clone, Default)]
pub struct Digests {
    of: Option<(Option<PathId>, FailuresOf)>,
    /// The revision of the film that the blocks are of, and its number of nodes.
    seen: (u64, usize),
    blocks: Vec<Digest>,
    computed: u64,
}

impl Digests {
    /// Brings the digests up to date with the film. Reads the nodes of the blocks that have changed since the
    /// last call, and all of them after a call for another path.
    pub fn update(&mut self, film: &Film, path: Option<PathId>, failures: FailuresOf) {
        if self.of != Some((path, failures)) {
            *self = Self { of: Some((path, failures)), computed: self.computed, ..Self::default() };
        }
        let now = (film.revision(), film.len());
        if self.seen == now {
            return;
        }
        let count = film.len().div_ceil(BLOCK);
        let known = self.blocks.len();
        self.blocks.resize(count, Digest::default());
        for (block, digest) in self.blocks.iter_mut().enumerate() {
            if block >= known || film.block_revision(block) > self.seen.0 {
                *digest = Digest::of(film, path, failures, block * BLOCK..(block + 1) * BLOCK);
                self.computed += 1;
            }
        }
        self.seen = now;
    }

    /// The digest of nodes by index, of the film that [`Digests::update`] was called with last. Ranges that
    /// begin and end at multiples of [`BLOCK`] read no node.
    pub fn between(&self, film: &Film, nodes: Range<usize>) -> Digest {
        let Some((path, failures)) = self.of else { return Digest::default() };
        let nodes = nodes.start..nodes.end.min(film.len());
        let first = nodes.start.div_ceil(BLOCK);
        let last = if nodes.end == film.len() { nodes.end.div_ceil(BLOCK) } else { nodes.end / BLOCK };
        if first >= last {
            return Digest::of(film, path, failures, nodes);
        }
        let before = Digest::of(film, path, failures, nodes.start..first * BLOCK);
        let full = self.blocks.get(first..last).unwrap_or_default();
        let joined = full.iter().fold(before, |all, digest| all.join(digest));
        joined.join(&Digest::of(film, path, failures, (last * BLOCK).max(nodes.start)..nodes.end))
    }

    /// How many blocks have been read so far: a measure of the work, for tests.
    pub fn computed(&self) -> u64 {
        self.computed
    }
}
