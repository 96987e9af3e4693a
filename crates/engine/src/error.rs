//! What goes wrong, for a person and for a machine. Which HTTP status that is, the server says in one place.

use gauntlet_api::{ErrorDetail, ErrorInfo};
use gauntlet_model::FieldError;
use gauntlet_results::ImportError;
use gauntlet_store::StoreError;

/// Why something was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such run, file or command.
    #[error("{0}")]
    NotFound(String),
    /// The run was deleted.
    #[error("{0}")]
    Gone(String),
    /// Something of that name exists with other content.
    #[error("{0}")]
    Conflict(String),
    /// A slice that does not begin where the upload ends.
    #[error("the next byte of {name:?} is number {received_bytes}, not {offset}")]
    WrongOffset {
        /// The file's name.
        name: String,
        /// Where the slice would begin, in bytes.
        offset: u64,
        /// Where the next slice begins, in bytes.
        received_bytes: u64,
    },
    /// A field breaks a rule.
    #[error("{}", sentence(.0))]
    Invalid(FieldError),
    /// A file whose content does not open.
    #[error("{}", import_sentence(.0))]
    Content(Box<ImportError>),
    /// A file that cannot be opened for another reason.
    #[error("{0}")]
    Unreadable(String),
    /// More than may be held or read.
    #[error("{0}")]
    TooLarge(String),
    /// An import that was given up, or whose run was deleted.
    #[error("the import was given up, or its run deleted")]
    Cancelled,
    /// There is no room now; the same is taken a little later.
    #[error("{message}")]
    Busy {
        /// What there is no room in.
        message: String,
        /// How long to wait, in seconds.
        retry_after_secs: u64,
    },
    /// The disk or the system refuses it now.
    #[error("{0}")]
    Unavailable(String),
    /// The disk is full.
    #[error("{0}")]
    DiskFull(String),
    /// What must not happen; the log has the cause.
    #[error("{message}")]
    Internal {
        /// A sentence without the cause.
        message: String,
        /// Names the line of the log, where the error does not answer the request that caused it.
        request_id: Option<String>,
    },
}

impl Error {
    /// No run of that id.
    pub fn no_run(id: &str) -> Self {
        Self::NotFound(format!("there is no run {id:?}"))
    }

    /// No room now, for about a second.
    pub fn busy(message: impl Into<String>) -> Self {
        Self::Busy { message: message.into(), retry_after_secs: 1 }
    }

    /// What must not happen.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal { message: message.into(), request_id: None }
    }

    /// What the disk refuses, such as `the file`.
    pub fn disk(what: &str, error: &std::io::Error) -> Self {
        let message = format!("{what} cannot be kept: {error}");
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull(message),
            _ => Self::Unavailable(message),
        }
    }

    /// A word for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Gone(_) => "gone",
            Self::Conflict(_) | Self::WrongOffset { .. } => "conflict",
            Self::Invalid(_) => "invalid",
            Self::Content(_) | Self::Unreadable(_) => "unreadable_file",
            Self::TooLarge(_) => "too_large",
            Self::Cancelled => "cancelled",
            Self::Busy { .. } => "busy",
            Self::Unavailable(_) | Self::DiskFull(_) => "unavailable",
            Self::Internal { .. } => "internal",
        }
    }

    /// What is wrong, field by field, where that is known.
    fn details(&self) -> Vec<ErrorDetail> {
        let detail = match self {
            Self::Invalid(e) => ErrorDetail::of_field(&*e.field, &*e.message),
            Self::WrongOffset { received_bytes, .. } => ErrorDetail {
                field: "offset".to_owned(),
                received_bytes: Some(*received_bytes),
                ..ErrorDetail::default()
            },
            Self::Content(e) => ErrorDetail {
                expected: Some(e.expected.clone()),
                line: e.line,
                readable: e.readable,
                ..ErrorDetail::of_field(&*e.path, &*e.message)
            },
            _ => return Vec::new(),
        };
        vec![detail]
    }

    /// As it is stored and shown. A request id is there only where the error does not answer the request that
    /// caused it.
    pub fn info(&self) -> ErrorInfo {
        let request_id = match self {
            Self::Internal { request_id, .. } => request_id.clone(),
            _ => None,
        };
        ErrorInfo {
            code: self.code().to_owned(),
            message: self.to_string(),
            details: self.details(),
            request_id,
        }
    }
}

/// What is wrong with a whole body has no field to begin with.
fn sentence(error: &FieldError) -> String {
    if error.field.is_empty() { error.message.clone() } else { error.to_string() }
}

fn import_sentence(error: &ImportError) -> String {
    [Some(error.to_string()), error.hint()].into_iter().flatten().collect::<Vec<_>>().join(". ")
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error)
    }
}

impl From<ImportError> for Error {
    fn from(error: ImportError) -> Self {
        Self::Content(Box::new(error))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { retry_after } => {
                let message = "the ingest queue is full; nothing of this request was kept, send it again";
                Self::Busy { message: message.to_owned(), retry_after_secs: retry_after.as_secs().max(1) }
            }
            StoreError::NotFound(why) => Self::NotFound(why),
            StoreError::Gone(why) => Self::Gone(why),
            StoreError::Conflict(why) => Self::Conflict(why),
            StoreError::Invalid { field, message } => Self::Invalid(FieldError { field, message }),
            StoreError::Unavailable { .. } => {
                let cause = error.reason();
                tracing::error!(%cause, "the log is unavailable");
                Self::Unavailable(cause)
            }
            StoreError::Corrupt { .. } => {
                let cause = error.reason();
                tracing::error!(%cause, "the log is corrupt");
                Self::internal("the log holds something unreadable")
            }
        }
    }
}
