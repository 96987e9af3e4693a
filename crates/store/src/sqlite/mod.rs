//! The log in a SQLite file: one connection writes, a pool reads, and neither waits for the other (WAL).

mod data_file;
mod identity;
mod search;
mod temp_space;
pub(crate) mod view_statement;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use self::data_file::{DataFile, FileSession, LoadSession};
use self::search::Index;
use crate::database::connection::{Connection, Pool};
use crate::database::dialect::Dialect;
use crate::database::fault;
use crate::database::load::{self, Found, LoadLog};
use crate::database::log::{DatabaseLog, SearchIndex};
use crate::database::migrations::{Step, migration_fault, migrator};
use crate::database::query::query;
use crate::database::recount::recount;
use crate::database::writer::Writer;
use crate::log_store::LogStore;
use crate::queue::Inbox;
use crate::watches::Watches;
use crate::{DATABASE_FILE, Options, READ_AHEAD, StoreError, Synchronous, private};

/// Opens the database in the data directory, creating or migrating it, and starts its writer and its index.
pub(crate) async fn open(
    options: &Options,
    inbox: Inbox,
    watches: Arc<Watches>,
) -> Result<Arc<dyn LogStore>, StoreError> {
    let (changes, lags) = (watches.subscribe_all(), watches.lags().clone());
    private::folder(&options.path).map_err(|e| unusable(&options.path, e))?;
    let mut lock = lock(&options.path)?;
    identity::report_losses(&options.path, &mut lock).map_err(|e| unusable(&options.path, e))?;
    // SQLite gives the files beside the database the rights of the database.
    private::touch(&options.path.join(DATABASE_FILE)).map_err(|e| unusable(&options.path, e))?;
    if let Err(error) = private::restrict(&options.path) {
        tracing::warn!(%error, "files of the data directory may be readable by others");
    }
    let shared = shared(&options.path);
    let writing = writing(&shared, options.synchronous);
    let one =
        SqlitePoolOptions::new().max_connections(1).connect_with(writing).await.map_err(fault::fault)?;
    load::check_finished(Dialect::Sqlite, &Pool::Sqlite(one.clone())).await?;
    migrator(STEPS).run(&one).await.map_err(migration_fault)?;
    let mut connection = Connection::Sqlite(one.acquire().await.map_err(fault::fault)?.detach());
    recount(&mut connection).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.readers.max(1))
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .connect_with(shared.read_only(true).row_buffer_size(READ_AHEAD as usize))
        .await
        .map_err(fault::fault)?;
    let readers = Pool::Sqlite(readers);
    // The write-ahead log exists once something was written.
    query("UPDATE heartbeat SET beats = beats + 1").execute(&mut connection).await.map_err(fault::fault)?;
    let identity = identity::Identity::of(&options.path).map_err(|e| unusable(&options.path, e))?;
    let presence = DataFile::of(&options.path)?;
    let session = Box::new(FileSession::new(identity, lock));
    let writer = Writer::new(connection, session, inbox, watches, options.group_events);
    let index = options.search.then(|| Index::start(options.path.clone(), readers.clone(), changes, lags));
    let index = index.map(|index| Box::new(index) as Box<dyn SearchIndex>);
    Ok(Arc::new(DatabaseLog::start(readers, writer, index, Arc::new(presence), None)))
}

/// How any connection opens the database.
fn shared(folder: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.join(DATABASE_FILE))
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(10))
        .foreign_keys(true)
}

/// How the connection opens it that writes.
fn writing(shared: &SqliteConnectOptions, synchronous: Synchronous) -> SqliteConnectOptions {
    let synchronous = match synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
    };
    shared
        .clone()
        .create_if_missing(true)
        .synchronous(synchronous)
        // Twice the default: an event of 850 bytes wastes less of a page, a tenth of the file in all.
        .page_size(8192)
        // A checkpoint every 16 MiB, and a write-ahead log no longer than 64 MiB between bursts.
        .pragma("wal_autocheckpoint", "2048")
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-65536")
}

