//! The log in PostgreSQL (13 or newer): the statements are those of `database`, the index of texts is a table
//! of the same database.
//!
//! One server writes a database: it keeps what it knows of each run in memory. An advisory lock, which lives
//! as long as the writer's connection, keeps a second one out; after a lost connection the writer takes it
//! again, and fails where another server has it by then. Poolers that change connections between transactions
//! have no such locks, so the server has to be asked directly.

mod search;
mod session;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

use self::search::Index;
use self::session::{Remote, ServerSession};
use crate::database::connection::{Connection, Pool};
use crate::database::fault::fault;
use crate::database::log::{DatabaseLog, SearchIndex};
use crate::database::migrations::{migration_fault, migrator};
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
/// How long to wait for a connection.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);
/// A number is the same schema in every backend.
const STEPS: &[(i64, &str, &str)] = &[
    (12, "log", include_str!("../../../../migrations/postgresql/0012_log.sql")),
    (13, "alerts", include_str!("../../../../migrations/postgresql/0013_alerts.sql")),
    (14, "monitor actions", include_str!("../../../../migrations/postgresql/0014_monitor_actions.sql")),
    (15, "columns", include_str!("../../../../migrations/postgresql/0015_columns.sql")),
    (16, "list views", include_str!("../../../../migrations/postgresql/0016_list_views.sql")),
    (17, "seals", include_str!("../../../../migrations/postgresql/0017_seals.sql")),
    (18, "api keys", include_str!("../../../../migrations/postgresql/0018_api_keys.sql")),
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
        StoreError::Unavailable(format!("the data directory {folder} cannot be used: {error}"))
    })?;
    let connecting = connect_options(url, options.synchronous)?;
    let mut connection = session::connect(&connecting).await.map_err(|error| unreachable(url, error))?;
    check_server(&mut connection).await?;
    session::lock(&mut connection).await?;
    let readers = PgPoolOptions::new()
        .max_connections(options.readers.max(1))
        .acquire_timeout(CONNECTS_WITHIN)
        .connect_with(connecting.clone())
        .await
        .map_err(fault)?;
    migrator(STEPS).run(&readers).await.map_err(migration_fault)?;
    let mut connection = Connection::Postgres(connection);
    recount(&mut connection).await?;
    let index = match options.search {
        true => {
            let index =
                Index::start(connecting.clone(), Pool::Postgres(readers.clone()), changes, lags).await?;
            Some(Box::new(index) as Box<dyn SearchIndex>)
        }
        false => None,
    };
    let session = Box::new(ServerSession::new(connecting));
    let writer = Writer::new(connection, session, inbox, watches, options.group_events);
    Ok(Arc::new(DatabaseLog::start(Pool::Postgres(readers), writer, index, Arc::new(Remote))))
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
        // A slow statement is no fault, and what was looked for is nobody else's business.
        .disable_statement_logging())
}

fn unreachable(url: &DatabaseUrl, error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(format!("{url} cannot be reached: {error}"))
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
        return Err(StoreError::Unavailable(message));
    }
    let encoding = setting("server_encoding").await?;
    if encoding != "UTF8" {
        return Err(StoreError::Unavailable(format!(
            "the database's encoding is {encoding}; UTF8 is needed"
        )));
    }
    Ok(())
}
