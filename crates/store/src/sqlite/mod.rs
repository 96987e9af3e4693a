//! The log in SQLite: one connection writes, a pool reads, and neither waits for the other (WAL).

mod body;
mod change;
mod command_table;
mod commands;
mod complete;
mod effects;
mod episode;
mod episode_cache;
mod episode_states;
mod fault;
mod flush;
mod followed;
mod group;
mod hub;
mod identity;
mod list_views;
mod listing;
mod log;
mod lookup;
mod monitors;
mod projections;
mod read;
mod recount;
mod revisit;
mod rows;
mod seals;
mod search;
mod steps;
mod temp_space;
mod tombstones;
mod totals;
pub(crate) mod view_statement;
mod webhooks;
mod writer;
mod writers;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::task::JoinHandle;

pub(crate) use log::open;

use crate::queue::Inbox;
use crate::watches::Watches;
use crate::{DATABASE_FILE, Options, READ_AHEAD, StoreError, Synchronous, private};

/// Bits of `place` below the run's number: a run holds at most 2^36 events.
const SEQ_BITS: u32 = 36;
/// The greatest sequence number.
const MAX_SEQ: u64 = (1 << SEQ_BITS) - 1;
/// Runs ever created in one database, at most.
const MAX_RUN_NO: i64 = (1 << (63 - SEQ_BITS)) - 1;

/// Where an event lies.
fn place(run_no: i64, seq: u64) -> i64 {
    run_no << SEQ_BITS | seq.min(MAX_SEQ) as i64
}

/// Its sequence number, from where it lies.
fn seq_of(place: i64) -> u64 {
    place as u64 & MAX_SEQ
}

/// A step as a column holds it. One that no event can have is the greatest number, which no row has.
fn step_column(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}

/// Opens the database in the data directory, creating or migrating it, and starts the writer.
async fn start(
    options: &Options,
    inbox: Inbox,
    watches: Arc<Watches>,
) -> Result<(SqlitePool, JoinHandle<writer::Drained>), StoreError> {
    private::folder(&options.path).map_err(|e| unusable(&options.path, &e))?;
    let mut lock = lock(&options.path)?;
    identity::report_losses(&options.path, &mut lock).map_err(|e| unusable(&options.path, &e))?;
    // SQLite gives the files beside the database the rights of the database.
    private::touch(&options.path.join(DATABASE_FILE)).map_err(|e| unusable(&options.path, &e))?;
    if let Err(error) = private::restrict(&options.path) {
        tracing::warn!(%error, "files of the data directory may be readable by others");
    }
    let synchronous = match options.synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
    };
    let shared = SqliteConnectOptions::new()
        .filename(options.path.join(DATABASE_FILE))
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(10))
        .foreign_keys(true);
    let writing = shared
        .clone()
        .create_if_missing(true)
        .synchronous(synchronous)
        // Twice the default: an event of 850 bytes wastes less of a page, a tenth of the file in all.
        .page_size(8192)
        // A checkpoint every 16 MiB, and a write-ahead log no longer than 64 MiB between bursts.
        .pragma("wal_autocheckpoint", "2048")
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-65536");
    let one =
        SqlitePoolOptions::new().max_connections(1).connect_with(writing).await.map_err(fault::fault)?;
    migrations().run(&one).await.map_err(migration_fault)?;
    let mut connection = one.acquire().await.map_err(fault::fault)?.detach();
    recount::recount(&mut connection).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.readers.max(1))
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .connect_with(shared.read_only(true).row_buffer_size(READ_AHEAD as usize))
        .await
        .map_err(fault::fault)?;
    // The write-ahead log exists once something was written.
    sqlx::query("UPDATE heartbeat SET beats = beats + 1")
        .execute(&mut connection)
        .await
        .map_err(fault::fault)?;
    let identity = identity::Identity::of(&options.path).map_err(|e| unusable(&options.path, &e))?;
    let writer = writer::Writer::new(connection, identity, inbox, watches, options.group_events, lock);
    Ok((readers, tokio::spawn(writer.run())))
}

/// The schema, step by step. Named here rather than by a macro: the macro would build SQLite a second time,
/// for the compiler.
fn migrations() -> Migrator {
    let step = |version, description: &'static str, sql| {
        Migration::new(version, description.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    Migrator::with_migrations(vec![
        step(1, "log", include_str!("../../../../migrations/sqlite/0001_log.sql")),
        step(2, "search", include_str!("../../../../migrations/sqlite/0002_search.sql")),
        step(3, "nodes", include_str!("../../../../migrations/sqlite/0003_nodes.sql")),
        step(4, "traces", include_str!("../../../../migrations/sqlite/0004_traces.sql")),
        step(5, "episodes", include_str!("../../../../migrations/sqlite/0005_episodes.sql")),
        step(6, "writers", include_str!("../../../../migrations/sqlite/0006_writers.sql")),
        step(7, "origin", include_str!("../../../../migrations/sqlite/0007_origin.sql")),
        step(8, "rules", include_str!("../../../../migrations/sqlite/0008_rules.sql")),
        step(9, "episode states", include_str!("../../../../migrations/sqlite/0009_episodes.sql")),
        step(10, "names", include_str!("../../../../migrations/sqlite/0010_names.sql")),
        step(11, "effects", include_str!("../../../../migrations/sqlite/0011_effects.sql")),
        step(12, "monitors", include_str!("../../../../migrations/sqlite/0012_monitors.sql")),
        step(13, "alerts", include_str!("../../../../migrations/sqlite/0013_alerts.sql")),
        step(14, "monitor actions", include_str!("../../../../migrations/sqlite/0014_monitor_actions.sql")),
        step(15, "columns", include_str!("../../../../migrations/sqlite/0015_columns.sql")),
        step(16, "list views", include_str!("../../../../migrations/sqlite/0016_list_views.sql")),
        step(17, "seals", include_str!("../../../../migrations/sqlite/0017_seals.sql")),
    ])
}

/// Takes the data directory for this process: the writer keeps what it knows of each run in memory, so there
/// can be one only. Freed by the operating system however the process ends.
fn lock(path: &Path) -> Result<File, StoreError> {
    let file = private::touch(&path.join("gauntlet.db.lock")).map_err(|e| unusable(path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let held = format!("another process uses the data directory {}", path.display());
            Err(StoreError::Conflict(held))
        }
        Err(TryLockError::Error(e)) => Err(unusable(path, &e)),
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("the data directory {} cannot be used: {error}", path.display()))
}

fn migration_fault(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => fault::fault(e),
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
            StoreError::Conflict("the data directory was written by a newer version".to_owned())
        }
        other => {
            tracing::error!(error = %other, "migration failed");
            StoreError::Corrupt("its schema is not one this version wrote".to_owned())
        }
    }
}
