//! Durable ingest over HTTP into PostgreSQL, beside the same rows written straight into the same PostgreSQL.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};
use tokio::runtime::Runtime;

use crate::ingest::send;
use crate::outcome::Outcome;
use crate::report::Report;
use crate::rig::Rig;
use crate::workload::{event, lines};

/// Events of a request, and rows of a transaction of the floor.
const BATCH: u64 = 500;
const BATCHES: u64 = 200;
const CLIENTS: usize = 4;

/// A PostgreSQL that writes to the disk before it acknowledges; it ends with its standard input.
struct Server {
    names: ChildStdin,
    addresses: BufReader<ChildStdout>,
    script: Child,
}

impl Server {
    fn start() -> Outcome<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres.sh");
        let mut script =
            Command::new(script).arg("durable").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let names = script.stdin.take().ok_or("no input")?;
        let addresses = BufReader::new(script.stdout.take().ok_or("no output")?);
        let mut server = Self { names, addresses, script };
        server.address()?;
        Ok(server)
    }

    fn address(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.addresses.read_line(&mut line)?;
        let address = line.trim_end().to_owned();
        if address.is_empty() { Err("PostgreSQL did not start".into()) } else { Ok(address) }
    }

    /// The address of a new database.
    fn database(&mut self, name: &str) -> Outcome<String> {
        writeln!(self.names, "{name}")?;
        self.address()
    }

    /// Ends it and waits until its folder is removed.
    fn stop(self) -> Outcome<()> {
        let Self { names, mut script, .. } = self;
        drop(names);
        script.wait()?;
        Ok(())
    }
}

/// Batches of 500; each request is answered after its commit.
pub(crate) fn durable(report: &mut Report, runtime: &Runtime) -> Outcome<()> {
    let mut server = Server::start()?;
    let (log, floor) = (server.database("log")?, server.database("floor")?);
    let rig = Rig::with(&format!("database = {log:?}\n"))?;
    let bodies = (0..BATCHES).map(|b| lines(1 + b * BATCH, BATCH)).collect();
    let rate = (BATCH * BATCHES) as f64 / send(&rig, "ingest", bodies, CLIENTS)?;
    drop(rig);
    let floor = runtime.block_on(straight(&floor))?;
    report.add("durable ingest into PostgreSQL", rate, "events/s", Some(floor), None);
    report.add("durable ingest into PostgreSQL, ratio", rate / floor, "ratio", None, Some(0.4));
    server.stop()
}

/// The same rows by one connection, one statement and transaction a batch: events a second.
async fn straight(address: &str) -> Outcome<f64> {
    let mut db = PgConnection::connect(address).await?;
    let table = "CREATE TABLE events (seq BIGINT PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)";
    db.execute(table).await?;
    let rows: Vec<String> = (1..=BATCH * BATCHES).map(event).collect();
    let begun = Instant::now();
    for (batch, rows) in (0_i64..).zip(rows.chunks(BATCH as usize)) {
        let seqs: Vec<i64> = (batch * BATCH as i64..).take(rows.len()).collect();
        let ids: Vec<&str> = rows.iter().map(|row| &row[7..43]).collect();
        sqlx::query("INSERT INTO events (seq, id, body) SELECT * FROM unnest($1, $2, $3)")
            .bind(seqs)
            .bind(ids)
            .bind(rows)
            .execute(&mut db)
            .await?;
    }
    Ok((BATCH * BATCHES) as f64 / begun.elapsed().as_secs_f64())
}
