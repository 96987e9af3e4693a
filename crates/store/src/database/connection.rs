//! Connections to either database, and what they have in common.

use sqlx::postgres::{PgConnection, PgPool, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};
use sqlx::{Connection as _, Transaction};

use super::dialect::Dialect;
use super::query::query;
use super::target::Target;

/// A connection that writes.
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Connections that read.
#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction that only reads: everything in it is of one moment.
pub(crate) enum Snapshot {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Connection {
    /// The SQL it takes.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        let sql = match self {
            // Else a second writer would be noticed only when the first row is written.
            Connection::Sqlite(_) => "BEGIN IMMEDIATE",
            // A statement sees what was committed before it began, whatever the database's default is.
            Connection::Postgres(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        query(sql).execute(self).await.map(drop)
    }

    /// Makes what the transaction wrote durable.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        query("COMMIT").execute(self).await.map(drop)
    }

    /// Undoes what the transaction wrote.
    pub(crate) async fn roll_back(&mut self) -> Result<(), sqlx::Error> {
        query("ROLLBACK").execute(self).await.map(drop)
    }

    /// Closes it.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Connection::Sqlite(connection) => connection.close().await,
            Connection::Postgres(connection) => connection.close().await,
        }
    }
}

impl Pool {
    /// The SQL it takes.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Pool::Sqlite(_) => Dialect::Sqlite,
            Pool::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Begins a transaction that only reads, on a connection of its own. It is never committed.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, sqlx::Error> {
        Ok(match self {
            Pool::Sqlite(pool) => Snapshot::Sqlite(pool.begin().await?),
            Pool::Postgres(pool) => {
                let sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Snapshot::Postgres(pool.begin_with(sql).await?)
            }
        })
    }

    /// Closes every connection.
    pub(crate) async fn close(&self) {
        match self {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}

impl Snapshot {
    /// The SQL it takes.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Snapshot::Sqlite(_) => Dialect::Sqlite,
            Snapshot::Postgres(_) => Dialect::Postgres,
        }
    }
}

impl<'c> From<&'c mut Connection> for Target<'c> {
    fn from(connection: &'c mut Connection) -> Self {
        match connection {
            Connection::Sqlite(connection) => Target::Sqlite(connection),
            Connection::Postgres(connection) => Target::Postgres(connection),
        }
    }
}

impl<'c> From<&'c Pool> for Target<'c> {
    fn from(pool: &'c Pool) -> Self {
        match pool {
            Pool::Sqlite(pool) => Target::SqlitePool(pool),
            Pool::Postgres(pool) => Target::PostgresPool(pool),
        }
    }
}

impl<'c> From<&'c mut Snapshot> for Target<'c> {
    fn from(snapshot: &'c mut Snapshot) -> Self {
        match snapshot {
            Snapshot::Sqlite(transaction) => Target::Sqlite(transaction),
            Snapshot::Postgres(transaction) => Target::Postgres(transaction),
        }
    }
}
