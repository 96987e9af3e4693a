//! Two films node by node: which node of the one is compared with which of the other.

use crate::film::Film;

/// A node without a counterpart.
const NO_COUNTERPART: u32 = u32::MAX;

/// How far from its index a snapshot is looked for, nodes.
const SEARCH_NODES: usize = 256;

/// Two snapshots, each as the index of its node and its sequence number.
pub type SnapshotPair = ((usize, u64), (usize, u64));

/// For each node of a film the node of another film that it is compared with. No node of the other film is
/// the counterpart of two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pairing {
    counterparts: Vec<u32>,
}

impl Pairing {
    /// Pairs nodes with the same step; where a step has several, the first with the first in the order of the
    /// films, and so on.
    pub fn by_step(film: &Film, other: &Film) -> Self {
        let step = |film: &Film, i: usize| film.nodes.step(film.nodes.row(i)?);
        let mut at = 0;
        let counterpart = |i: usize| {
            let wanted = step(film, i)?;
            while step(other, at).is_some_and(|step| step < wanted) {
                at += 1;
            }
            let found = (step(other, at)? == wanted).then_some(at)?;
            at += 1;
            Some(found)
        };
        Self::of((0..film.len()).map(counterpart))
    }

    /// Pairs nodes by their snapshots: of each film the index at which a node was, and its sequence number.
    /// Nodes that came later may have moved it a little; a pair that is not found is passed over.
    pub fn by_snapshot(film: &Film, other: &Film, pairs: &[SnapshotPair]) -> Self {
        let mut found = vec![None; film.len()];
        for (mine, counterpart) in pairs {
            let ends = near(film, *mine).zip(near(other, *counterpart));
            if let Some((place, counterpart)) = ends.and_then(|(i, j)| Some((found.get_mut(i)?, j))) {
                *place = Some(counterpart);
            }
        }
        Self::of(found.into_iter())
    }

    fn of(counterparts: impl Iterator<Item = Option<usize>>) -> Self {
        let place = |i: Option<usize>| i.and_then(|i| u32::try_from(i).ok()).unwrap_or(NO_COUNTERPART);
        Self { counterparts: counterparts.map(place).collect() }
    }

    /// The counterpart of a node.
    pub fn get(&self, i: usize) -> Option<usize> {
        self.counterparts.get(i).filter(|other| **other != NO_COUNTERPART).map(|other| *other as usize)
    }

    /// How many nodes have a counterpart.
    pub fn count(&self) -> usize {
        self.counterparts.iter().filter(|other| **other != NO_COUNTERPART).count()
    }
}

/// The node of a sequence number, at an index or near it.
fn near(film: &Film, (index, seq): (usize, u64)) -> Option<usize> {
    let around = |by: usize| [index.checked_add(by), index.checked_sub(by)];
    let is_it =
        |i: &usize| film.nodes.row(*i).and_then(|row| film.nodes.get(row)).is_some_and(|n| n.seq == seq);
    (0..=SEARCH_NODES).flat_map(around).flatten().find(is_it)
}

#[cfg(test)]
mod tests {
    use gauntlet_model::{EpisodeId, Scores, Timestamp};

    use super::*;
    use crate::fact::{Fact, FactBody};

    /// A film of nodes: sequence number, step, episode.
    fn film(nodes: &[(u64, u64, &str)]) -> Film {
        let mut film = Film::new();
        for (seq, step, episode) in nodes {
            let body = FactBody::Scored {
                scores: Scores::new([("root", 1.0)]).unwrap(),
                not_evaluated: Vec::new(),
                failures: Vec::new(),
                duration_ms: None,
                is_paused: false,
                challenge: None,
            };
            let episode = EpisodeId::new(*episode).ok();
            film.apply(&Fact { seq: *seq, at: Timestamp::from_micros(0), episode, step: Some(*step), body });
        }
        film
    }

    fn counterparts(pairing: &Pairing, nodes: usize) -> Vec<Option<usize>> {
        (0..nodes).map(|i| pairing.get(i)).collect()
    }

    #[test]
    fn nodes_of_one_step_are_paired_in_order() {
        let a = film(&[(0, 0, "a"), (1, 1, "a"), (2, 1, "b"), (3, 1, "c"), (4, 4, "a")]);
        let b = film(&[(0, 1, "x"), (1, 1, "y"), (2, 2, "x"), (3, 4, "x"), (4, 4, "y"), (5, 9, "x")]);
        let pairing = Pairing::by_step(&a, &b);
        assert_eq!(counterparts(&pairing, 5), [None, Some(0), Some(1), None, Some(3)]);
        assert_eq!(pairing.count(), 3);
        let back = Pairing::by_step(&b, &a);
        assert_eq!(counterparts(&back, 6), [Some(1), Some(2), None, Some(4), None, None]);
        assert_eq!(Pairing::by_step(&a, &Film::new()).count(), 0);
        assert_eq!(Pairing::by_step(&Film::new(), &b), Pairing::default());
    }

    #[test]
    fn nodes_are_paired_by_their_snapshots() {
        let a = film(&[(7, 0, "a"), (3, 1, "a"), (9, 2, "a")]);
        let b = film(&[(1, 5, "x"), (0, 6, "x")]);
        // The second one was at another index before.
        let pairs = [((0, 7), (1, 0)), ((5, 9), (0, 1)), ((1, 3), (0, 44)), ((0, 55), (0, 1))];
        let pairing = Pairing::by_snapshot(&a, &b, &pairs);
        assert_eq!(counterparts(&pairing, 4), [Some(1), None, Some(0), None]);
    }
}
