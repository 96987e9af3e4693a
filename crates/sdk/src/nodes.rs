//! The steps of a run's nodes, and which of its episodes have no node yet.

use std::collections::HashMap;

use gauntlet_model::{Body, EpisodeId, Event, MAX_STEP};

use crate::names::Steps;

/// The nodes of the run that this process made.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    /// The step of the last rollout.
    last: Option<u64>,
    /// Episodes that began and have not ended.
    open: HashMap<EpisodeId, LastNode>,
    /// Steps that were logged without naming an episode.
    logged: Steps,
}

/// An episode's last node.
#[derive(Debug, Default)]
struct LastNode {
    /// Its step, or the step reserved for it.
    step: Option<u64>,
    is_drawn: bool,
}

impl Nodes {
    /// For a run that has steps up to `last` already: a rollout without a step gets the one after it.
    pub(crate) fn after(last: Option<u64>) -> Self {
        Self { last, ..Self::default() }
    }

    pub(crate) fn begun(&mut self, episode: &EpisodeId) {
        self.open.entry(episode.clone()).or_default();
    }

    pub(crate) fn ended(&mut self, episode: &EpisodeId) {
        self.open.remove(episode);
    }

    /// Observes a rollout, from any source.
    pub(crate) fn observe(&mut self, event: &Event) {
        let (Body::SnapshotScored(_), Some(step)) = (event.body(), event.step()) else { return };
        self.last = Some(step);
        if let Some(place) = event.episode().and_then(|episode| self.open.get_mut(episode)) {
            *place = LastNode { step: Some(step), is_drawn: true };
        }
    }

    /// Records that scores of a step were logged without an episode. Returns whether they are its first.
    pub(crate) fn log(&mut self, step: u64) -> bool {
        self.logged.insert(step)
    }

    /// Whether a rollout of the episode made a node of it.
    pub(crate) fn is_drawn(&self, episode: &EpisodeId) -> bool {
        self.open.get(episode).is_some_and(|place| place.is_drawn)
    }

    /// The step of the episode's last node; without one, the next free step, which is reserved for it.
    pub(crate) fn place(&mut self, episode: &EpisodeId) -> u64 {
        match self.open.get(episode).and_then(|place| place.step) {
            Some(step) => step,
            None => self.reserve(episode),
        }
    }

    /// Reserves the next free step for the episode's next node.
    pub(crate) fn reserve(&mut self, episode: &EpisodeId) -> u64 {
        let step = self.last.map_or(0, |last| last.saturating_add(1)).min(MAX_STEP);
        self.last = Some(step);
        if let Some(place) = self.open.get_mut(episode) {
            place.step = Some(step);
        }
        step
    }
}
