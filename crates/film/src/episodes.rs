//! The episodes of a film: which ones were named, how each ended, and its last node.

use std::collections::BTreeMap;

use gauntlet_model::EpisodeId;

/// One episode.
#[derive(Debug, Clone)]
struct Episode {
    id: EpisodeId,
    /// The greatest step that has a node. Nodes are never removed, so it only grows.
    last_step: Option<u64>,
    /// The last `episode.finished` in the log: its sequence number, and whether the episode failed.
    end: Option<(u64, bool)>,
    /// The position of the first end with that status.
    first_failed: Option<u64>,
}

/// How an episode ended, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EpisodeEnd {
    /// The place of its last end in the log.
    pub(crate) seq: u64,
    /// Whether the episode failed by that.
    pub(crate) has_failed: bool,
    /// The position of the first end with that status.
    pub(crate) first_failed: Option<u64>,
    /// The greatest step of the episode that has a node.
    pub(crate) last_step: Option<u64>,
}

/// The episodes, numbered from 1 in order of arrival, so that a row of the node table names one in four
/// bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Episodes {
    list: Vec<Episode>,
    numbers: BTreeMap<EpisodeId, u32>,
}

impl Episodes {
    /// Registers an episode; returns whether it is new. `false`, changing nothing, where 2^32 are known.
    pub(crate) fn register(&mut self, id: &EpisodeId) -> bool {
        // Facts of one episode come together, so the newest one is looked at first.
        if self.list.last().is_some_and(|last| last.id == *id) || self.numbers.contains_key(id) {
            return false;
        }
        let Ok(number) = u32::try_from(self.list.len() + 1) else { return false };
        self.list.push(Episode { id: id.clone(), last_step: None, end: None, first_failed: None });
        self.numbers.insert(id.clone(), number);
        true
    }

    /// The number of a registered episode.
    pub(crate) fn number(&self, id: &EpisodeId) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// The episode of a number.
    pub(crate) fn id(&self, number: u32) -> Option<&EpisodeId> {
        self.by_number(number).map(|episode| &episode.id)
    }

    /// The ids in order.
    pub(crate) fn ids(&self) -> impl ExactSizeIterator<Item = &EpisodeId> {
        self.numbers.keys()
    }

    /// The greatest step of an episode that has a node.
    pub(crate) fn last_step(&self, id: &EpisodeId) -> Option<u64> {
        self.by_number(self.number(id)?)?.last_step
    }

    /// Records that the step of an episode has a node.
    pub(crate) fn record_step(&mut self, number: u32, step: u64) {
        if let Some(episode) = self.by_number_mut(number) {
            episode.last_step = episode.last_step.max(Some(step));
        }
    }

    /// Records how an episode ended; of several ends the last one in the log counts. Returns whether the
    /// episode has failed now and had not before, or the other way round.
    pub(crate) fn end(&mut self, id: &EpisodeId, seq: u64, has_failed: bool) -> bool {
        let number = self.number(id);
        let Some(episode) = number.and_then(|number| self.by_number_mut(number)) else { return false };
        if has_failed {
            episode.first_failed = Some(episode.first_failed.map_or(seq, |first| first.min(seq)));
        }
        if episode.end.is_some_and(|(known, _)| known >= seq) {
            return false;
        }
        let before = episode.end.replace((seq, has_failed));
        before.is_some_and(|(_, failed)| failed) != has_failed
    }

    /// How an episode ended; `None` where it has not.
    pub(crate) fn end_of(&self, id: &EpisodeId) -> Option<EpisodeEnd> {
        let Episode { last_step, end, first_failed, .. } = self.by_number(self.number(id)?)?;
        let (seq, has_failed) = (*end)?;
        Some(EpisodeEnd { seq, has_failed, first_failed: *first_failed, last_step: *last_step })
    }

    /// Whether an episode has failed and that step is its last node: the error it ended with fails that node.
    pub(crate) fn fails_at(&self, number: u32, step: u64) -> bool {
        self.by_number(number).is_some_and(|episode| {
            episode.last_step == Some(step) && episode.end.is_some_and(|(_, has_failed)| has_failed)
        })
    }

    /// Whether both know the same episodes, each with the same end.
    pub(crate) fn is_same(&self, other: &Episodes) -> bool {
        let ends = |all: &Episodes| {
            let numbers = all.numbers.iter();
            numbers
                .map(|(id, number)| (id.clone(), all.by_number(*number).map(|it| it.end)))
                .collect::<Vec<_>>()
        };
        ends(self) == ends(other)
    }

    fn by_number(&self, number: u32) -> Option<&Episode> {
        self.list.get((number as usize).checked_sub(1)?)
    }

    fn by_number_mut(&mut self, number: u32) -> Option<&mut Episode> {
        self.list.get_mut((number as usize).checked_sub(1)?)
    }
}
