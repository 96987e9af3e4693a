//! Filling an empty database with dumped lines. A table `restoring` is there from the first moment to the
//! last, and no server opens a database that has it.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use gauntlet_model::Object;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::connection::Connection;
use super::dialect::Dialect;
use super::dump::{ColumnType, EventLine, TABLES, columns};
use super::fault::{corrupt, fault};
use super::insert_many::InsertMany;
use super::migrations::{Step, migrate};
use super::query::{QueryBuilder, query};
use super::recount::recount;
use super::target::Target;
use super::value::Value;
use super::{MAX_RUN_NO, MAX_SEQ, body, flush, place, projections, seq_of};
use crate::StoreError;

/// The table that is there while a database is filled.
const MARK: &str = "restoring";
/// Parameters of one statement, at most.
const PARAMETERS: usize = 2000;
/// Configurations read at a time.
const RUNS: i64 = 500;

/// The right to be the only one that uses a database, for as long as it is filled.
#[async_trait]
pub(crate) trait LoadHold: Send {
    /// Closes the database and lets servers in.
    async fn close(self: Box<Self>, connection: Connection);
}

/// A database that is being filled.
pub(crate) struct LoadLog {
    connection: Connection,
    session: Box<dyn LoadHold>,
    steps: &'static [Step],
    columns: HashMap<String, Vec<(String, ColumnType)>>,
    /// The run whose events come, and its next sequence number.
    next: Option<(i64, u64)>,
}

/// What is in a database that is to be filled.
pub(crate) enum Found {
    /// No tables.
    Nothing,
    /// Tables, by a server.
    Log,
    /// What an earlier loading of that mark left.
    Unfinished(String),
}

/// Looks what is in a database.
pub(crate) async fn look(connection: &mut Connection) -> Result<Found, StoreError> {
    if has_table(connection.dialect(), &mut *connection, MARK).await? {
        let mark = query("SELECT archive FROM restoring").value(connection).await.map_err(fault)?;
        return Ok(Found::Unfinished(mark.unwrap_or_default()));
    }
    match has_table(connection.dialect(), &mut *connection, "runs").await? {
        true => Ok(Found::Log),
        false => Ok(Found::Nothing),
    }
}

/// Fails where the database was not filled to the end.
pub(crate) async fn check_finished(dialect: Dialect, db: impl Into<Target<'_>>) -> Result<(), StoreError> {
    match has_table(dialect, db, MARK).await? {
        true => Err(StoreError::Conflict(
            "a restore into this database did not finish: run it again, or name an empty place".to_owned(),
        )),
        false => Ok(()),
    }
}

async fn has_table(dialect: Dialect, db: impl Into<Target<'_>>, name: &str) -> Result<bool, StoreError> {
    let found: Option<i64> = query(dialect.table_exists()).bind(name).value(db).await.map_err(fault)?;
    Ok(found.is_some())
}

/// The number of the last step that was taken.
pub(crate) async fn schema(connection: &mut Connection) -> Result<i64, StoreError> {
    if !has_table(connection.dialect(), &mut *connection, "_sqlx_migrations").await? {
        return Ok(0);
    }
    let last: Option<i64> =
        query("SELECT max(version) FROM _sqlx_migrations").only(connection).await.map_err(fault)?;
    Ok(last.unwrap_or_default())
}

