//! Reading everything that is stored as lines of JSON: tables by their columns, events with their bodies as
//! they are stored.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use futures::TryStreamExt;
use gauntlet_model::RunId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use sqlx::AssertSqlSafe;
use tokio::sync::mpsc;

use super::columns::DbRow;
use super::connection::{Pool, Snapshot};
use super::dialect::Dialect;
use super::fault::{corrupt, fault};
use super::query::query;
use super::target::Target;
use super::value::Value;
use super::{body, place, seq_of};
use crate::{DumpMoment, DumpRun, EventLines, StoreError, TableRows};

/// The tables that are dumped, each with the order of its rows; a table comes after those that it refers
/// to.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("runs", "run_no"),
    ("progress", "run_no"),
    ("episodes", "run_no, episode"),
    ("commands", "run_no, seq"),
    ("writers", "rowid"),
    ("tombstones", "id"),
    ("effects", "project"),
    ("monitors", "project, name"),
    ("monitor_states", "run_no"),
    ("webhook_calls", "call_no"),
    ("list_views", "project, name"),
    ("api_keys", "id"),
];

/// Bytes of lines after which a part ends.
const PART_BYTES: usize = 4 << 20;
/// Events read by one statement.
const EVENTS_PER_READ: i64 = 4096;
/// Columns of a line of an event.
const EVENT: &str = "place, id, received_at, at, kind, version, episode, step, origin, body";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    Integer,
    Real,
    Text,
    Bytes,
}

/// The columns of a table. `rowid`, the order of rows, is the database's business.
pub(super) async fn columns(
    db: impl Into<Target<'_>>,
    dialect: Dialect,
    table: &str,
) -> Result<Vec<(String, ColumnType)>, StoreError> {
    let rows = query(dialect.table_columns()).bind(table).all(db).await.map_err(fault)?;
    let column = |row: &DbRow| {
        let [name, kind] = ["name", "type"].map(|at| row.try_get::<String, _>(at).map_err(fault));
        let kind = match kind?.as_str() {
            "INTEGER" | "bigint" => ColumnType::Integer,
            "REAL" | "double precision" => ColumnType::Real,
            "TEXT" | "text" => ColumnType::Text,
            "BLOB" | "bytea" => ColumnType::Bytes,
            other => return Err(corrupt(format!("the table {table} has a column of the type {other}"))),
        };
        Ok((name?, kind))
    };
    let all: Vec<_> = rows.iter().map(column).collect::<Result<_, StoreError>>()?;
    Ok(all.into_iter().filter(|(name, _)| name != "rowid").collect())
}

/// Every table but the events, at one moment.
pub(crate) async fn tables(readers: &Pool, sink: mpsc::Sender<TableRows>) -> Result<DumpMoment, StoreError> {
    let mut snapshot = readers.snapshot().await.map_err(fault)?;
    let heads = "SELECT r.run_no, r.id, p.head FROM runs r JOIN progress p USING (run_no) ORDER BY r.run_no";
    let run = |row: &DbRow| {
        let head: i64 = row.try_get("head").map_err(fault)?;
        Ok(DumpRun {
            run_no: row.try_get("run_no").map_err(fault)?,
            id: RunId::new(row.try_get::<String, _>("id").map_err(fault)?).map_err(corrupt)?,
            head: head.unsigned_abs(),
        })
    };
    let found = query(heads).all(&mut snapshot).await.map_err(fault)?;
    let runs = found.iter().map(run).collect::<Result<Vec<_>, StoreError>>()?;
    let dialect = snapshot.dialect();
    let schema = schema(&mut snapshot).await?;
    let last: Option<i64> = query(dialect.last_run_no()).value(&mut snapshot).await.map_err(fault)?;
    for (table, order) in TABLES {
        dump_table(&mut snapshot, table, order, &sink).await?;
    }
    let last_run_no = last.unwrap_or_default().max(runs.last().map_or(0, |run| run.run_no));
    Ok(DumpMoment { schema, runs, last_run_no })
}

/// The number of the last migration of the schema.
pub(crate) async fn schema(db: impl Into<Target<'_>>) -> Result<i64, StoreError> {
    query("SELECT max(version) FROM _sqlx_migrations").only(db).await.map_err(fault)
}

async fn dump_table(
    snapshot: &mut Snapshot,
    table: &'static str,
    order: &str,
    sink: &mpsc::Sender<TableRows>,
) -> Result<(), StoreError> {
    let dialect = snapshot.dialect();
    let columns = columns(&mut *snapshot, dialect, table).await?;
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY {order}", names.join(", "));
    let mut rows = query(AssertSqlSafe(sql)).rows(&mut *snapshot);
    let mut part = TableRows { table, rows: 0, lines: Vec::new() };
    // A table without rows has a part as well: an archive names every table that it holds.
    let mut is_first = true;
    loop {
        let row = rows.try_next().await.map_err(fault)?;
        let is_end = row.is_none();
        if let Some(row) = row {
            part.lines.extend(table_line(&row, &columns)?);
            part.rows += 1;
        }
        if (is_end && (is_first || part.rows > 0)) || part.lines.len() >= PART_BYTES {
            is_first = false;
            let sent = sink.send(part).await;
            sent.map_err(|_| StoreError::unavailable("nobody takes the rows any more".to_owned()))?;
            part = TableRows { table, rows: 0, lines: Vec::new() };
        }
        if is_end {
            return Ok(());
        }
    }
}

