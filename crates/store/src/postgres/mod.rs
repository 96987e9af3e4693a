//! The log in PostgreSQL (13 or newer): the statements are those of `database`, the index of texts is a table
//! of the same database.
//!
//! Several servers may share a database: each takes any write and serves any viewer. A transaction that
//! appends to a run locks its rows first, so that sequence numbers have no gaps and no event is there twice;
//! what a server remembers of a run counts where the database confirms it. What a server does for all of them
//! it does under a lease (`peers`). Poolers that change connections between transactions have no locks of
//! sessions, so the server has to be asked directly.

mod peers;
mod search;
mod session;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

use self::peers::Peers;
use self::search::Index;
use self::session::{LoadSession, Remote, ServerSession};
use crate::database::connection::{Connection, Pool};
use crate::database::dialect::Dialect;
use crate::database::fault::fault;
use crate::database::load::{self, Found, LoadLog};
use crate::database::log::{DatabaseLog, PeerServers, SearchIndex};
use crate::database::migrations::{Step, migration_fault, migrator};
use crate::database::query::query;
use crate::database::recount::recount;
use crate::database::target::Target;
use crate::database::writer::Writer;
use crate::log_store::LogStore;
use crate::queue::Inbox;
use crate::watches::Watches;
use crate::{DatabaseUrl, Options, StoreError, Synchronous, private};

