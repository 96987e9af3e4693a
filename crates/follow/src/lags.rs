//! How far the followers of a log are behind it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

/// The lag of each follower by its name; cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Lags(Arc<Mutex<BTreeMap<&'static str, Lag>>>);

impl Lags {
    /// The lag of a follower; 0 until it looks at its log for the first time.
    pub fn of(&self, name: &'static str) -> Lag {
        self.0.lock().entry(name).or_default().clone()
    }

    /// Each follower with the events that it has not handled yet.
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        self.0.lock().iter().map(|(name, lag)| (*name, lag.get())).collect()
    }
}

/// The events that one follower has not handled yet, at its last look; cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Lag(Arc<AtomicU64>);

impl Lag {
    /// Events.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(crate) fn set(&self, events: u64) {
        self.0.store(events, Relaxed);
    }
}
