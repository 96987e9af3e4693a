//! Watchers of runs and of the list of runs. They are notified after a commit, never before.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use gauntlet_follow::Lags;
use gauntlet_model::RunId;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use crate::recent::{CommittedEvent, RecentEvents, Ring};

/// The heads of the runs that are watched, and a count of changes for watchers of all runs.
pub(crate) struct Watches {
    heads: Mutex<Heads>,
    changes: watch::Sender<u64>,
    lags: Lags,
}

struct Heads {
    by_run: HashMap<RunId, Watched>,
    /// The number of runs beyond which those without a receiver are removed.
    sweep_at: usize,
}

/// A watched run.
struct Watched {
    head: watch::Sender<u64>,
    /// Its newest events, while it has followers.
    recent: Weak<Ring>,
}

impl Watched {
    fn new() -> Self {
        Self { head: watch::Sender::new(0), recent: Weak::new() }
    }

    fn is_watched(&self) -> bool {
        self.head.receiver_count() > 0
    }
}

impl Heads {
    fn watched(&mut self, run: &RunId) -> &mut Watched {
        if self.by_run.len() >= self.sweep_at {
            self.by_run.retain(|_, watched| watched.is_watched());
            self.sweep_at = (self.by_run.len() * 2).max(64);
        }
        self.by_run.entry(run.clone()).or_insert_with(Watched::new)
    }
}

impl Watches {
    pub(crate) fn new() -> Self {
        let heads = Heads { by_run: HashMap::new(), sweep_at: 64 };
        Self { heads: Mutex::new(heads), changes: watch::Sender::new(0), lags: Lags::default() }
    }

    /// How far those who follow the changes are behind them.
    pub(crate) fn lags(&self) -> &Lags {
        &self.lags
    }

    pub(crate) fn subscribe(&self, run: &RunId) -> watch::Receiver<u64> {
        self.heads().watched(run).head.subscribe()
    }

    /// As [`Watches::subscribe`], with the events that are committed from now on.
    pub(crate) fn follow(&self, run: &RunId) -> RecentEvents {
        let mut heads = self.heads();
        let watched = heads.watched(run);
        let ring = watched.recent.upgrade().unwrap_or_default();
        watched.recent = Arc::downgrade(&ring);
        RecentEvents { head: watched.head.subscribe(), ring }
    }

    pub(crate) fn subscribe_all(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Notifies the watchers of a run of its new head. Followers find these events when they see the head.
    pub(crate) fn publish(&self, run: &RunId, head: u64, events: impl Iterator<Item = CommittedEvent>) {
        let mut heads = self.heads();
        match heads.by_run.get(run) {
            Some(watched) if watched.is_watched() => {
                if let Some(recent) = watched.recent.upgrade() {
                    recent.push(events);
                }
                watched.head.send_if_modified(|known| {
                    let later = head > *known;
                    *known = head.max(*known);
                    later
                });
            }
            Some(_) => {
                heads.by_run.remove(run);
            }
            None => {}
        }
    }

    /// Closes the channels of the watchers of a run that was deleted.
    pub(crate) fn close(&self, run: &RunId) {
        self.heads().by_run.remove(run);
    }

    /// Notifies the watchers of the list of runs of a change.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn heads(&self) -> MutexGuard<'_, Heads> {
        // No holder of this lock panics; if one did, the map would still be consistent.
        self.heads.lock()
    }
}
