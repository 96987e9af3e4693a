//! What is known of episodes while a group is open, so that most events are followed without asking the
//! database.

use std::collections::HashMap;
use std::sync::Arc;

use crate::row::Row;

/// Episodes remembered over all runs.
const MAX_EPISODES: usize = 1 << 15;

/// An episode's state by the log.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct EpisodeState {
    /// The greatest step of its snapshots.
    pub last_step: Option<u64>,
    /// Whether its last `episode.finished` is a failure.
    pub has_failed: bool,
}

/// An episode's state by the events of a group.
#[derive(Debug, Default)]
pub(super) struct EpisodeChange {
    last_step: Option<u64>,
    /// Whether the last end among them is that of a failed episode; `None` where none of them is an end.
    end: Option<bool>,
}

impl EpisodeChange {
    /// Takes an event of the episode; they come in the order of the log.
    pub(super) fn take(&mut self, row: &Row) {
        if row.is_snapshot() {
            self.last_step = self.last_step.max(row.step);
        }
        self.end = row.has_failed.or(self.end);
    }
}

impl EpisodeState {
    pub(super) fn with(self, change: &EpisodeChange) -> Self {
        Self {
            last_step: self.last_step.max(change.last_step),
            has_failed: change.end.unwrap_or(self.has_failed),
        }
    }
}

/// States of episodes as the database has them, the open transaction included. To be cleared where that is
/// rolled back.
#[derive(Debug, Default)]
pub(super) struct EpisodeCache {
    runs: HashMap<i64, HashMap<Arc<str>, EpisodeState>>,
    entries: usize,
}

impl EpisodeCache {
    /// Forgets everything once too much is remembered.
    pub(super) fn bound(&mut self) {
        if self.entries >= MAX_EPISODES {
            self.clear();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets a run: another server has written it.
    pub(super) fn forget(&mut self, run_no: i64) {
        let forgotten = self.runs.remove(&run_no).map_or(0, |episodes| episodes.len());
        self.entries = self.entries.saturating_sub(forgotten);
    }

    pub(super) fn get(&self, run_no: i64, episode: &str) -> Option<EpisodeState> {
        self.runs.get(&run_no)?.get(episode).copied()
    }

    pub(super) fn set(&mut self, run_no: i64, episode: &Arc<str>, state: EpisodeState) {
        let is_new = self.runs.entry(run_no).or_default().insert(Arc::clone(episode), state).is_none();
        self.entries += usize::from(is_new);
    }
}
