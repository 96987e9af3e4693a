//! Reading everything that is stored, for backups: as lines of JSON that say nothing of the database they
//! come from.

use std::ops::Range;

use gauntlet_model::RunId;
use tokio::sync::mpsc;

use crate::{Store, StoreError};

/// Rows of one table, each a line that is a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// The table's name.
    pub table: &'static str,
    /// Rows in `lines`.
    pub rows: u64,
    /// The lines, each with its line feed.
    pub lines: Vec<u8>,
}

/// Events of one run, each a line that is a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventLines {
    /// The lines, each with its line feed, by sequence number.
    pub lines: Vec<u8>,
    /// Events in `lines`.
    pub events: u64,
    /// Events that should be there and cannot be read: the database is damaged.
    pub missing: u64,
    /// The sequence number to go on from.
    pub next: u64,
}

/// A run and how far its log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpRun {
    /// Its number in the database, which no other run of that database ever has.
    pub run_no: i64,
    /// Its id.
    pub id: RunId,
    /// Events in its log.
    pub head: u64,
}

/// What was stored at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpMoment {
    /// Number of the last migration of the schema.
    pub schema: i64,
    /// Every run, by its number.
    pub runs: Vec<DumpRun>,
    /// The greatest number that a run ever had.
    pub last_run_no: i64,
}

/// An artifact, and who refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpArtifact {
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The runs that refer to it.
    pub runs: Vec<RunId>,
}

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
