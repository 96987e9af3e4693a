//! What can go wrong with an archive.

use gauntlet_store::StoreError;

/// Why a backup, a restore or a check of an archive failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place of the archives cannot be read or written.
    #[error("{place}: {error}")]
    Io {
        /// Which place.
        place: String,
        /// Why.
        error: std::io::Error,
    },
    /// An archive is not what was written.
    #[error("{archive} is damaged: {message}")]
    Damaged {
        /// Which archive.
        archive: String,
        /// What was found.
        message: String,
    },
    /// What was restored or migrated is not what it was made from.
    #[error("what was loaded differs from its source: {0}")]
    Different(String),
}

impl BackupError {
    /// A fault of the place `place`.
    pub fn io(place: impl Into<String>, error: std::io::Error) -> Self {
        Self::Io { place: place.into(), error }
    }

    pub(crate) fn damaged(archive: &str, message: impl std::fmt::Display) -> Self {
        Self::Damaged { archive: archive.to_owned(), message: message.to_string() }
    }
}
