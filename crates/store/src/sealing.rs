//! Sealed chunks of films, and how far each run is sealed.

use std::sync::Arc;

use gauntlet_model::{FailureRule, FailureRules, RunId, Status, Timestamp};

use crate::reply::Reply;
use crate::work::Work;
use crate::{Store, StoreError};

/// A run whose film is sealed in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct SealingRun {
    /// Its number, which is never used for another run.
    pub run_no: i64,
    /// Its id.
    pub id: RunId,
    /// Events in its log.
    pub head: u64,
    /// Where it stands.
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

impl Store {
    /// A sealed film chunk, where one is stored.
    pub async fn chunk(&self, run: &RunId, level: u8, chunk: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.log().chunk(run, level, chunk).await
    }

    /// Stores a sealed film chunk, in place of the one that is there: both are of the same log, and the one
    /// before may be damaged.
    pub async fn put_chunk(
        &self,
        run: &RunId,
        level: u8,
        chunk: u64,
        bytes: impl Into<Arc<[u8]>>,
    ) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        let work = Work::KeepChunk { run: run.clone(), level, chunk, bytes: bytes.into(), reply };
        self.ask(work, answer).await
    }

    /// The runs with at least `events` events, which may be sealed in part.
    pub async fn sealing(&self, events: u64) -> Result<Vec<SealingRun>, StoreError> {
        self.log().sealing(events).await
    }

    /// The outline that was stored with the sealed chunks of level 0; `None` where there is none.
    pub async fn outline(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        self.log().outline(run).await
    }

    /// Stores chunks of a run together with how far it is sealed then. `false`, and nothing is stored, where
    /// the run was deleted meanwhile, even if another one has its id by now, or asks for other rules than an
    /// overview was made by.
    pub async fn seal(
        &self,
        run: &SealingRun,
        chunks: Vec<PackedChunk>,
        sealed: SealedTo,
    ) -> Result<bool, StoreError> {
        let (reply, answer) = Reply::new();
        let (run, run_no) = (run.id.clone(), run.run_no);
        self.ask(Work::Seal { run, run_no, chunks, sealed, reply }, answer).await
    }
}
