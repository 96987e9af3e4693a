//! What can go wrong with the log, in the domain's words.

use std::time::Duration;

use gauntlet_model::FieldError;

/// Why the store refused or failed. Never carries SQL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be used now: disk full, I/O error, locked, closed. Nothing was kept; try again
    /// later.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
    /// The queue of the writer is full. Nothing was kept.
    #[error("the log is busy; try again in {} s", retry_after.as_secs())]
    Busy {
        /// How long to wait before trying again.
        retry_after: Duration,
    },
    /// Something of that name exists with other content. Nothing was changed.
    #[error("{0}")]
    Conflict(String),
    /// There is no such run or command.
    #[error("{0}")]
    NotFound(String),
    /// The run was deleted, and nobody created it again since.
    #[error("{0}")]
    Gone(String),
    /// What is stored no longer makes sense; somebody must look at the data directory.
    #[error("the log is damaged: {0}")]
    Corrupt(String),
    /// An argument breaks a rule.
    #[error("{field}: {message}")]
    Invalid {
        /// Which argument.
        field: String,
        /// What was expected and what was found.
        message: String,
    },
}

impl StoreError {
    /// A refusal of argument `field`.
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), message: message.into() }
    }

    /// The run of that id was deleted.
    pub(crate) fn gone(run: &gauntlet_model::RunId) -> Self {
        Self::Gone(format!("run {:?} was deleted", run.as_str()))
    }

    /// The store was closed.
    pub(crate) fn closed() -> Self {
        Self::Unavailable("it is closed".to_owned())
    }

    /// No run of that id.
    pub(crate) fn no_run(run: &gauntlet_model::RunId) -> Self {
        Self::NotFound(format!("there is no run {:?}", run.as_str()))
    }
}

impl From<FieldError> for StoreError {
    fn from(e: FieldError) -> Self {
        Self::Invalid { field: e.field, message: e.message }
    }
}
