//! The other servers of the same database: learning what they commit, notifying them of what this one
//! commits, and the leases.
//!
//! The log is the truth; servers notify each other only that there is something new. Each server has a row
//! with a count that grows in the transaction of what other servers have to see. A server that sees a new
//! count reads the heads of the runs that it watches. It looks at the counts at once after a notification
//! (`NOTIFY`), and every 250 ms in any case: a notification that is lost, or that a proxy does not pass on,
//! costs time only.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::CONNECTS_WITHIN;
use crate::database::DbRow;
use crate::database::fault::fault;
use crate::database::log::PeerServers;
use crate::database::query::query;
use crate::database::target::Target;
use crate::database::value::Value;
use crate::watches::{Found, Watches};
use crate::{Leases, StoreError};

/// The channel of notifications.
const CHANNEL: &str = "gauntlet_commits";
/// Time between two looks without a notification.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// Least time between two notifications: the commits within it are one.
const NOTIFY_PACE: Duration = Duration::from_millis(2);
/// How often leases are renewed, and this server says that it runs.
const RENEW_INTERVAL: Duration = Duration::from_secs(1);
/// How long a lease lasts that is not renewed, microseconds.
const LEASE_MICROS: i64 = 5_000_000;
/// How long this server counts on a lease after it was last renewed: less than it lasts.
const COUNTS_ON: Duration = Duration::from_secs(4);
/// How long the server waits for an answer about leases.
const RENEWS_WITHIN: Duration = Duration::from_secs(2);
/// How long to wait for a server that may have ended: longer than its leases last.
const ENDED_WITHIN: Duration = Duration::from_secs(6);
/// How long a server that says nothing is told of commits, microseconds.
const SILENT_MICROS: i64 = 30_000_000;
/// After so long the row of a server that is gone is removed, microseconds (a day).
const FORGOTTEN_MICROS: i64 = 24 * 3600 * 1_000_000;
/// How long to wait after notifications could not be listened for.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// The time by the database's clock, microseconds: clocks of servers differ.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// What is shared by the tasks.
struct Shared {
    /// The id of this server.
    server: String,
    pool: PgPool,
    watches: Arc<Watches>,
    leases: Leases,
    /// Something was committed here.
    committed: Notify,
    /// Another server has notified this one.
    heard: Notify,
    /// Whether there are other servers to notify.
    has_peers: AtomicBool,
}

/// This server among the others.
pub(super) struct Peers {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
    stop: CancellationToken,
    /// A store that is dropped without being closed ends the tasks as well.
    _stop_on_drop: DropGuard,
}

/// Notes commits of this server.
#[derive(Clone)]
pub(super) struct Announcer(Arc<Shared>);

impl Announcer {
    /// What a transaction that other servers have to see does last, before it commits.
    pub(super) fn statement(&self) -> String {
        // The id is one that the database made: hexadecimal digits and dashes.
        format!("UPDATE servers SET commits = commits + 1 WHERE server = '{}'", self.0.server)
    }

    /// Notifies the other servers, after the commit.
    pub(super) fn announce(&self) {
        if self.0.has_peers.load(Ordering::Relaxed) {
            self.0.committed.notify_one();
        }
    }
}

impl Peers {
    /// Joins the servers of a database whose tables are there.
    pub(super) async fn join(options: PgConnectOptions, watches: Arc<Watches>) -> Result<Self, StoreError> {
        // What these connections write is worth nothing after a crash of the database.
        let options = options.options([("synchronous_commit", "off")]);
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(CONNECTS_WITHIN)
            .connect_with(options.clone())
            .await
            .map_err(fault)?;
        let server: String = query("SELECT CAST(gen_random_uuid() AS TEXT)")
            .only(Target::PostgresPool(&pool))
            .await
            .map_err(fault)?;
        let shared = Arc::new(Shared {
            server,
            pool,
            watches,
            leases: Leases::shared(),
            committed: Notify::new(),
            heard: Notify::new(),
            has_peers: AtomicBool::new(true),
        });
        shared.forget_others().await.map_err(fault)?;
        shared.renew().await.map_err(fault)?;
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let mut spawn = |task: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
            let stop = stop.clone();
            tasks.spawn(async move { stop.run_until_cancelled(task).await.unwrap_or_default() });
        };
        spawn(Box::pin(look_on(Arc::clone(&shared))));
        spawn(Box::pin(listen(Arc::clone(&shared), options)));
        spawn(Box::pin(notify(Arc::clone(&shared))));
        spawn(Box::pin(renew_on(Arc::clone(&shared))));
        let guard = stop.clone().drop_guard();
        Ok(Self { shared, tasks: Mutex::new(tasks), stop, _stop_on_drop: guard })
    }

    pub(super) fn announcer(&self) -> Announcer {
        Announcer(Arc::clone(&self.shared))
    }
}

