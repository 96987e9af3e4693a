//! What of a film is sealed, and what is stored to seal more of it.

use gauntlet_model::{FailureRule, FailureRules, RunId, Status, Timestamp};

/// A run whose film is sealed in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct SealingRun {
    /// Its number, which is never used for another run.
    pub run_no: i64,
    /// Its id.
    pub id: RunId,
    /// Events in its log.
    pub head: u64,
    /// Its status.
    pub status: Status,
    /// When its last event was received.
    pub updated_at: Timestamp,
    /// Which steps fail, as it was asked for.
    pub rules: FailureRules,
    /// The rule in force.
    pub rule: FailureRule,
    /// Events from the first on that sealed chunks of level 0 cover.
    pub facts: u64,
    /// Events from the first on that the coarser levels were sealed for.
    pub overview: u64,
}

/// A packed chunk to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedChunk {
    /// Its level of detail.
    pub level: u8,
    /// Its number, from 0.
    pub number: u64,
    /// What is stored. The store does not read it.
    pub bytes: Vec<u8>,
}

/// How far a run is sealed once its chunks are stored.
#[derive(Debug, Clone, PartialEq)]
pub enum SealedTo {
    /// Chunks of level 0 cover that many events.
    Facts {
        /// Events from the first on.
        events: u64,
        /// What the manifest needs of them. The store does not read it.
        outline: Vec<u8>,
    },
    /// The coarser levels are sealed for that many events.
    Overview {
        /// Events from the first on.
        events: u64,
        /// The rules by which they were made.
        rules: FailureRules,
    },
}
