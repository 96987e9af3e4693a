//! How far a backup, a restore or a migration has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters that the work adds to and anybody may read. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    events: AtomicU64,
    all_events: AtomicU64,
    artifacts: AtomicU64,
    raw_bytes: AtomicU64,
}

/// What was counted at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgressCounts {
    /// Events that are done.
    pub events: u64,
    /// Events there are to do; 0 while that is not known.
    pub all_events: u64,
    /// Artifacts that are done.
    pub artifacts: u64,
    /// Bytes that are done, before compression.
    pub raw_bytes: u64,
}

impl Progress {
    /// What was counted so far.
    pub fn counts(&self) -> ProgressCounts {
        let Counters { events, all_events, artifacts, raw_bytes } = &*self.0;
        ProgressCounts {
            events: events.load(Relaxed),
            all_events: all_events.load(Relaxed),
            artifacts: artifacts.load(Relaxed),
            raw_bytes: raw_bytes.load(Relaxed),
        }
    }

    pub(crate) fn expect_events(&self, count: u64) {
        self.0.all_events.fetch_add(count, Relaxed);
    }

    pub(crate) fn add_events(&self, count: u64) {
        self.0.events.fetch_add(count, Relaxed);
    }

    pub(crate) fn add_artifact(&self) {
        self.0.artifacts.fetch_add(1, Relaxed);
    }

    pub(crate) fn add_bytes(&self, count: usize) {
        self.0.raw_bytes.fetch_add(count as u64, Relaxed);
    }
}
