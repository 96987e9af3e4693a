//! Filling an empty database with what was dumped from another one.

use gauntlet_model::RunId;

use crate::blobs::Blobs;
use crate::database::load::LoadLog;
use crate::{Options, StoreError, postgres, sqlite};

/// An empty database that is being filled. Until [`Loader::finish`] no server opens it.
pub struct Loader {
    log: LoadLog,
    blobs: Blobs,
}

impl Loader {
    /// Opens the database for what a database of that schema held. `mark` names what is loaded: where an
    /// earlier loading of the same mark did not finish, its events are still there and are passed over; one
    /// of another mark is begun anew.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] where the database holds a log, another process uses it, or the schema is of
    /// a newer version.
    pub async fn open(options: &Options, schema: i64, mark: &str) -> Result<Self, StoreError> {
        let log = match &options.database {
            None => sqlite::open_for_load(options, schema, mark).await?,
            Some(url) => postgres::open_for_load(options, url, schema, mark).await?,
        };
        Ok(Self { log, blobs: Blobs::of(options)? })
    }

    /// Adds rows of a table: lines as [`crate::TableRows`] has them. Returns how many.
    ///
    /// # Errors
    ///
    /// Where a line is no row of that table.
    pub async fn rows(&mut self, table: &str, lines: &[u8]) -> Result<u64, StoreError> {
        self.log.rows(table, lines).await
    }

    /// Adds events of a run, which come by their sequence numbers: lines as [`crate::EventLines`] has them.
    ///
    /// # Errors
    ///
    /// Where a line is no event.
    pub async fn events(&mut self, run_no: i64, lines: &[u8]) -> Result<(), StoreError> {
        self.log.events(run_no, lines).await
    }

    /// The sequence number past the last event of a run that is there already.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn next_seq(&mut self, run_no: i64) -> Result<u64, StoreError> {
        self.log.next_seq(run_no).await
    }

    /// Removes runs by their numbers: rows of runs that were deleted while they were dumped.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn remove_runs(&mut self, run_nos: &[i64]) -> Result<(), StoreError> {
        self.log.remove_runs(run_nos).await
    }

    /// Notes that a run refers to an artifact that is there.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be written.
    pub fn refer(&self, run: &RunId, sha256: &str) -> Result<(), StoreError> {
        self.blobs.refer(run, std::iter::once(sha256))
    }

    /// Where the artifacts go.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Brings the schema up to this version, computes what is derived from the log, and lets servers open the
    /// database. `last_run_no`: the greatest number that a run ever had.
    ///
    /// # Errors
    ///
    /// Where the database fails. It then stays closed to servers.
    pub async fn finish(self, last_run_no: i64) -> Result<(), StoreError> {
        self.log.finish(last_run_no).await
    }
}