#[async_trait]
impl PeerServers for Peers {
    fn leases(&self) -> Leases {
        self.shared.leases.clone()
    }

    async fn share_artifacts(&self, folder: &str) -> Result<(), StoreError> {
        let ends_at = Instant::now() + ENDED_WITHIN;
        // One that was killed says nothing any more, and is waited for.
        while self.shared.has_other_artifacts(folder).await.map_err(fault)? {
            if Instant::now() > ends_at {
                let why = "another server of this database keeps its artifacts in another folder: name one \
                    folder that all of them reach, with --artifacts";
                return Err(StoreError::Conflict(why.to_owned()));
            }
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
        Ok(())
    }

    async fn leave(&self) {
        self.stop.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        while tasks.join_next().await.is_some() {}
        self.shared.leases.set_held(|_| false);
        for sql in ["DELETE FROM leases WHERE holder = ?1", "DELETE FROM servers WHERE server = ?1"] {
            let left = query(sql).bind(self.shared.server.as_str());
            if let Err(error) = left.execute(Target::PostgresPool(&self.shared.pool)).await {
                tracing::warn!(%error, "the leases of this server expire by themselves");
                break;
            }
        }
        self.shared.pool.close().await;
    }
}

impl Shared {
    /// Removes rows of servers that ended without saying so.
    async fn forget_others(&self) -> Result<(), sqlx::Error> {
        let sql = format!("DELETE FROM servers WHERE seen_at < {NOW} - ?1");
        let forget = query(sqlx::AssertSqlSafe(sql)).bind(FORGOTTEN_MICROS);
        forget.execute(Target::PostgresPool(&self.pool)).await.map(drop)
    }

    /// Notes where this server keeps artifacts; whether a server that runs has another folder.
    async fn has_other_artifacts(&self, folder: &str) -> Result<bool, sqlx::Error> {
        let note = query("UPDATE servers SET artifacts = ?2 WHERE server = ?1");
        let note = note.bind(self.server.as_str()).bind(folder);
        note.execute(Target::PostgresPool(&self.pool)).await?;
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM servers WHERE server <> ?1 AND artifacts <> ?2
                AND seen_at > {NOW} - ?3)"
        );
        let others = query(sqlx::AssertSqlSafe(sql)).bind(self.server.as_str()).bind(folder);
        others.bind(LEASE_MICROS).only(Target::PostgresPool(&self.pool)).await
    }

    /// Says that this server runs, renews its leases and takes those that are free. Returns what it holds.
    async fn renew(&self) -> Result<BTreeSet<String>, sqlx::Error> {
        let seen = format!(
            "INSERT INTO servers (server, seen_at) VALUES (?1, {NOW})
             ON CONFLICT (server) DO UPDATE SET seen_at = excluded.seen_at"
        );
        let seen = query(sqlx::AssertSqlSafe(seen)).bind(self.server.as_str());
        seen.execute(Target::PostgresPool(&self.pool)).await?;
        // In the order of their names, so that two servers do not wait for each other.
        let names: Vec<String> = self.leases.names().into_iter().map(str::to_owned).collect();
        let sql = format!(
            "INSERT INTO leases (name, holder, expires_at) SELECT name, ?2, {NOW} + ?3
                FROM unnest(?1) AS asked (name)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
                WHERE leases.holder = excluded.holder OR leases.expires_at < {NOW}
             RETURNING name"
        );
        let held: Vec<String> = query(sqlx::AssertSqlSafe(sql))
            .bind(Value::Texts(names))
            .bind(self.server.as_str())
            .bind(LEASE_MICROS)
            .values(Target::PostgresPool(&self.pool))
            .await?;
        Ok(held.into_iter().collect())
    }

    /// Looks whether other servers have committed anything since the last look, and what of it is watched.
    async fn look(&self, known: &mut BTreeMap<String, i64>) -> Result<(), sqlx::Error> {
        let sql = format!(
            "SELECT server, commits, seen_at > {NOW} - ?2 AS is_here FROM servers WHERE server <> ?1"
        );
        let rows = query(sqlx::AssertSqlSafe(sql)).bind(self.server.as_str()).bind(SILENT_MICROS);
        let rows = rows.all(Target::PostgresPool(&self.pool)).await?;
        let mut counts = BTreeMap::new();
        let mut has_peers = false;
        for row in &rows {
            counts.insert(row.try_get::<String, _>("server")?, row.try_get("commits")?);
            has_peers |= row.try_get::<bool, _>("is_here")?;
        }
        self.has_peers.store(has_peers, Ordering::Relaxed);
        // A run that is watched since the last look may have been written before.
        let (asked, has_new) = self.watches.watched();
        if *known == counts && !has_new {
            return Ok(());
        }
        if !asked.is_empty() {
            self.watches.refresh(&asked, self.found(asked.keys()).await?, has_peers);
        }
        if *known != counts {
            *known = counts;
            self.watches.changed_elsewhere();
        }
        Ok(())
    }

    /// What the database has of these runs.
    async fn found(
        &self,
        runs: impl Iterator<Item = &gauntlet_model::RunId>,
    ) -> Result<BTreeMap<String, Found>, sqlx::Error> {
        let sql = "SELECT r.id, r.run_no, p.head, coalesce(r.rules, '') AS rules,
                coalesce(e.version, 0) AS effects
            FROM runs r JOIN progress p USING (run_no) LEFT JOIN effects e ON e.project = r.project
            WHERE r.id = ANY(?1)";
        let ids = Value::Texts(runs.map(|run| run.as_str().to_owned()).collect());
        let rows = query(sql).bind(ids).all(Target::PostgresPool(&self.pool)).await?;
        let found = |row: &DbRow| {
            let settings = (row.try_get("rules")?, row.try_get("effects")?);
            let head = row.try_get::<i64, _>("head")?.unsigned_abs();
            Ok((row.try_get("id")?, Found { run_no: row.try_get("run_no")?, head, settings }))
        };
        rows.iter().map(found).collect()
    }
}