/// Opens the database to be filled; see [`crate::Loader`].
pub(crate) async fn open_for_load(options: &Options, schema: i64, mark: &str) -> Result<LoadLog, StoreError> {
    private::folder(&options.path).map_err(|e| unusable(&options.path, e))?;
    let lock = lock(&options.path)?;
    let path = options.path.join(DATABASE_FILE);
    if path.exists() {
        let mut found = connect_to_load(&options.path).await?;
        let is_resumed = match load::look(&mut found).await? {
            Found::Nothing => true,
            Found::Log => {
                let folder = options.path.display();
                return Err(StoreError::Conflict(format!("the data directory {folder} holds a log already")));
            }
            Found::Unfinished(other) => {
                let reached = load::schema(&mut found).await?;
                other == mark && (reached == 0 || reached == schema)
            }
        };
        found.close().await.map_err(fault::fault)?;
        if !is_resumed {
            for suffix in ["-wal", "-shm", ""] {
                let file = options.path.join(format!("{DATABASE_FILE}{suffix}"));
                match std::fs::remove_file(&file) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(unusable(&file, e)),
                    _ => {}
                }
            }
        }
    }
    private::touch(&path).map_err(|e| unusable(&options.path, e))?;
    let connection = connect_to_load(&options.path).await?;
    let session = Box::new(LoadSession::new(lock));
    LoadLog::begin(connection, session, STEPS, schema, mark).await
}

/// A connection that writes and syncs at checkpoints only: what a kill of the machine takes is loaded again.
async fn connect_to_load(folder: &Path) -> Result<Connection, StoreError> {
    let options = writing(&shared(folder), Synchronous::Normal);
    Ok(Connection::Sqlite(options.connect().await.map_err(fault::fault)?))
}

/// A number is the same schema in every backend.
const STEPS: &[Step] = &[
    (1, "log", include_str!("../../../../migrations/sqlite/0001_log.sql")),
    (2, "search", include_str!("../../../../migrations/sqlite/0002_search.sql")),
    (3, "nodes", include_str!("../../../../migrations/sqlite/0003_nodes.sql")),
    (4, "traces", include_str!("../../../../migrations/sqlite/0004_traces.sql")),
    (5, "episodes", include_str!("../../../../migrations/sqlite/0005_episodes.sql")),
    (6, "writers", include_str!("../../../../migrations/sqlite/0006_writers.sql")),
    (7, "origin", include_str!("../../../../migrations/sqlite/0007_origin.sql")),
    (8, "rules", include_str!("../../../../migrations/sqlite/0008_rules.sql")),
    (9, "episode states", include_str!("../../../../migrations/sqlite/0009_episodes.sql")),
    (10, "names", include_str!("../../../../migrations/sqlite/0010_names.sql")),
    (11, "effects", include_str!("../../../../migrations/sqlite/0011_effects.sql")),
    (12, "monitors", include_str!("../../../../migrations/sqlite/0012_monitors.sql")),
    (13, "alerts", include_str!("../../../../migrations/sqlite/0013_alerts.sql")),
    (14, "monitor actions", include_str!("../../../../migrations/sqlite/0014_monitor_actions.sql")),
    (15, "columns", include_str!("../../../../migrations/sqlite/0015_columns.sql")),
    (16, "list views", include_str!("../../../../migrations/sqlite/0016_list_views.sql")),
    (17, "seals", include_str!("../../../../migrations/sqlite/0017_seals.sql")),
    (18, "api keys", include_str!("../../../../migrations/sqlite/0018_api_keys.sql")),
    (19, "servers", include_str!("../../../../migrations/sqlite/0019_servers.sql")),
    (20, "backups", include_str!("../../../../migrations/sqlite/0020_backups.sql")),
];

/// Takes the data directory for this process: the writer keeps what it knows of each run in memory, so there
/// can be one only. Freed by the operating system however the process ends.
fn lock(path: &Path) -> Result<File, StoreError> {
    let file = private::touch(&path.join("gauntlet.db.lock")).map_err(|e| unusable(path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let held = format!("another process uses the data directory {}", path.display());
            Err(StoreError::Conflict(held))
        }
        Err(TryLockError::Error(e)) => Err(unusable(path, e)),
    }
}

fn unusable(path: &Path, error: std::io::Error) -> StoreError {
    StoreError::unavailable_for(format!("the data directory {} cannot be used", path.display()), error)
}
