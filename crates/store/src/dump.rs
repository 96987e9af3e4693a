//! Reading everything that is stored, for backups: as lines of JSON that say nothing of the database they
//! come from.

use std::ops::Range;

use tokio::sync::mpsc;

use crate::{DumpArtifact, DumpMoment, EventLines, Store, StoreError, TableRows};

impl Store {
    /// Reads everything but events and artifacts, as it is at one moment, into `sink`; then says what that
    /// moment was. Derived data is left out: it is computed again where the rows are loaded.
    ///
    /// The events of that moment are those below each run's head, and an event never changes, so they are
    /// read afterwards by [`Store::dump_events`] while writers go on.
    ///
    /// # Errors
    ///
    /// Where the database fails, or the receiver of `sink` is gone.
    pub async fn dump_tables(&self, sink: mpsc::Sender<TableRows>) -> Result<DumpMoment, StoreError> {
        self.log().dump_tables(sink).await
    }

    /// The number of the last migration of the schema.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn dump_schema(&self) -> Result<i64, StoreError> {
        self.log().dump_schema().await
    }

    /// Some of the events of a run with these sequence numbers, at most about 4 MiB; go on from
    /// [`EventLines::next`].
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] where the run was deleted meanwhile.
    pub async fn dump_events(&self, run_no: i64, seqs: Range<u64>) -> Result<EventLines, StoreError> {
        self.log().dump_events(run_no, seqs).await
    }

    /// The ids of events, in hexadecimal, in the order of the places (number of the run, sequence number)
    /// asked for; `None` where there is no such event.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn dump_ids(&self, places: &[(i64, u64)]) -> Result<Vec<Option<String>>, StoreError> {
        self.log().dump_ids(places).await
    }

    /// The artifacts that runs refer to, by their hash.
    pub async fn dump_artifacts(&self) -> Vec<DumpArtifact> {
        let all = self.blobs().all().await.into_iter();
        let referred = all.filter(|(_, runs, _)| !runs.is_empty());
        let mut found: Vec<_> = referred
            .map(|(sha256, mut runs, _)| {
                runs.sort();
                DumpArtifact { sha256, runs }
            })
            .collect();
        found.sort_by(|a, b| a.sha256.cmp(&b.sha256));
        found
    }
}
