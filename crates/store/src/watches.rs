//! Watchers of runs and of the list of runs. They are notified after a commit, never before.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

use gauntlet_follow::Lags;
use gauntlet_model::RunId;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{broadcast, watch};

use crate::recent::{CommittedEvent, RecentEvents, Ring};

/// The heads of the runs that are watched, and a count of changes for watchers of all runs.
pub(crate) struct Watches {
    heads: Mutex<Heads>,
    changes: watch::Sender<u64>,
    /// As `changes`, for what other servers of the database have changed.
    changes_elsewhere: watch::Sender<u64>,
    /// Watched runs whose settings have changed on another server.
    settings: broadcast::Sender<RunId>,
    lags: Lags,
}

/// Changes of settings that wait for a receiver at most.
const WAITING_SETTINGS: usize = 256;

/// What the database has of a watched run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub run_no: i64,
    pub head: u64,
    /// The rules that it asks for, as they are stored, and the version of its project's effects.
    pub settings: (String, i64),
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
    /// The number of the run; `None` before it is known.
    run_no: Option<i64>,
    /// Whether the database was asked for what other servers have written.
    is_looked_up: bool,
    /// As they were last found.
    settings: Option<(String, i64)>,
}

impl Watched {
    fn new() -> Self {
        Self {
            head: watch::Sender::new(0),
            recent: Weak::new(),
            run_no: None,
            is_looked_up: false,
            settings: None,
        }
    }

    fn publish(&self, head: u64) {
        self.head.send_if_modified(|known| {
            let later = head > *known;
            *known = head.max(*known);
            later
        });
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
        Self {
            heads: Mutex::new(heads),
            changes: watch::Sender::new(0),
            changes_elsewhere: watch::Sender::new(0),
            settings: broadcast::Sender::new(WAITING_SETTINGS),
            lags: Lags::default(),
        }
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

    pub(crate) fn subscribe_elsewhere(&self) -> watch::Receiver<u64> {
        self.changes_elsewhere.subscribe()
    }

    pub(crate) fn subscribe_settings(&self) -> broadcast::Receiver<RunId> {
        self.settings.subscribe()
    }

    /// Notifies the watchers of a run of its new head. Followers find these events when they see the head.
    pub(crate) fn publish(
        &self,
        run: &RunId,
        run_no: i64,
        head: u64,
        events: impl Iterator<Item = CommittedEvent>,
    ) {
        let mut heads = self.heads();
        match heads.by_run.get_mut(run) {
            Some(watched) if watched.is_watched() => {
                watched.run_no = Some(run_no);
                if let Some(recent) = watched.recent.upgrade() {
                    recent.push(events);
                }
                watched.publish(head);
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

    /// The runs that are watched, each with its number where it is known; and whether any of them was never
    /// looked up.
    pub(crate) fn watched(&self) -> (BTreeMap<RunId, Option<i64>>, bool) {
        let heads = self.heads();
        let watched = || heads.by_run.iter().filter(|(_, watched)| watched.is_watched());
        let has_new = watched().any(|(_, watched)| !watched.is_looked_up);
        (watched().map(|(run, watched)| (run.clone(), watched.run_no)).collect(), has_new)
    }

    /// Notifies the watchers of the runs that were asked for of what the database has of them by now: of new
    /// heads, changed settings, and deleted runs. One that is there under another number was deleted, and
    /// created again. `has_peers`: settings that were not known before may have changed since a watcher read
    /// them.
    pub(crate) fn refresh(
        &self,
        asked: &BTreeMap<RunId, Option<i64>>,
        mut found: BTreeMap<String, Found>,
        has_peers: bool,
    ) {
        let mut heads = self.heads();
        for (run, asked) in asked {
            let found = found.remove(run.as_str());
            let Some(watched) = heads.by_run.get_mut(run).filter(|watched| watched.run_no == *asked) else {
                // What was read is older than what this server has done with the run since.
                continue;
            };
            watched.is_looked_up = true;
            if asked.is_some() && *asked != found.as_ref().map(|found| found.run_no) {
                heads.by_run.remove(run);
                continue;
            }
            let Some(Found { run_no, head, settings }) = found else { continue };
            watched.run_no = Some(run_no);
            watched.publish(head);
            let before = watched.settings.replace(settings.clone());
            if before.map_or(has_peers, |before| before != settings) {
                // It fails where nobody listens.
                let _ = self.settings.send(run.clone());
            }
        }
    }

    /// Notifies everybody of a change that another server has made.
    pub(crate) fn changed_elsewhere(&self) {
        self.changes_elsewhere.send_modify(|n| *n = n.wrapping_add(1));
        self.changed();
    }

    fn heads(&self) -> MutexGuard<'_, Heads> {
        // No holder of this lock panics; if one did, the map would still be consistent.
        self.heads.lock()
    }
}
