//! Who wants to hear of commits. Told after the commit, never before.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gauntlet_model::RunId;
use tokio::sync::watch;

/// Heads of the runs somebody listens to, and a count of changes for those who listen to all.
pub(crate) struct Watches {
    heads: Mutex<Heads>,
    changes: watch::Sender<u64>,
}

struct Heads {
    by_run: HashMap<RunId, watch::Sender<u64>>,
    /// Senders after which those nobody listens to any more are swept away.
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

    /// Says that a run's log now ends at `head`.
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

    /// Says that a run is gone: its watchers' channel closes.
    pub fn close(&self, run: &RunId) {
        self.heads().by_run.remove(run);
    }

    /// Says that the list of runs is no longer what it was.
    pub fn changed(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn heads(&self) -> MutexGuard<'_, Heads> {
        // Nothing panics while it holds this lock; were it so, the map would still be whole.
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
