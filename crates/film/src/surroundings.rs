//! What a chunk of a coarser level needs of the log outside of it, so that each node it keeps fails exactly
//! where it fails in the whole film: an episode may end in another chunk than its last node, and a step may
//! be scored again chunks later.

use std::collections::BTreeSet;

use gauntlet_model::EpisodeId;

use crate::fact::{Fact, FactBody};
use crate::film::Film;
use crate::run_state::NodeKey;

/// What the film of the log has of one chunk's nodes and episodes, beyond the chunk's own facts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Surroundings {
    /// Places in the log, before the chunk, of the ends that failed episodes of the chunk's nodes.
    pub ends: BTreeSet<u64>,
    /// Nodes whose scores before the chunk are needed: the step, and the episode if any.
    pub nodes: BTreeSet<NodeKey>,
    /// Nodes of the chunk that stay in any case.
    retained_nodes: BTreeSet<NodeKey>,
    /// Places of ends in the chunk that stay in any case.
    retained_ends: BTreeSet<u64>,
}

impl Surroundings {
    /// Of these facts, which follow each other in the log, by a film of the log that goes at least to the
    /// last of them. What comes after them is left to later chunks.
    pub fn of(facts: &[Fact], film: &Film) -> Self {
        let (Some(first), Some(last)) = (facts.first(), facts.last()) else { return Self::default() };
        let (from, to) = (first.seq, last.seq);
        let mut around = Self::default();
        for fact in facts {
            match (&fact.body, fact.step, &fact.episode) {
                (FactBody::Scored { .. }, Some(step), episode) => {
                    around.see_node(film, (step, episode.clone()), from, to);
                }
                (FactBody::EpisodeFinished { .. }, _, Some(episode)) => {
                    around.see_end(film, fact.seq, episode, from);
                }
                _ => {}
            }
        }
        around
    }

    /// A node that the chunk has a snapshot of.
    fn see_node(&mut self, film: &Film, key: NodeKey, from: u64, to: u64) {
        let (step, episode) = &key;
        if film.shown_seq(*step, episode.as_ref()).is_none_or(|seq| seq > to) {
            return;
        }
        let end = episode.as_ref().and_then(|episode| film.nodes.episode_table.end_of(episode));
        let end = end.filter(|end| end.has_failed && end.last_step == Some(*step));
        if let Some(end) = end.filter(|end| end.first_failed.is_some_and(|failed| failed < from)) {
            // An earlier chunk may hold an end that would fail another node without this one.
            self.retained_nodes.insert(key.clone());
            self.ends.extend(Some(end.seq).filter(|seq| *seq < from));
        }
        if film.rescored.get(&key).is_some_and(|first| *first < from) {
            // An earlier chunk may show it as it was.
            self.nodes.insert(key.clone());
            self.retained_nodes.insert(key);
        }
    }

    /// An end that the chunk has of an episode.
    fn see_end(&mut self, film: &Film, seq: u64, episode: &EpisodeId, from: u64) {
        let Some(end) = film.nodes.episode_table.end_of(episode).filter(|end| end.seq == seq) else { return };
        if !end.has_failed {
            if end.first_failed.is_some_and(|failed| failed < from) {
                // It undoes what an earlier chunk may have set.
                self.retained_ends.insert(seq);
            }
            return;
        }
        let node = end.last_step.map(|step| (step, Some(episode.clone())));
        let shown = end.last_step.and_then(|step| film.shown_seq(step, Some(episode)));
        if let Some(node) = node.filter(|_| shown.is_some_and(|shown| shown < from)) {
            self.retained_ends.insert(seq);
            self.nodes.insert(node);
        }
    }

    /// Whether a node of the chunk stays in any case.
    pub(crate) fn keeps_node(&self, (step, episode): &(u64, Option<&EpisodeId>)) -> bool {
        !self.retained_nodes.is_empty() && self.retained_nodes.contains(&(*step, episode.cloned()))
    }

    /// Whether the end at that place stays in any case.
    pub(crate) fn keeps_end(&self, seq: u64) -> bool {
        self.retained_ends.contains(&seq)
    }
}
