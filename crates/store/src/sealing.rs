//! Sealed chunks of films, and how far each run is sealed.

use std::sync::Arc;

use gauntlet_model::RunId;

use crate::reply::Reply;
use crate::sealed::{PackedChunk, SealedTo, SealingRun};
use crate::work::TableWork;
use crate::{Store, StoreError};

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
        let work = TableWork::PutChunk { run: run.clone(), level, chunk, bytes: bytes.into(), reply };
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

    /// For how many events of a run, from the first on, the chunks of the coarser levels are stored.
    pub async fn overview_end(&self, run: &RunId) -> Result<u64, StoreError> {
        self.log().overview_end(run).await
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
        self.ask(TableWork::Seal { run, run_no, chunks, sealed, reply }, answer).await
    }
}
