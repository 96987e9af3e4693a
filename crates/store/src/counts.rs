//! What the store counts of its work, for the server's metrics.

use std::time::Duration;

use gauntlet_model::Kind;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// Counts and times since the store was opened; cloning shares them.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Events that were appended to a log.
    pub appended: Counter,
    /// Events that were in their log already, and changed nothing.
    pub repeated: Counter,
    /// Appended `gap` events: others were lost before they reached the log.
    pub gaps: Counter,
    /// Requests that were refused because the queue was full.
    pub refused: Counter,
    /// Seconds of each commit, the sync to the disk included.
    pub commits: Histogram,
    /// Commits that failed.
    pub failed: Counter,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            appended: Counter::default(),
            repeated: Counter::default(),
            gaps: Counter::default(),
            refused: Counter::default(),
            // From half a millisecond to 16 s.
            commits: Histogram::new(exponential_buckets(0.0005, 2.0, 16)),
            failed: Counter::default(),
        }
    }
}

impl Counts {
    /// Counts a commit that appended events of these kinds.
    pub(crate) fn committed(&self, took: Duration, kinds: impl Iterator<Item = Kind>) {
        self.commits.observe(took.as_secs_f64());
        let (mut events, mut gaps) = (0, 0);
        for kind in kinds {
            events += 1;
            gaps += u64::from(kind == Kind::Gap);
        }
        self.appended.inc_by(events);
        self.gaps.inc_by(gaps);
    }
}

/// What waits for the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Requests.
    pub requests: usize,
    /// Their size in bytes, in whole KiB.
    pub bytes: usize,
}
