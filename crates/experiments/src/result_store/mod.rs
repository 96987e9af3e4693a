//! The record of finished experiments: archived once, found again by what they are about.
//!
//! [`ResultStore`] is the port. [`MemoryStore`] is for tests and short work; [`FileStore`] keeps one file an
//! experiment and an index. [`conformance`] is the suite that every backend passes.

pub mod conformance;
mod entry;
mod file;
mod index;
mod memory;
mod query;

use std::path::PathBuf;

use async_trait::async_trait;
use gauntlet_model::{FieldError, RunId};
use thiserror::Error;

pub use entry::ArchivedEntry;
pub use file::{DamagedFile, FileStore};
pub use memory::MemoryStore;
pub use query::{ArchivePage, ExperimentQuery, MAX_LIMIT, MetricRange, Order};

use crate::experiment::Experiment;

/// What came of archiving an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archived {
    /// It was not there before.
    Created,
    /// It was there with the same content.
    Unchanged,
}

/// Why a store did not do what it was asked to.
#[derive(Debug, Error)]
pub enum ResultStoreError {
    /// No experiment has that id.
    #[error("there is no experiment {0}")]
    NotFound(RunId),
    /// An experiment with that id and other content is archived; an archive is never changed.
    #[error("experiment {0} is archived with other content")]
    Conflict(RunId),
    /// The experiment, or a filter, breaks a rule.
    #[error(transparent)]
    Invalid(#[from] FieldError),
    /// A file does not hold what was written.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The storage failed.
    #[error("{context}")]
    Io {
        /// What was attempted.
        context: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// Where finished experiments are archived.
#[async_trait]
pub trait ResultStore: Send + Sync {
    /// Archives an experiment that has ended; write-once by its id.
    ///
    /// # Errors
    ///
    /// [`ResultStoreError::Invalid`] for one that has not ended, [`ResultStoreError::Conflict`] where its id
    /// is archived with other content.
    async fn archive_experiment(&self, experiment: &Experiment) -> Result<Archived, ResultStoreError>;

    /// An archived experiment with all its trials.
    ///
    /// # Errors
    ///
    /// [`ResultStoreError::NotFound`], [`ResultStoreError::Damaged`].
    async fn get_experiment(&self, id: &RunId) -> Result<Experiment, ResultStoreError>;

    /// The archived experiments that pass every filter, a page at a time.
    ///
    /// # Errors
    ///
    /// [`ResultStoreError::Io`].
    async fn query_experiments(&self, query: &ExperimentQuery) -> Result<ArchivePage, ResultStoreError>;
}

/// The experiment as the text that is archived. The same experiment has the same text.
fn content(experiment: &Experiment) -> Result<String, ResultStoreError> {
    if !experiment.status.is_final() {
        let status = experiment.status.as_str();
        let message = format!("is {status}; an experiment is archived once it has ended");
        return Err(FieldError::new("status", message).into());
    }
    serde_json::to_string(experiment).map_err(|error| FieldError::new("experiment", error.to_string()).into())
}