fn table_line(row: &DbRow, columns: &[(String, ColumnType)]) -> Result<Vec<u8>, StoreError> {
    let mut object = Map::new();
    for (name, kind) in columns {
        let at = name.as_str();
        let value = match kind {
            ColumnType::Integer => row.try_get::<Option<i64>, _>(at).map(Json::from),
            ColumnType::Real => row.try_get::<Option<f64>, _>(at).map(Json::from),
            ColumnType::Text => row.try_get::<Option<String>, _>(at).map(Json::from),
            ColumnType::Bytes => {
                let bytes = row.try_get::<Option<Vec<u8>>, _>(at);
                bytes.map(|bytes| bytes.map_or(Json::Null, |bytes| json!({ "hex": hex::encode(bytes) })))
            }
        };
        object.insert(name.clone(), value.map_err(fault)?);
    }
    let mut line = serde_json::to_vec(&object).map_err(corrupt)?;
    line.push(b'\n');
    Ok(line)
}

/// A line of an event.
#[derive(Serialize, Deserialize)]
pub(super) struct EventLine<'a> {
    pub seq: u64,
    /// In hexadecimal.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    pub received_at: i64,
    pub at: i64,
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    pub version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<i64>,
    /// A JSON object to the letter as it is stored; a body that is none, or holds a line feed, as a string.
    #[serde(borrow)]
    pub body: &'a RawValue,
}

/// Some of the events of a run, from the first of `seqs`.
pub(crate) async fn events(readers: &Pool, run_no: i64, seqs: Range<u64>) -> Result<EventLines, StoreError> {
    let mut part = EventLines { next: seqs.start, ..EventLines::default() };
    if seqs.is_empty() {
        return Ok(part);
    }
    match read_stretch(readers, run_no, &seqs, EVENTS_PER_READ, &mut part).await {
        // A page of the database is damaged: what is on it is missing, what is around it is read.
        Err(StoreError::Corrupt { .. }) => {
            let end = seqs.end.min(part.next + EVENTS_PER_READ.unsigned_abs());
            while part.next < end && part.lines.len() < PART_BYTES {
                let one = part.next..part.next + 1;
                match read_stretch(readers, run_no, &one, 1, &mut part).await {
                    Err(StoreError::Corrupt { .. }) => {
                        part.missing += 1;
                        part.next = one.end;
                    }
                    read => read?,
                }
            }
        }
        read => read?,
    }
    if part.missing > 0 {
        let is_there: Option<i64> = query("SELECT run_no FROM runs WHERE run_no = ?1")
            .bind(run_no)
            .value(readers)
            .await
            .map_err(fault)?;
        if is_there.is_none() {
            return Err(StoreError::NotFound(format!("run number {run_no} was deleted")));
        }
        tracing::error!(run_no, missing = part.missing, "events of a run cannot be read");
    }
    Ok(part)
}

async fn read_stretch(
    readers: &Pool,
    run_no: i64,
    seqs: &Range<u64>,
    limit: i64,
    part: &mut EventLines,
) -> Result<(), StoreError> {
    let sql = format!("SELECT {EVENT} FROM events WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3");
    let mut rows = query(AssertSqlSafe(sql))
        .bind(place(run_no, part.next))
        .bind(place(run_no, seqs.end - 1))
        .bind(limit)
        .rows(readers);
    let mut count = 0;
    while let Some(row) = rows.try_next().await.map_err(fault)? {
        let seq = seq_of(row.try_get("place").map_err(fault)?);
        part.missing += seq - part.next;
        push_event(&row, seq, &mut part.lines).map_err(fault)?;
        part.next = seq + 1;
        part.events += 1;
        count += 1;
        if part.lines.len() >= PART_BYTES {
            return Ok(());
        }
    }
    if count < limit {
        part.missing += seqs.end - part.next;
        part.next = seqs.end;
    }
    Ok(())
}

fn push_event(row: &DbRow, seq: u64, lines: &mut Vec<u8>) -> Result<(), sqlx::Error> {
    let stored = body::of(row, "body")?;
    let text = |body: &str| serde_json::value::to_raw_value(body);
    let decode = |error: serde_json::Error| sqlx::Error::Decode(error.into());
    let quoted;
    let body = match serde_json::from_str::<&RawValue>(&stored) {
        Ok(raw) if raw.get() == stored && stored.starts_with('{') && !stored.contains('\n') => raw,
        _ => {
            quoted = text(&stored).map_err(decode)?;
            &quoted
        }
    };
    let line = EventLine {
        seq,
        id: hex::encode(row.try_get::<&[u8], _>("id")?).into(),
        received_at: row.try_get("received_at")?,
        at: row.try_get("at")?,
        kind: Cow::Borrowed(row.try_get("kind")?),
        version: row.try_get("version")?,
        episode: row.try_get("episode")?,
        step: row.try_get("step")?,
        origin: row.try_get("origin")?,
        body,
    };
    serde_json::to_writer(&mut *lines, &line).map_err(decode)?;
    lines.push(b'\n');
    Ok(())
}

/// The ids of the events in these places, in hexadecimal.
pub(crate) async fn ids(readers: &Pool, places: &[(i64, u64)]) -> Result<Vec<Option<String>>, StoreError> {
    let places: Vec<i64> = places.iter().map(|(run_no, seq)| place(*run_no, *seq)).collect();
    let sql = format!("SELECT place, id FROM events WHERE place IN {}", readers.dialect().elements("?1"));
    let asked = query(AssertSqlSafe(sql)).bind(Value::Integers(places.clone()));
    let mut found = HashMap::new();
    for row in asked.all(readers).await.map_err(fault)? {
        let id = hex::encode(row.try_get::<&[u8], _>("id").map_err(fault)?);
        found.insert(row.try_get::<i64, _>("place").map_err(fault)?, id);
    }
    Ok(places.iter().map(|place| found.remove(place)).collect())
}
