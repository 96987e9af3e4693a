//! What the parts of the follower share: the watched runs, and how a rule is set up for one of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use gauntlet_model::{FailureRules, Monitor};
use gauntlet_monitor::Setting;
use gauntlet_store::MonitoredRun;
use parking_lot::Mutex;

/// Events read from the log at a time.
pub(super) const PAGE: u32 = 2_048;

/// The watched runs by their numbers, as the last look found them.
pub(super) type WatchedRuns = Arc<Mutex<BTreeMap<i64, MonitoredRun>>>;

/// What a rule needs beside the events of a run.
pub(super) fn setting(monitor: &Monitor, rules: FailureRules) -> Setting {
    Setting { cooldown_secs: monitor.cooldown_secs, rules }
}
