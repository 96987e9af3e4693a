//! The connection of a server's writer: it takes part in writing the database by a lock that servers share,
//! and is rebuilt where it is lost.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::CONNECTS_WITHIN;
use super::peers::Announcer;
use crate::StoreError;
use crate::database::connection::Connection;
use crate::database::fault::fault;
use crate::database::load::LoadHold;
use crate::database::query::query;
use crate::database::session::{Presence, WriterSession};
use crate::database::target::Target;

/// The number of the lock: the word `gauntlet`.
const LOCK: i64 = i64::from_be_bytes(*b"gauntlet");
/// How long to wait for the lock of a connection that ends.
const FREED_WITHIN: Duration = Duration::from_secs(2);
/// How long to wait for other servers to end, or to change the schema, before the schema is changed.
const CHANGED_WITHIN: Duration = Duration::from_secs(5);
/// Time between two looks for the lock.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// How long requests fail at once after the server could not be reached: each would wait for a connection.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// Connects, or gives up in time.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connected = tokio::time::timeout(CONNECTS_WITHIN, options.connect()).await;
    connected.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut))
}

/// Takes part in writing the database, with a lock that servers share. A server that changes the schema, and
/// those of versions that write a database alone, have it for themselves: waits a moment for them, as the
/// database notices late that a process which was killed is gone.
pub(super) async fn join(connection: &mut PgConnection) -> Result<(), StoreError> {
    let ends_at = Instant::now() + FREED_WITHIN;
    while !try_lock(connection, "pg_try_advisory_lock_shared").await? {
        if Instant::now() > ends_at {
            return Err(taken());
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
    Ok(())
}

/// Takes a database that no server uses, to fill it.
pub(super) async fn take(connection: &mut PgConnection) -> Result<(), StoreError> {
    let ends_at = Instant::now() + FREED_WITHIN;
    while !try_lock(connection, "pg_try_advisory_lock").await? {
        if Instant::now() > ends_at {
            let why = "a server, or another restore, uses this database: stop it first";
            return Err(StoreError::Conflict(why.to_owned()));
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
    Ok(())
}

/// Brings the schema up to date by `change`, unless `is_current` says that it is, with no other server on
/// the database; then takes part in writing it. Servers that start at once take turns.
pub(super) async fn prepare(
    connection: &mut PgConnection,
    is_current: impl AsyncFn(&mut PgConnection) -> Result<bool, StoreError>,
    change: impl AsyncFnOnce(&mut PgConnection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let ends_at = Instant::now() + CHANGED_WITHIN;
    while !is_current(connection).await? {
        if try_lock(connection, "pg_try_advisory_lock").await? {
            let changed = change(connection).await;
            let joined = match changed {
                Ok(()) => join(connection).await,
                Err(error) => Err(error),
            };
            let free = query("SELECT pg_advisory_unlock(?1)").bind(LOCK);
            free.execute(Target::Postgres(connection)).await.map_err(fault)?;
            return joined;
        }
        if Instant::now() > ends_at {
            let why = "this version changes the schema of the database: stop the servers that use it first";
            return Err(StoreError::Conflict(why.to_owned()));
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
    join(connection).await
}

fn taken() -> StoreError {
    let why = "another server has this database for itself: an older version, or one that changes the schema";
    StoreError::Conflict(why.to_owned())
}

async fn try_lock(connection: &mut PgConnection, function: &str) -> Result<bool, StoreError> {
    let take = query(AssertSqlSafe(format!("SELECT {function}(?1)"))).bind(LOCK);
    take.only(Target::Postgres(connection)).await.map_err(fault)
}

/// The part in writing a database, for as long as its connection lives.
pub(super) struct ServerSession {
    options: PgConnectOptions,
    announcer: Announcer,
    /// When the server may be asked again after it could not be reached.
    retry_at: Option<Instant>,
}

impl ServerSession {
    pub(super) fn new(options: PgConnectOptions, announcer: Announcer) -> Self {
        Self { options, announcer, retry_at: None }
    }

    async fn reconnect(&mut self) -> Result<Connection, StoreError> {
        let mut connection = connect(&self.options).await.map_err(fault)?;
        match try_lock(&mut connection, "pg_try_advisory_lock_shared").await? {
            true => Ok(Connection::Postgres(connection)),
            false => Err(taken()),
        }
    }
}

#[async_trait]
impl WriterSession for ServerSession {
    async fn recover(&mut self, connection: &mut Connection) {
        if connection.roll_back().await.is_ok() || self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        self.retry_at = match self.reconnect().await {
            Ok(new) => {
                tracing::info!("connected to the database again");
                *connection = new;
                None
            }
            Err(error) => {
                tracing::warn!(%error, "the database cannot be written");
                Some(Instant::now() + RETRY_DELAY)
            }
        };
    }

    /// What other servers have to see is counted in the same transaction, and by the same message.
    async fn commit(&mut self, connection: &mut Connection, is_news: bool) -> Result<(), sqlx::Error> {
        match connection {
            Connection::Postgres(connection) if is_news => {
                let sql = format!("{}; COMMIT", self.announcer.statement());
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
                self.announcer.announce();
                Ok(())
            }
            _ => connection.commit().await,
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(self: Box<Self>, connection: Connection) {
        close(connection).await;
    }
}

async fn close(mut connection: Connection) {
    // The database frees the lock of a closed connection some time later.
    if let Err(error) = query("SELECT pg_advisory_unlock_all()").execute(&mut connection).await {
        tracing::warn!(%error, "the database is locked until it notices the end of the connection");
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the database did not close cleanly");
    }
}

/// The hold on a database that is being filled. What was filled when the connection is lost is filled again.
pub(super) struct LoadSession;

#[async_trait]
impl LoadHold for LoadSession {
    async fn close(self: Box<Self>, connection: Connection) {
        close(connection).await;
    }
}

/// A server answers for its own files.
pub(super) struct Remote;

impl Presence for Remote {
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
