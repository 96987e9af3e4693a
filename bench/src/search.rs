//! Search over 200,000 steps, beside the same question put to the log by a scan with `LIKE`; what indexing
//! costs the ingest, as the ratio of ingest with and without it; and how fast an index is built from nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::runtime::Runtime;

use crate::ingest::send;
use crate::outcome::Outcome;
use crate::report::{Report, quantile};
use crate::rig::{Rig, agent};
use crate::workload::{spoken_lines, word};

const STEPS: u64 = 200_000;
const BATCH: u64 = 500;
const CLIENTS: usize = 4;
/// Steps a round of the comparison with and without the index ingests; rounds alternate.
const ROUND: u64 = 60_000;
const ROUNDS: usize = 5;
/// Questions asked of each sort.
const ASKED: u64 = 40;
/// Scans with `LIKE`: each reads the complete log.
const SCANS: u64 = 8;

/// Measures all three.
pub(crate) fn search(report: &mut Report, runtime: &Runtime) -> Outcome<()> {
    let (mut on, mut off, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let without = ingest(&Rig::with("[store]\nsearch = false")?, ROUND)?;
        let with = ingest(&Rig::start()?, ROUND)?;
        off.push(without);
        on.push(with);
        ratios.push(with / without);
    }
    report.add(
        "durable ingest while indexing",
        quantile(&mut on, 0.5),
        "events/s",
        Some(quantile(&mut off, 0.5)),
        None,
    );
    report.add(
        "ingest with the index to without, median",
        quantile(&mut ratios, 0.5),
        "ratio",
        None,
        Some(0.9),
    );

    let rig = Rig::start()?;
    ingest(&rig, STEPS)?;
    let begun = Instant::now();
    while !ask(&rig, &word(3))?.contains("\"complete\":true") {
        std::thread::sleep(Duration::from_millis(100));
    }
    report.add("from the last event to all indexed", begun.elapsed().as_secs_f64(), "s", None, None);
    questions(report, runtime, &rig)?;

    let rig = rig.restart(|folder| {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.join(format!("search.db{suffix}")));
        }
    })?;
    let begun = Instant::now();
    while !ask(&rig, &word(3))?.contains("\"complete\":true") {
        std::thread::sleep(Duration::from_millis(50));
    }
    let rate = STEPS as f64 / begun.elapsed().as_secs_f64();
    report.add("an index built from nothing", rate, "events/s", None, None);
    Ok(())
}

/// Posts that many steps; events a second.
fn ingest(rig: &Rig, steps: u64) -> Outcome<f64> {
    let bodies = (0..steps / BATCH).map(|b| spoken_lines(1 + b * BATCH, BATCH)).collect();
    Ok(steps as f64 / send(rig, "spoken", bodies, CLIENTS)?)
}

fn ask(rig: &Rig, q: &str) -> Outcome<String> {
    let url = format!("{}/api/v1/search", rig.url);
    Ok(agent().get(url).query("q", q).call()?.body_mut().read_to_string()?)
}

/// A question of some sort, the `n`th.
type Sort = (&'static str, fn(u64) -> String);

fn questions(report: &mut Report, runtime: &Runtime, rig: &Rig) -> Outcome<()> {
    let sorts: [Sort; 4] = [
        ("a rare word", |n| word(15_000 + n * 7)),
        ("two words", |n| format!("{} {}", word(40 + n), word(60 + n))),
        ("a prefix", |n| format!("{}*", word(2_000 + n * 31).get(..4).unwrap_or("qu"))),
        ("a word of almost every step", |n| word(n % 3)),
    ];
    let mut db = runtime.block_on(log_of(rig.folder()))?;
    for (name, question) in sorts {
        let mut asked = Vec::new();
        for n in 0..ASKED {
            let begun = Instant::now();
            ask(rig, &question(n))?;
            asked.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let mut scanned = Vec::new();
        for n in 0..SCANS {
            let begun = Instant::now();
            runtime.block_on(scan(&mut db, &question(n)))?;
            scanned.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let floor = quantile(&mut scanned, 0.5);
        for (share, p) in [(0.5, "p50"), (0.99, "p99")] {
            let name = format!("search of 200,000 steps, {name}, {p}");
            report.add(&name, quantile(&mut asked, share), "ms", Some(floor), None);
        }
    }
    Ok(())
}

async fn log_of(folder: &Path) -> Outcome<SqliteConnection> {
    Ok(SqliteConnectOptions::new().filename(folder.join("gauntlet.db")).read_only(true).connect().await?)
}

/// How many events hold all the words somewhere, by reading the log.
async fn scan(db: &mut SqliteConnection, q: &str) -> Outcome<()> {
    let mut sql = sqlx::QueryBuilder::<sqlx::Sqlite>::new("SELECT count(*) FROM events WHERE 1");
    for word in q.trim_end_matches('*').split(' ') {
        sql.push(" AND body LIKE ").push_bind(format!("%{word}%"));
    }
    sql.build().fetch_all(db).await?;
    Ok(())
}
