//! The index's own database file. Everything in it follows from the log, so whatever is wrong with it is
//! mended by throwing it away: a damaged file, one of another version, one that is missing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::database::fault::fault;
use crate::database::search::TOKENIZER;
use crate::search::TextField;
use crate::{DATABASE_FILE, StoreError, private};

/// Raised whenever what is kept, or how texts are cut into words, changes: an index of another number is
/// rebuilt.
const VERSION: i64 = 2;
/// How much a word counts, by the field it is in.
const WEIGHTS: &str = "4.0, 2.0, 2.0, 1.5, 1.0, 1.0, 0.5";
/// Connections that search, and so the searches that run at a time.
const MAX_SEARCHES: u32 = 2;

/// The database file of a data directory's index.
fn file(directory: &Path) -> PathBuf {
    directory.join("search.db")
}

/// The connection that writes the index, its schema made where it is not there.
pub(super) async fn open(directory: &Path) -> Result<SqliteConnection, StoreError> {
    match attempt(directory).await {
        Ok(Some(connection)) => return Ok(connection),
        Ok(None) => tracing::info!("the search index is of another version; it is rebuilt"),
        Err(StoreError::Corrupt { .. }) => tracing::warn!("the search index is damaged; it is rebuilt"),
        Err(error) => return Err(error),
    }
    remove(directory)?;
    let made = attempt(directory).await?;
    made.ok_or_else(|| StoreError::unavailable("the search index cannot be made".to_owned()))
}

/// Closes the index. Before its files are deleted it must be closed, or SQLite may delete those of the next
/// one.
pub(super) async fn close(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the search index did not close cleanly");
    }
}

/// Deletes the index. It must not be open.
pub(super) fn remove(directory: &Path) -> Result<(), StoreError> {
    let file = file(directory);
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.clone().into_os_string();
        path.push(suffix);
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => {
                return Err(StoreError::unavailable_for(format!("{} cannot be removed", file.display()), e));
            }
        }
    }
    Ok(())
}

/// `None` where the index is of another version.
async fn attempt(directory: &Path) -> Result<Option<SqliteConnection>, StoreError> {
    private::touch(&file(directory))
        .map_err(|e| StoreError::unavailable_for("the search index cannot be made", e))?;
    let options = SqliteConnectOptions::new()
        .filename(file(directory))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Loss of power may take the last batches, with their cursors: they are indexed again.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(10))
        .page_size(8192)
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-32768");
    let mut connection = options.connect().await.map_err(fault)?;
    match prepare(&mut connection).await {
        Ok(true) => Ok(Some(connection)),
        Ok(false) => {
            close(connection).await;
            Ok(None)
        }
        Err(error) => {
            close(connection).await;
            Err(error)
        }
    }
}

/// Makes the schema in an empty file; whether it is this version's.
async fn prepare(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let ask = "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)";
    let (version, tables): (i64, i64) =
        sqlx::query_as(ask).fetch_one(&mut *connection).await.map_err(fault)?;
    if (version, tables) == (0, 0) {
        create(connection).await.map_err(fault)?;
        return Ok(true);
    }
    Ok(version == VERSION)
}

async fn create(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let columns: Vec<&str> = TextField::ALL.iter().map(|f| f.as_str()).collect();
    let columns = columns.join(", ");
    let mut transaction = connection.begin().await?;
    // The texts themselves stay in the log; the index holds the position of each word. A row's id is the
    // event's place in the log.
    let texts = format!(
        "CREATE VIRTUAL TABLE texts USING fts5({columns}, content = '', contentless_delete = 1,
            tokenize = '{TOKENIZER}');
         INSERT INTO texts (texts, rank) VALUES ('rank', 'bm25({WEIGHTS})');
         INSERT INTO texts (texts, rank) VALUES ('hashsize', 8388608);
         -- How far each run is indexed: written with what it says is indexed.
         CREATE TABLE cursors (
            run_no INTEGER PRIMARY KEY,
            -- Events indexed; the sequence number of the next one.
            next INTEGER NOT NULL,
            -- The id of the last event indexed: tells whether this is the index of this log.
            last_id BLOB NOT NULL,
            -- The run's count of edits when its names and notes were indexed.
            edits INTEGER NOT NULL
         ) STRICT;
         PRAGMA user_version = {VERSION};"
    );
    transaction.execute(AssertSqlSafe(texts)).await?;
    transaction.commit().await
}

/// Connections that search. Each sees the log as well, under the name `log`.
pub(super) async fn searchers(directory: &Path) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file(directory))
        .busy_timeout(Duration::from_secs(10))
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "memory")
        .read_only(true)
        // A slow search is not a fault to report, and what was searched for is private.
        .disable_statement_logging();
    let log = directory.join(DATABASE_FILE).to_string_lossy().into_owned();
    SqlitePoolOptions::new()
        .max_connections(MAX_SEARCHES)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let log = log.clone();
            Box::pin(async move {
                sqlx::query("ATTACH DATABASE ?1 AS log").bind(log).execute(connection).await.map(drop)
            })
        })
        .connect_with(options)
        .await
        .map_err(fault)
}
