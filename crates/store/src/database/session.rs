//! What a backend does around the transactions of the one writer.

use async_trait::async_trait;

use super::connection::Connection;
use crate::StoreError;

/// The right to write a database, for as long as it is held.
#[async_trait]
pub(crate) trait WriterSession: Send + Sync {
    /// Undoes what a failed transaction left open, and connects again where the connection is gone. Where
    /// that does not succeed, the next transaction fails, and this is called once more.
    async fn recover(&mut self, connection: &mut Connection);

    /// Commits the open transaction. `is_news`: other servers of the database have to see it.
    async fn commit(&mut self, connection: &mut Connection, is_news: bool) -> Result<(), sqlx::Error>;

    /// Fails where what was just committed cannot be found any more by whoever opens the database.
    fn check(&self) -> Result<(), StoreError>;

    /// Closes the database and lets another writer in.
    async fn close(self: Box<Self>, connection: Connection);
}

/// Whether the database that was opened is still in its place, for a look at any time.
pub(crate) trait Presence: Send + Sync {
    /// Fails where what is written now would be lost although it is acknowledged. May ask the disk.
    fn check(&self) -> Result<(), StoreError>;
}
