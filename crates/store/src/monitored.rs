//! The runs that monitors watch and how far they have seen them, as plain data.

use gauntlet_model::{FailureRules, RunId, Status, Timestamp};

/// A run of a project that has monitors, changed since the first of them was saved.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitoredRun {
    /// Its number, which is never used for another run.
    pub run_no: i64,
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project: String,
    /// Events in its log.
    pub head: u64,
    /// Its status.
    pub status: Status,
    /// Which steps fail, as it was asked for.
    pub rules: FailureRules,
    /// When one of its writers was last heard of, or an event received. Alerts do not count.
    pub heard_at: Timestamp,
}

/// How far the monitors of a run have seen its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorProgress {
    /// The number of the run.
    pub run_no: i64,
    /// The sequence number of the next event.
    pub next: u64,
    /// The id of the event before it, where that could be read.
    pub last_id: Option<[u8; 16]>,
    /// What the monitors keep, as JSON. The store does not read it.
    pub states: String,
}