/// The steps up to a schema that an archive has.
pub(crate) fn steps_to(steps: &'static [Step], schema: i64) -> Result<&'static [Step], StoreError> {
    match steps.iter().position(|step| step.0 == schema) {
        Some(last) => Ok(&steps[..=last]),
        None => Err(StoreError::Conflict(format!(
            "it has the schema {schema}, which this version of gauntlet does not know"
        ))),
    }
}

impl LoadLog {
    /// Marks the database, makes the schema, and removes what an earlier loading left but its events.
    pub(crate) async fn begin(
        mut connection: Connection,
        session: Box<dyn LoadHold>,
        steps: &'static [Step],
        schema: i64,
        mark: &str,
    ) -> Result<Self, StoreError> {
        connection.begin().await.map_err(fault)?;
        for sql in ["CREATE TABLE IF NOT EXISTS restoring (archive TEXT NOT NULL)", "DELETE FROM restoring"] {
            query(sql).execute(&mut connection).await.map_err(fault)?;
        }
        let put = query("INSERT INTO restoring (archive) VALUES (?1)").bind(mark);
        put.execute(&mut connection).await.map_err(fault)?;
        connection.commit().await.map_err(fault)?;
        migrate(&mut connection, steps_to(steps, schema)?).await?;
        for (table, _) in TABLES.iter().rev() {
            let mut clear = QueryBuilder::new("DELETE FROM ");
            clear.push(table);
            clear.build().execute(&mut connection).await.map_err(fault)?;
        }
        Ok(Self { connection, session, steps, columns: HashMap::new(), next: None })
    }

    /// Adds rows of a table; how many.
    pub(crate) async fn rows(&mut self, table: &str, lines: &[u8]) -> Result<u64, StoreError> {
        if !TABLES.iter().any(|(name, _)| *name == table) {
            return Err(StoreError::corrupt(format!("there is no table {table:?}")));
        }
        let columns = match self.columns.get(table) {
            Some(columns) => columns.clone(),
            None => {
                let dialect = self.connection.dialect();
                let columns = columns(&mut self.connection, dialect, table).await?;
                self.columns.insert(table.to_owned(), columns.clone());
                columns
            }
        };
        let rows = lines_of(lines).map(|line| row_values(table, line, &columns));
        let rows: Vec<Vec<Value>> = rows.collect::<Result<_, _>>()?;
        self.connection.begin().await.map_err(fault)?;
        for some in rows.chunks((PARAMETERS / columns.len().max(1)).max(1)) {
            self.insert(table, &columns, some).await?;
        }
        self.connection.commit().await.map_err(fault)?;
        Ok(rows.len() as u64)
    }

    async fn insert(
        &mut self,
        table: &str,
        columns: &[(String, ColumnType)],
        rows: &[Vec<Value>],
    ) -> Result<(), StoreError> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let numbers = self.connection.dialect().given_numbers();
        let mut sql =
            QueryBuilder::new(format!("INSERT INTO {table} ({}) {numbers} VALUES ", names.join(", ")));
        for (number, row) in rows.iter().enumerate() {
            sql.push(if number == 0 { "(" } else { ", (" });
            for (at, value) in row.iter().enumerate() {
                sql.push(if at == 0 { "" } else { ", " });
                sql.push_bind(value.clone());
            }
            sql.push(")");
        }
        sql.build().execute(&mut self.connection).await.map(drop).map_err(fault)
    }

    /// Adds events of a run. Those below the ones that are there already are passed over.
    pub(crate) async fn events(&mut self, run_no: i64, lines: &[u8]) -> Result<(), StoreError> {
        if !(0..=MAX_RUN_NO).contains(&run_no) {
            return Err(StoreError::corrupt(format!("{run_no} is no number of a run")));
        }
        let mut next = match self.next {
            Some((run, next)) if run == run_no => next,
            _ => self.next_seq(run_no).await?,
        };
        let mut rows = Vec::new();
        for line in lines_of(lines) {
            let line: EventLine<'_> = serde_json::from_slice(line).map_err(corrupt)?;
            if line.seq > MAX_SEQ {
                return Err(StoreError::corrupt(format!("{} is no sequence number", line.seq)));
            }
            if line.seq >= next {
                next = line.seq + 1;
                rows.push(event_values(run_no, line)?);
            }
        }
        self.connection.begin().await.map_err(fault)?;
        let insert: &InsertMany<13> = &flush::INSERT_EVENTS;
        insert.write(&mut self.connection, &rows, Clone::clone).await.map_err(fault)?;
        self.connection.commit().await.map_err(fault)?;
        self.next = Some((run_no, next));
        Ok(())
    }

    /// The sequence number past the last event of a run that is there.
    pub(crate) async fn next_seq(&mut self, run_no: i64) -> Result<u64, StoreError> {
        let last =
            query("SELECT place FROM events WHERE place BETWEEN ?1 AND ?2 ORDER BY place DESC LIMIT 1")
                .bind(place(run_no, 0))
                .bind(place(run_no, MAX_SEQ));
        let last: Option<i64> = last.value(&mut self.connection).await.map_err(fault)?;
        Ok(last.map_or(0, |place| seq_of(place) + 1))
    }

    /// Removes runs with their rows.
    pub(crate) async fn remove_runs(&mut self, run_nos: &[i64]) -> Result<(), StoreError> {
        for run_no in run_nos {
            // `episodes` refers to no run, the other tables follow theirs.
            for sql in ["DELETE FROM episodes WHERE run_no = ?1", "DELETE FROM runs WHERE run_no = ?1"] {
                query(sql).bind(*run_no).execute(&mut self.connection).await.map_err(fault)?;
            }
        }
        Ok(())
    }

    /// Computes what is derived, and opens the database to servers.
    pub(crate) async fn finish(mut self, last_run_no: i64) -> Result<(), StoreError> {
        let db = &mut self.connection;
        let stray = query("DELETE FROM events WHERE run_no NOT IN (SELECT run_no FROM runs)");
        stray.execute(&mut *db).await.map_err(fault)?;
        migrate(db, self.steps).await?;
        put_configs(db).await?;
        // Whatever was judged before: each run is counted from its log.
        query("UPDATE progress SET root_sum = NULL").execute(&mut *db).await.map_err(fault)?;
        recount(db).await?;
        let dialect = db.dialect();
        db.begin().await.map_err(fault)?;
        for sql in dialect.continue_numbers() {
            // Their value is a row on one database and nothing on the other.
            query(*sql).bind(last_run_no).all(&mut *db).await.map_err(fault)?;
        }
        query("DROP TABLE restoring").execute(&mut *db).await.map_err(fault)?;
        db.commit().await.map_err(fault)?;
        self.session.close(self.connection).await;
        Ok(())
    }
}