/// The oldest version of PostgreSQL that is tested, as `server_version_num` has it.
const OLDEST: i64 = 130_000;
/// Settings of the writer's connections. They limit how long other servers wait for a server that hangs, or
/// is cut off, in the middle of a transaction: for its lock of a run, and until the database ends its
/// connection.
const WRITER_OPTIONS: [(&str, &str); 5] = [
    ("idle_in_transaction_session_timeout", "10s"),
    ("lock_timeout", "15s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "3"),
    ("tcp_keepalives_count", "3"),
];
/// How long to wait for a connection.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);
/// A number is the same schema in every backend.
const STEPS: &[Step] = &[
    (12, "log", include_str!("../../../../migrations/postgresql/0012_log.sql")),
    (13, "alerts", include_str!("../../../../migrations/postgresql/0013_alerts.sql")),
    (14, "monitor actions", include_str!("../../../../migrations/postgresql/0014_monitor_actions.sql")),
    (15, "columns", include_str!("../../../../migrations/postgresql/0015_columns.sql")),
    (16, "list views", include_str!("../../../../migrations/postgresql/0016_list_views.sql")),
    (17, "seals", include_str!("../../../../migrations/postgresql/0017_seals.sql")),
    (18, "api keys", include_str!("../../../../migrations/postgresql/0018_api_keys.sql")),
    (19, "servers", include_str!("../../../../migrations/postgresql/0019_servers.sql")),
    (20, "backups", include_str!("../../../../migrations/postgresql/0020_backups.sql")),
];

/// Opens the database, creating or migrating what is in it, and starts its writer and its index. The data
/// directory holds the artifacts.
pub(crate) async fn open(
    options: &Options,
    url: &DatabaseUrl,
    inbox: Inbox,
    watches: Arc<Watches>,
) -> Result<Arc<dyn LogStore>, StoreError> {
    let (changes, lags) = (watches.subscribe_all(), watches.lags().clone());
    private::folder(&options.path).map_err(|error| {
        let folder = options.path.display();
        StoreError::unavailable_for(format!("the data directory {folder} cannot be used"), error)
    })?;
    let connecting = connect_options(url, options.synchronous)?;
    let writing = connecting.clone().options(WRITER_OPTIONS);
    let mut connection = session::connect(&writing).await.map_err(|error| unreachable(url, error))?;
    check_server(&mut connection).await?;
    load::check_finished(Dialect::Postgres, Target::Postgres(&mut connection)).await?;
    let readers = PgPoolOptions::new()
        .max_connections(options.readers.max(1))
        .acquire_timeout(CONNECTS_WITHIN)
        .connect_with(connecting.clone())
        .await
        .map_err(fault)?;
    let counting = connecting.clone();
    let change = async |_: &mut PgConnection| {
        migrator(STEPS).run(&readers).await.map_err(migration_fault)?;
        let connection = session::connect(&counting).await.map_err(fault)?;
        recount(&mut Connection::Postgres(connection)).await
    };
    session::prepare(&mut connection, is_current, change).await?;
    let peers = Peers::join(connecting.clone(), Arc::clone(&watches)).await?;
    let log = Pool::Postgres(readers);
    let index = match options.search {
        true => {
            let index = Index::start(connecting, log.clone(), changes, lags, peers.leases()).await?;
            Some(Box::new(index) as Box<dyn SearchIndex>)
        }
        false => None,
    };
    let session = Box::new(ServerSession::new(writing, peers.announcer()));
    let connection = Connection::Postgres(connection);
    let writer = Writer::new(connection, session, inbox, watches, options.group_events);
    Ok(Arc::new(DatabaseLog::start(log, writer, index, Arc::new(Remote), Some(Box::new(peers)))))
}

/// Whether the schema is that of this version, with every run counted. A newer one is for the migrations to
/// refuse.
async fn is_current(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let exists = query("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    if !exists.only::<bool>(Target::Postgres(&mut *connection)).await.map_err(fault)? {
        return Ok(false);
    }
    let steps = query("SELECT count(*) FROM _sqlx_migrations WHERE success");
    let steps: i64 = steps.only(Target::Postgres(&mut *connection)).await.map_err(fault)?;
    if steps != STEPS.len() as i64 {
        return Ok(false);
    }
    let counted = query("SELECT NOT EXISTS (SELECT 1 FROM progress WHERE root_sum IS NULL)");
    counted.only(Target::Postgres(connection)).await.map_err(fault)
}

/// Opens the database to be filled; see [`crate::Loader`].
pub(crate) async fn open_for_load(
    options: &Options,
    url: &DatabaseUrl,
    schema: i64,
    mark: &str,
) -> Result<LoadLog, StoreError> {
    let connecting = connect_options(url, Synchronous::Normal)?;
    let mut connection = session::connect(&connecting).await.map_err(|error| unreachable(url, error))?;
    check_server(&mut connection).await?;
    session::take(&mut connection).await?;
    let mut connection = Connection::Postgres(connection);
    let reached = load::schema(&mut connection).await?;
    let (is_free, is_other) = match load::look(&mut connection).await? {
        Found::Nothing => (true, false),
        Found::Log => (is_empty(&mut connection).await?, false),
        Found::Unfinished(other) => (true, other != mark),
    };
    if !is_free || (reached != 0 && reached != schema) {
        return Err(StoreError::Conflict(format!("{url} is not empty; name a new database")));
    }
    if is_other {
        query("DELETE FROM events").execute(&mut connection).await.map_err(fault)?;
    }
    private::folder(&options.path).map_err(|error| {
        let folder = options.path.display();
        StoreError::unavailable_for(format!("the data directory {folder} cannot be used"), error)
    })?;
    LoadLog::begin(connection, Box::new(LoadSession), STEPS, schema, mark).await
}

/// Whether no run was ever created.
async fn is_empty(connection: &mut Connection) -> Result<bool, StoreError> {
    let any = query("SELECT run_no FROM runs LIMIT 1").value::<i64>(connection).await.map_err(fault)?;
    Ok(any.is_none())
}

/// How to connect. What is acknowledged is on the disk of the server, unless asked for otherwise.
fn connect_options(url: &DatabaseUrl, synchronous: Synchronous) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url.as_str()).map_err(|error| {
        // The driver's text may hold a part of the password.
        tracing::debug!(%error, "the address of the database cannot be read");
        StoreError::invalid("database", format!("{url} is not the address of a PostgreSQL database"))
    })?;
    let synchronous = match synchronous {
        Synchronous::Full => "on",
        Synchronous::Normal => "off",
    };
    Ok(options
        .application_name("gauntlet")
        // Without notices of tables that are there already.
        .options([("synchronous_commit", synchronous), ("client_min_messages", "warning")])
        // A slow statement is not a fault, and what was searched for is private.
        .disable_statement_logging())
}

fn unreachable(url: &DatabaseUrl, error: sqlx::Error) -> StoreError {
    StoreError::unavailable_for(format!("{url} cannot be reached"), error)
}

/// Refuses a server whose answers would differ.
async fn check_server(connection: &mut PgConnection) -> Result<(), StoreError> {
    let mut setting = async |name: &str| {
        let value = query("SELECT current_setting(?1)").bind(name);
        value.only::<String>(Target::Postgres(&mut *connection)).await.map_err(fault)
    };
    let version = setting("server_version_num").await?;
    if version.parse::<i64>().unwrap_or_default() < OLDEST {
        let message =
            format!("PostgreSQL 13 or newer is needed; this one is {}", setting("server_version").await?);
        return Err(StoreError::unavailable(message));
    }
    let encoding = setting("server_encoding").await?;
    if encoding != "UTF8" {
        return Err(StoreError::unavailable(format!(
            "the database's encoding is {encoding}; UTF8 is needed"
        )));
    }
    Ok(())
}
