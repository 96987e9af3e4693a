//! Another run beside this one: its film, and which of its nodes each node of this run is compared with.

use gauntlet_film::{Film, Pairing, SnapshotPair};
use gauntlet_scene::Ghost;
use leptos::prelude::*;

use crate::ports::{FeedState, FeedUpdate};

/// The other run.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    /// Its id; `None` where there is none.
    pub(super) run: RwSignal<Option<String>>,
    /// Whether nodes of the same task are compared, not those of the same step.
    pub(super) by_task: RwSignal<bool>,
    /// What is known of it.
    pub(super) other: StoredValue<Other>,
    /// Increases with every change of its film, and when the tasks of both have been read.
    pub(super) revision: RwSignal<u64>,
    /// Increases with every pairing.
    pub(super) pairings: RwSignal<u64>,
    /// Whether the server has no such run.
    pub(super) is_missing: RwSignal<bool>,
}

/// What is known of the other run.
#[derive(Default)]
pub(super) struct Other {
    pub(super) film: Film,
    /// Whether the film has all that the server had.
    pub(super) has_arrived: bool,
    /// Whether that film has been paired.
    pub(super) is_paired: bool,
    /// The snapshots of both runs that attempt the same task, once they are read.
    pub(super) same_tasks: Vec<SnapshotPair>,
    pub(super) pairing: Pairing,
    pub(super) ghost: Option<Ghost>,
}

impl Beside {
    /// No other run.
    pub(super) fn new() -> Self {
        Self {
            run: RwSignal::new(None),
            by_task: RwSignal::new(false),
            other: StoredValue::new(Other::default()),
            revision: RwSignal::new(0),
            pairings: RwSignal::new(0),
            is_missing: RwSignal::new(false),
        }
    }

    /// What the scene draws of the other run.
    pub(super) fn ghost(self) -> Option<Ghost> {
        self.other.with_value(|other| other.ghost.clone())
    }

    /// As [`Beside::ghost`], tracked.
    pub(super) fn watch_ghost(self) -> Option<Ghost> {
        self.pairings.track();
        self.ghost()
    }

    /// Applies an update of the other run. Its overview is passed over: it would be paired with a film that
    /// lacks most nodes. Does nothing once the page is gone.
    pub(super) fn take(self, update: FeedUpdate) {
        match update {
            FeedUpdate::Facts(facts) => self.change(|other| facts.iter().for_each(|f| other.film.apply(f))),
            FeedUpdate::State(FeedState::Missing) => _ = self.is_missing.try_set(true),
            FeedUpdate::State(FeedState::Live) => self.change(|other| other.has_arrived = true),
            FeedUpdate::State(_)
            | FeedUpdate::Overview(_)
            | FeedUpdate::Rules(_)
            | FeedUpdate::Effects(_) => {}
        }
    }

    /// Changes what both are paired by. Does nothing once the page is gone.
    pub(super) fn change(self, change: impl FnOnce(&mut Other)) {
        if self.other.try_update_value(change).is_some() {
            self.revision.update(|revision| *revision += 1);
        }
    }
}
