//! The one writer's connection: it holds the database by an advisory lock, and is rebuilt where it is lost.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::CONNECTS_WITHIN;
use crate::StoreError;
use crate::database::connection::Connection;
use crate::database::fault::fault;
use crate::database::query::query;
use crate::database::session::{Presence, WriterSession};
use crate::database::target::Target;

/// The number of the lock: the word `gauntlet`.
const LOCK: i64 = i64::from_be_bytes(*b"gauntlet");
/// How long to wait for the lock of a connection that ends.
const FREED_WITHIN: Duration = Duration::from_secs(2);
/// How long requests fail at once after the server could not be reached: each would wait for a connection.
const REST: Duration = Duration::from_millis(500);

/// Connects, or gives up in time.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connected = tokio::time::timeout(CONNECTS_WITHIN, options.connect()).await;
    connected.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut))
}

/// Takes the database for this connection. Waits a moment where it is taken: the database notices late that a
/// process which was killed is gone.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<(), StoreError> {
    let ends_at = Instant::now() + FREED_WITHIN;
    while !try_lock(connection).await? {
        if Instant::now() > ends_at {
            return Err(taken());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn taken() -> StoreError {
    StoreError::Conflict("another server writes this database".to_owned())
}

async fn try_lock(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let take = query("SELECT pg_try_advisory_lock(?1)").bind(LOCK);
    take.only(Target::Postgres(connection)).await.map_err(fault)
}

/// The hold on a database, for as long as its connection lives.
pub(super) struct ServerSession {
    options: PgConnectOptions,
    /// When the server may be asked again after it could not be reached.
    retry_at: Option<Instant>,
}

impl ServerSession {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self { options, retry_at: None }
    }

    async fn reconnect(&mut self) -> Result<Connection, StoreError> {
        let mut connection = connect(&self.options).await.map_err(fault)?;
        match try_lock(&mut connection).await? {
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
                Some(Instant::now() + REST)
            }
        };
    }

    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(self: Box<Self>, mut connection: Connection) {
        // The database frees the lock of a closed connection some time later.
        if let Err(error) = query("SELECT pg_advisory_unlock_all()").execute(&mut connection).await {
            tracing::warn!(%error, "the database is locked until it notices the end of the connection");
        }
        if let Err(error) = connection.close().await {
            tracing::warn!(%error, "the database did not close cleanly");
        }
    }
}

/// A server answers for its own files.
pub(super) struct Remote;

impl Presence for Remote {
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
