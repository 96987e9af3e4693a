//! The list of backups: which one is to be made, and how the others ended. It does not know what is in an
//! archive.

use gauntlet_model::{Backup, BackupKind, Timestamp};

use crate::backup_change::BackupChange;
use crate::reply::Reply;
use crate::work::TableWork;
use crate::{Store, StoreError};

impl Store {
    /// The backups, the newest first, at most 200.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn backups(&self) -> Result<Vec<Backup>, StoreError> {
        self.log().backups().await
    }

    /// Adds a backup that is to be made; its number. [`StoreError::Conflict`] where one is waiting or going
    /// on.
    ///
    /// # Errors
    ///
    /// Where it cannot be stored.
    pub async fn ask_backup(
        &self,
        kind: Option<BackupKind>,
        by: &str,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        self.change_backups(BackupChange::Ask { kind, by: by.to_owned(), at }).await
    }

    /// Stores how a backup is now. One that has left the list stays so.
    ///
    /// # Errors
    ///
    /// Where it cannot be stored.
    pub async fn put_backup(&self, backup: Backup) -> Result<(), StoreError> {
        self.change_backups(BackupChange::Put(backup)).await.map(drop)
    }

    /// Stores that the backup which goes on, if any, was interrupted. For the one server that makes backups.
    ///
    /// # Errors
    ///
    /// Where it cannot be stored.
    pub async fn interrupt_backup(&self, at: Timestamp) -> Result<(), StoreError> {
        self.change_backups(BackupChange::Interrupt { at }).await.map(drop)
    }

    /// Stores that an archive was deleted.
    ///
    /// # Errors
    ///
    /// Where it cannot be stored.
    pub async fn note_removed_backup(&self, file: &str, at: Timestamp) -> Result<(), StoreError> {
        self.change_backups(BackupChange::Remove { file: file.to_owned(), at }).await.map(drop)
    }

    async fn change_backups(&self, change: BackupChange) -> Result<u64, StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(TableWork::ChangeBackups { change, reply }, answer).await
    }
}