/// Looks after each notification, and every so often.
async fn look_on(shared: Arc<Shared>) {
    let (mut known, mut is_away) = (BTreeMap::new(), false);
    loop {
        let _ = tokio::time::timeout(CHECK_INTERVAL, shared.heard.notified()).await;
        match shared.look(&mut known).await {
            Ok(()) => is_away = false,
            Err(error) if !is_away => {
                is_away = true;
                tracing::warn!(%error, "what other servers write cannot be seen now");
            }
            Err(_) => {}
        }
    }
}

/// Listens for notifications. Nothing is lost by not hearing them but time, so failures are tried again.
async fn listen(shared: Arc<Shared>, options: PgConnectOptions) {
    loop {
        let heard = async {
            let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECTS_WITHIN);
            let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options.clone())).await?;
            listener.listen(CHANNEL).await?;
            loop {
                // Connects again by itself.
                if listener.recv().await?.payload() != shared.server {
                    shared.heard.notify_one();
                }
            }
        };
        let Err::<std::convert::Infallible, sqlx::Error>(error) = heard.await;
        tracing::debug!(%error, "notifications of other servers are not heard; the database is asked");
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

/// Notifies the other servers of what was committed here.
async fn notify(shared: Arc<Shared>) {
    loop {
        shared.committed.notified().await;
        let notify = query("SELECT 1 FROM pg_notify(?1, ?2)").bind(CHANNEL).bind(shared.server.as_str());
        if let Err(error) = notify.execute(Target::PostgresPool(&shared.pool)).await {
            tracing::debug!(%error, "other servers are not notified; they ask the database");
        }
        tokio::time::sleep(NOTIFY_PACE).await;
    }
}

/// Renews the leases again and again. Those that cannot be renewed in time are lost.
async fn renew_on(shared: Arc<Shared>) {
    let mut renewed = Instant::now();
    loop {
        let begun = Instant::now();
        let error = match tokio::time::timeout(RENEWS_WITHIN, shared.renew()).await {
            Ok(Ok(held)) => {
                renewed = begun;
                shared.leases.set_held(|name| held.contains(name));
                None
            }
            Ok(Err(error)) => Some(error),
            Err(_) => Some(sqlx::Error::PoolTimedOut),
        };
        if let Some(error) = error
            && renewed.elapsed() + RENEW_INTERVAL > COUNTS_ON
        {
            tracing::warn!(%error, "the leases of this server cannot be renewed");
            shared.leases.set_held(|_| false);
        }
        // A lease that is asked for is taken at once, where it is free.
        let _ = tokio::time::timeout(RENEW_INTERVAL, shared.leases.asked()).await;
    }
}
