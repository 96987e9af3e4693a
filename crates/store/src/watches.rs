//! Watchers of runs and of the list of runs. They are notified after a commit, never before.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gauntlet_model::RunId;
use tokio::sync::watch;

/// The heads of the runs that are watched, and a count of changes for watchers of all runs.
pub(crate) struct Watches {
    heads: Mutex<Heads>,
    changes: watch::Sender<u64>,
}

struct Heads {
    by_run: HashMap<RunId, watch::Sender<u64>>,
    /// The number of senders beyond which those without a receiver are removed.
    sweep_at: usize,
}

impl Watches {
    pub fn new() -> Self {
        let heads = Heads { by_run: HashMap::new(), sweep_at: 64 };
        Self { heads: Mutex::new(heads), changes: watch::Sender::new(0) }
    }

    pub fn subscribe(&self, run: &RunId) -> watch::Receiver<u64> {
        let mut heads = self.heads();
        if heads.by_run.len() >= heads.sweep_at {
            heads.by_run.retain(|_, sender| sender.receiver_count() > 0);
            heads.sweep_at = (heads.by_run.len() * 2).max(64);
        }
        heads.by_run.entry(run.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    pub fn subscribe_all(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Notifies the watchers of a run of its new head.
    pub fn publish(&self, run: &RunId, head: u64) {
        let mut heads = self.heads();
        match heads.by_run.get(run) {
            Some(sender) if sender.receiver_count() > 0 => {
                sender.send_if_modified(|known| {
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
    pub fn close(&self, run: &RunId) {
        self.heads().by_run.remove(run);
    }

    /// Notifies the watchers of the list of runs of a change.
    pub fn changed(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn heads(&self) -> MutexGuard<'_, Heads> {
        // No holder of this lock panics; if one did, the map would still be consistent.
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
