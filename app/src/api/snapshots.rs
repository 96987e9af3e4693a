//! Snapshots that are compared: with the attempt before, or with another run.

use serde::{Deserialize, Serialize};

/// The previous attempt of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its step.
    pub step: u64,
    /// Its episode, if any.
    pub episode: Option<String>,
    /// What the agent did now, as HTML that runs nothing: words that are gone in `del`, new ones in `ins`.
    pub html: String,
}

/// A snapshot of a run and the one it is compared with in another run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BesideQuery {
    /// The run's id.
    pub run: String,
    /// The step of the snapshot.
    pub step: u64,
    /// Its sequence number.
    pub seq: u64,
    /// The id of the other run.
    pub other: String,
    /// The step of its snapshot.
    pub other_step: u64,
    /// The sequence number of that.
    pub other_seq: u64,
}
