//! Backups as their list shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackupStatus {
    /// It was asked for.
    Waiting,
    /// It is being written.
    Running,
    /// It was written, and read back.
    Completed,
    /// It failed; `error` says why. Nothing of it is left.
    Failed,
    /// The server that wrote it ended, or another one took over. It is made again soon.
    Interrupted,
}

impl BackupStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Running, Self::Completed, Self::Failed, Self::Interrupted];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The status of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether it has not ended.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

/// How much a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackupKind {
    /// Everything.
    Full,
    /// What those before it do not hold.
    Incremental,
}

impl BackupKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
        }
    }

    /// The kind of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Full, Self::Incremental].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A backup that a server made, makes or is to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backup {
    /// Its number: the greater, the later.
    pub id: u64,
    /// How far it is.
    pub status: BackupStatus,
    /// What was asked for, and once it has ended what it is; absent where the schedule decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<BackupKind>,
    /// Who asked for it: `schedule`, or the name of a key.
    pub asked_by: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When a server began with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Milliseconds that it took, reading it back included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// The file of the archive, in the folder for backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Bytes of the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Bytes of what is in it, before compression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_bytes: Option<u64>,
    /// Events in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// SHA-256 of the archive, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether it was read back, and everything in it has its hash.
    pub verified: bool,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When its archive was deleted because it was old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
}

impl Backup {
    /// When it ended; `None` while it has not begun or goes on.
    pub fn ended_at(&self) -> Option<Timestamp> {
        let took = i64::try_from(self.took_ms?).ok()?.checked_mul(1000)?;
        Some(Timestamp::from_micros(self.started_at?.micros().saturating_add(took)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for status in BackupStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(BackupStatus::from_name(status.as_str()), Some(status));
        }
        for kind in [BackupKind::Full, BackupKind::Incremental] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(BackupKind::from_name(kind.as_str()), Some(kind));
        }
        assert_eq!((BackupStatus::from_name("done"), BackupKind::from_name("")), (None, None));
    }
}