/// Writes the configuration of each run by its keys.
async fn put_configs(db: &mut Connection) -> Result<(), StoreError> {
    let mut after = -1_i64;
    loop {
        let page = query("SELECT run_no, config FROM runs WHERE run_no > ?1 ORDER BY run_no LIMIT ?2");
        let page = page.bind(after).bind(RUNS).all(&mut *db).await.map_err(fault)?;
        db.begin().await.map_err(fault)?;
        for row in &page {
            after = row.try_get("run_no").map_err(fault)?;
            let config = row.try_get::<&str, _>("config").map_err(fault)?;
            let config: Object = serde_json::from_str(config).map_err(corrupt)?;
            projections::insert_config(db, after, &config).await.map_err(fault)?;
        }
        db.commit().await.map_err(fault)?;
        if page.is_empty() {
            return Ok(());
        }
    }
}

fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// Bytes in a line of a table.
#[derive(Deserialize)]
struct Hex {
    hex: String,
}

fn row_values(table: &str, line: &[u8], columns: &[(String, ColumnType)]) -> Result<Vec<Value>, StoreError> {
    let mut object: Map<String, Json> = serde_json::from_slice(line).map_err(corrupt)?;
    let wrong = |name: &str, value: &Json| corrupt(format!("{table}.{name} cannot be {value}"));
    let value = |(name, kind): &(String, ColumnType)| {
        let value = object.remove(name).unwrap_or_default();
        let is_null = value.is_null();
        Ok(match kind {
            ColumnType::Integer if is_null => Value::Integer(None),
            ColumnType::Real if is_null => Value::Real(None),
            ColumnType::Text if is_null => Value::Text(None),
            ColumnType::Bytes if is_null => Value::Bytes(None),
            ColumnType::Integer => value.as_i64().ok_or_else(|| wrong(name, &value))?.into(),
            ColumnType::Real => value.as_f64().ok_or_else(|| wrong(name, &value))?.into(),
            ColumnType::Text => value.as_str().ok_or_else(|| wrong(name, &value))?.into(),
            ColumnType::Bytes => {
                let Hex { hex } = serde_json::from_value(value).map_err(corrupt)?;
                hex::decode(hex).map_err(corrupt)?.into()
            }
        })
    };
    let values = columns.iter().map(value).collect::<Result<Vec<_>, StoreError>>()?;
    match object.keys().next() {
        Some(unknown) => Err(corrupt(format!("there is no column {table}.{unknown}"))),
        None => Ok(values),
    }
}

/// The columns of an event as [`flush::INSERT_EVENTS`] takes them. What is judged is left out: the recount
/// judges.
fn event_values(run_no: i64, line: EventLine<'_>) -> Result<[Value; 13], StoreError> {
    let raw = line.body.get();
    let stored: Arc<str> = match raw.starts_with('"') {
        true => Arc::from(serde_json::from_str::<String>(raw).map_err(corrupt)?),
        false => Arc::from(raw),
    };
    Ok([
        place(run_no, line.seq).into(),
        run_no.into(),
        hex::decode(&*line.id).map_err(corrupt)?.into(),
        line.received_at.into(),
        line.at.into(),
        (&*line.kind).into(),
        line.version.into(),
        line.episode.into(),
        line.step.into(),
        Value::Real(None),
        Value::Text(None),
        line.origin.into(),
        body::column(&stored).into(),
    ])
}
