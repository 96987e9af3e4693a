//! What can go wrong with the log, in the domain's words.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use gauntlet_model::FieldError;

/// Why the store refused or failed. Never carries SQL: what the database itself reports is logged where it
/// happens, since clients are shown these errors.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be used now: disk full, I/O error, locked, closed. Nothing was kept; try again
    /// later.
    #[error("the log is unavailable: {message}")]
    Unavailable {
        /// What could not be done.
        message: String,
        /// Why, where the system or a library says it.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
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
    #[error("the log is damaged: {message}")]
    Corrupt {
        /// What was found.
        message: String,
        /// Why, where a library says it.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
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
    /// Something the log needs cannot be used now.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable { message: message.into(), source: None }
    }

    /// Something cannot be done now, such as `cannot write an artifact`, and `source` says why.
    pub fn unavailable_for(message: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable { message: message.into(), source: Some(Arc::new(source)) }
    }

    /// Something stored no longer makes sense.
    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::Corrupt { message: message.into(), source: None }
    }

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
        Self::unavailable("it is closed")
    }

    /// No run of that id.
    pub(crate) fn no_run(run: &gauntlet_model::RunId) -> Self {
        Self::NotFound(format!("there is no run {:?}", run.as_str()))
    }

    /// What happened and why, without the words "the log is ...", which an answer about one request leaves
    /// out.
    pub fn reason(&self) -> String {
        match self {
            Self::Unavailable { message, .. } | Self::Corrupt { message, .. } => {
                append_causes(message.clone(), self.source())
            }
            other => other.to_string(),
        }
    }
}

impl From<FieldError> for StoreError {
    fn from(e: FieldError) -> Self {
        Self::Invalid { field: e.field, message: e.message }
    }
}

/// The text of an error with those of its causes, as people read it: `what: why: why that`.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    append_causes(error.to_string(), error.source())
}

/// A text with those of the causes that it does not end with already: some libraries print a cause and also
/// name it as the source.
fn append_causes(mut text: String, mut cause: Option<&(dyn Error + 'static)>) -> String {
    while let Some(error) = cause {
        let why = error.to_string();
        if !text.ends_with(&why) {
            text.push_str(": ");
            text.push_str(&why);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_printed_once() {
        let full = std::io::Error::other("No space left on device");
        let error = StoreError::unavailable_for("cannot write an artifact", full);
        assert_eq!(error.to_string(), "the log is unavailable: cannot write an artifact");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("No space left on device"));
        let all = "the log is unavailable: cannot write an artifact: No space left on device";
        assert_eq!(with_causes(&error), all);
        assert_eq!(error.reason(), "cannot write an artifact: No space left on device");
        // As some libraries do: the cause is printed, and is the source too.
        let twice = std::io::Error::other(std::io::Error::other("the disk is full"));
        assert_eq!(with_causes(&twice), "the disk is full");
        assert_eq!(with_causes(&StoreError::Gone("it was deleted".to_owned())), "it was deleted");
    }
}
