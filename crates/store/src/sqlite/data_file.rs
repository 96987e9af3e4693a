//! The files of the database, held by this process: a lock keeps other writers out, and what is written must
//! be found in the place where it was opened.

use std::fs::File;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::identity::{Identity, note_closed};
use crate::database::connection::Connection;
use crate::database::load::LoadHold;
use crate::database::query::query;
use crate::database::session::{Presence, WriterSession};
use crate::{DATABASE_FILE, StoreError, private};

/// The one writer's hold on a data directory.
pub(super) struct FileSession {
    identity: Identity,
    /// Freed by the operating system however the process ends.
    lock: File,
}

impl FileSession {
    pub(super) fn new(identity: Identity, lock: File) -> Self {
        Self { identity, lock }
    }
}

#[async_trait]
impl WriterSession for FileSession {
    async fn recover(&mut self, connection: &mut Connection) {
        // SQLite may have rolled back on its own (disk full, I/O error); then there is nothing left to do.
        if let Err(error) = connection.roll_back().await {
            tracing::warn!(%error, "nothing to roll back");
        }
    }

    async fn commit(&mut self, connection: &mut Connection, _: bool) -> Result<(), sqlx::Error> {
        connection.commit().await
    }

    fn check(&self) -> Result<(), StoreError> {
        self.identity.check()
    }

    /// Moves what the write-ahead log holds into the database, and closes it.
    async fn close(mut self: Box<Self>, connection: Connection) {
        close(&mut self.lock, connection).await;
    }
}

async fn close(lock: &mut File, mut connection: Connection) {
    if let Err(error) = query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await {
        tracing::warn!(%error, "the log closes without a checkpoint");
    }
    let closed = connection.close().await.map_err(|error| error.to_string());
    let noted = closed.and_then(|()| note_closed(lock).map_err(|error| error.to_string()));
    if let Err(error) = noted {
        tracing::warn!(%error, "the database did not close cleanly");
    }
}

/// The hold on a data directory whose database is being filled.
pub(super) struct LoadSession {
    lock: File,
}

impl LoadSession {
    pub(super) fn new(lock: File) -> Self {
        Self { lock }
    }
}

#[async_trait]
impl LoadHold for LoadSession {
    async fn close(mut self: Box<Self>, connection: Connection) {
        close(&mut self.lock, connection).await;
    }
}

/// The database's file as it was when it was opened.
pub(super) struct DataFile {
    folder: PathBuf,
    /// Tells the file from another one of its name.
    opened: (u64, u64),
}

impl DataFile {
    /// The database of a data directory, which is there.
    pub(super) fn of(folder: &Path) -> Result<Self, StoreError> {
        let opened = private::identity(&folder.join(DATABASE_FILE))
            .map_err(|e| StoreError::unavailable_for("the database cannot be looked at", e))?;
        Ok(Self { folder: folder.to_owned(), opened })
    }
}

impl Presence for DataFile {
    fn check(&self) -> Result<(), StoreError> {
        match private::identity(&self.folder.join(DATABASE_FILE)) {
            Ok(found) if found == self.opened => Ok(()),
            _ => Err(StoreError::unavailable(format!(
                "the data directory {} was moved or removed; what is written now is lost",
                self.folder.display()
            ))),
        }
    }
}
