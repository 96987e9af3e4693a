//! Durable ingest over HTTP, beside the same rows written straight into SQLite.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::runtime::Runtime;

use crate::outcome::Outcome;
use crate::report::Report;
use crate::rig::{Rig, agent};
use crate::workload::{event, lines};

/// Rows a statement of the floor writes at most.
const ROWS: usize = 100;

/// Batches of 1, 50 and 500; each request is answered after its commit.
pub(crate) fn durable(report: &mut Report, runtime: &Runtime) -> Outcome<()> {
    let rig = Rig::start()?;
    for (batch, batches, clients) in [(1u64, 6_000u64, 16), (50, 1_200, 8), (500, 400, 4)] {
        let bodies = (0..batches).map(|b| lines(1 + b * batch, batch)).collect();
        let seconds = send(&rig, &format!("ingest-{batch}"), bodies, clients)?;
        let rate = (batch * batches) as f64 / seconds;
        let floor = runtime.block_on(straight(batch, batches))?;
        let name = format!("durable ingest, batches of {batch}");
        report.add(&name, rate, "events/s", Some(floor), None);
        if batch == 500 {
            report.add("durable ingest, ratio at 500", rate / floor, "ratio", None, Some(0.3));
            report.add("memory, loaded", rig.resident_mib()?, "MiB", None, None);
        }
    }
    Ok(())
}

/// Creates a run and posts these bodies of JSON Lines from so many clients: seconds.
pub(crate) fn send(rig: &Rig, run: &str, bodies: Vec<String>, clients: usize) -> Outcome<f64> {
    rig.create(run)?;
    let url = format!("{}/api/v1/runs/{run}/events", rig.url);
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| -> Outcome<()> {
        let send = || -> Outcome<()> {
            let agent = agent();
            while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                agent.post(&url).content_type("application/x-ndjson").send(body)?.body_mut().read_to_vec()?;
            }
            Ok(())
        };
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(send)).collect();
        clients.into_iter().try_for_each(|c| c.join().map_err(|_| "a client panicked")?)
    })?;
    Ok(begun.elapsed().as_secs_f64())
}

/// The same rows, one transaction a batch, durable like the log's: events a second.
async fn straight(batch: u64, batches: u64) -> Outcome<f64> {
    let folder = tempfile::tempdir()?;
    let mut db = SqliteConnectOptions::new()
        .filename(folder.path().join("floor.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await?;
    let table = "CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)";
    sqlx::query(table).execute(&mut db).await?;
    let rows: Vec<String> = (1..=batch * batches).map(event).collect();
    let begun = Instant::now();
    for (b, rows) in rows.chunks(batch as usize).enumerate() {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await?;
        for (c, rows) in rows.chunks(ROWS).enumerate() {
            insert(&mut db, b * batch as usize + c * ROWS, rows).await?;
        }
        sqlx::query("COMMIT").execute(&mut db).await?;
    }
    Ok((batch * batches) as f64 / begun.elapsed().as_secs_f64())
}

async fn insert(db: &mut SqliteConnection, first: usize, rows: &[String]) -> Outcome<()> {
    let mut insert = sqlx::QueryBuilder::<sqlx::Sqlite>::new("INSERT INTO events (seq, id, body) ");
    insert.push_values(rows.iter().enumerate(), |mut values, (i, row)| {
        values.push_bind((first + i) as i64).push_bind(&row[7..43]).push_bind(row);
    });
    insert.build().execute(db).await?;
    Ok(())
}
