//! What can be done with the list of backups.

use gauntlet_model::{Backup, BackupKind, Timestamp};

/// Backups that the list has at most: the oldest leave it.
pub(crate) const MAX_BACKUPS: i64 = 200;

/// What is to be done with the list of backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BackupChange {
    /// Adds one that is to be made, unless one is waiting or going on.
    Ask { kind: Option<BackupKind>, by: String, at: Timestamp },
    /// Replaces one by how it is now.
    Put(Backup),
    /// Notes of the one that goes on, if any, that nobody goes on with it.
    Interrupt { at: Timestamp },
    /// Notes that an archive was deleted.
    Remove { file: String, at: Timestamp },
}
