//! One read-only statement over tables in a database of its own, in memory.
//!
//! SQLite itself decides what a statement may do: its authorizer is asked for every table, function and
//! action while a statement is compiled, so no text is searched for words. Limits bound what one instruction
//! can take, and a handler that is called between instructions bounds the time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Batch, Connection, Error, ErrorCode, Statement};

use super::temp_space::TempSpace;
use crate::StoreError;
use crate::views::{SqlBounds, SqlRows, SqlStatement, SqlValue, View};

/// Longest statement, bytes.
const MAX_SQL_BYTES: usize = 10_000;
/// Longest text that a statement may make or read, bytes. Functions such as `instr` work through two texts in
/// one instruction, which the time limit does not interrupt.
const MAX_VALUE_BYTES: i32 = 100_000;
/// Pages of 4 KiB that the tables may take.
const MAX_PAGES: u32 = 1 << 16;
/// Instructions between two readings of the clock: about a tenth of a millisecond.
const INSTRUCTIONS: i32 = 2000;

/// Limits of one statement.
const LIMITS: [(Limit, i32); 8] = [
    (Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES),
    (Limit::SQLITE_LIMIT_COLUMN, 200),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
    (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// Tables beside the views that a statement may read: the parts of a JSON text, and the list of the views.
const BUILT_IN: [&str; 3] = ["json_each", "json_tree", "sqlite_master"];
/// Functions that load code into the process.
const FORBIDDEN: [&str; 2] = ["load_extension", "fts3_tokenizer"];

/// The refusal of what is not authorized.
const FORBIDDEN_ACTION: &str = "does more than read the views; only SELECT is allowed";

/// The refusal of what sorts more than the disk holds.
const NO_SPACE: &str = "needs more space for its sorting than there is";

struct ViewStatement {
    connection: Connection,
    sql: String,
    reads: BTreeSet<&'static str>,
}

/// As [`crate::sql_statement`].
pub(crate) fn open(views: &'static [&'static View], sql: &str) -> Result<Box<dyn SqlStatement>, StoreError> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(refused(format!("has {} bytes; it must have at most {MAX_SQL_BYTES}", sql.len())));
    }
    if sql.contains('\0') {
        return Err(refused("holds a zero character"));
    }
    let connection = Connection::open_in_memory().map_err(unusable)?;
    connection.execute_batch(&schema(views)).map_err(unusable)?;
    let reads = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&reads);
    let authorize = move |context: AuthContext<'_>| {
        if let AuthAction::Read { table_name, .. } = context.action
            && let Some(view) = views.iter().find(|view| view.name == table_name)
        {
            seen.lock().insert(view.name);
            return Authorization::Allow;
        }
        if is_allowed(context.action) { Authorization::Allow } else { Authorization::Deny }
    };
    {
        let guarded = guard(&connection, authorize)?;
        let statement = single(guarded.0, sql).map_err(|error| explained(&error))?;
        let Some(statement) = statement else { return Err(refused("is not a SELECT")) };
        if statement.column_count() == 0 || !statement.readonly() {
            return Err(refused("is not a SELECT"));
        }
        if statement.parameter_count() > 0 {
            return Err(refused("has parameters (`?`, `:name`); write their values into the statement"));
        }
    }
    let reads = std::mem::take(&mut *reads.lock());
    Ok(Box::new(ViewStatement { connection, sql: sql.to_owned(), reads }))
}

/// Empty tables, bounded, without a journal: nothing is rolled back.
fn schema(views: &[&View]) -> String {
    let mut sql = format!("PRAGMA journal_mode = OFF; PRAGMA max_page_count = {MAX_PAGES};");
    for view in views {
        let columns = view.columns.iter().map(|c| format!("\"{}\" {}", c.name, c.kind.as_str()));
        let columns: Vec<_> = columns.collect();
        sql.push_str(&format!("CREATE TABLE \"{}\" ({});", view.name, columns.join(", ")));
    }
    sql
}

/// A connection that does only what is authorized, until this is dropped.
struct Guarded<'c>(&'c Connection);

impl Drop for Guarded<'_> {
    fn drop(&mut self) {
        let _ = self.0.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    }
}

fn guard<F>(connection: &Connection, authorize: F) -> Result<Guarded<'_>, StoreError>
where
    F: for<'r> FnMut(AuthContext<'r>) -> Authorization + Send + 'static,
{
    for (limit, most) in LIMITS {
        connection.set_limit(limit, most).map_err(unusable)?;
    }
    connection.execute_batch("PRAGMA query_only = ON").map_err(unusable)?;
    connection.authorizer(Some(authorize)).map_err(unusable)?;
    Ok(Guarded(connection))
}

/// Whether a statement may do that, its reading of views aside.
fn is_allowed(action: AuthAction<'_>) -> bool {
    match action {
        AuthAction::Select | AuthAction::Recursive => true,
        // Without a column only rows are counted: so a name of WITH is asked for, which is not a table.
        AuthAction::Read { column_name: "", .. } => true,
        AuthAction::Read { table_name, .. } => BUILT_IN.contains(&table_name),
        AuthAction::Function { function_name } => !FORBIDDEN.contains(&function_name),
        _ => false,
    }
}

impl SqlStatement for ViewStatement {
    fn reads(&self) -> &BTreeSet<&'static str> {
        &self.reads
    }

    fn insert(
        &mut self,
        view: &'static View,
        rows: &mut dyn Iterator<Item = Vec<SqlValue>>,
    ) -> Result<(), StoreError> {
        let marks = vec!["?"; view.columns.len()].join(", ");
        let sql = format!("INSERT INTO \"{}\" VALUES ({marks})", view.name);
        self.connection.execute_batch("PRAGMA query_only = OFF").map_err(unusable)?;
        let mut statement = self.connection.prepare(&sql).map_err(unusable)?;
        for row in rows {
            statement.execute(rusqlite::params_from_iter(&row)).map_err(|error| {
                match error.sqlite_error_code() {
                    Some(ErrorCode::DiskFull) => refused("reads more than is held at a time"),
                    _ => unusable(error),
                }
            })?;
        }
        Ok(())
    }

    fn answer(&mut self, bounds: &SqlBounds) -> Result<SqlRows, StoreError> {
        let (until, cancelled) = (bounds.until, Arc::clone(&bounds.cancelled));
        let (mut space, is_short) = (TempSpace::new(), Arc::new(AtomicBool::new(false)));
        let ended_short = Arc::clone(&is_short);
        let is_over = move || {
            if space.is_short() {
                is_short.store(true, Ordering::Relaxed);
            }
            is_short.load(Ordering::Relaxed) || cancelled.load(Ordering::Relaxed) || Instant::now() >= until
        };
        self.connection.progress_handler(INSTRUCTIONS, Some(is_over)).map_err(unusable)?;
        let reads = self.reads.clone();
        let guarded = guard(&self.connection, move |context: AuthContext<'_>| match context.action {
            AuthAction::Read { table_name, .. } if reads.contains(table_name) => Authorization::Allow,
            action if is_allowed(action) => Authorization::Allow,
            _ => Authorization::Deny,
        })?;
        rows(guarded.0, &self.sql, bounds).map_err(|error| match ended_short.load(Ordering::Relaxed) {
            true => refused(NO_SPACE),
            false => explained(&error),
        })
    }
}

/// The only statement of a text; `None` where there is none. Unlike `Connection::prepare` it does not call
/// itself for each statement of a text that holds many.
fn single<'c>(connection: &'c Connection, sql: &str) -> Result<Option<Statement<'c>>, Error> {
    let mut all = Batch::new(connection, sql);
    let first = all.next()?;
    match all.next()? {
        Some(_) => Err(Error::MultipleStatement),
        None => Ok(first),
    }
}

fn rows(connection: &Connection, sql: &str, bounds: &SqlBounds) -> Result<SqlRows, Error> {
    let Some(mut statement) = single(connection, sql)? else { return Ok(SqlRows::default()) };
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut answer = SqlRows { columns, rows: Vec::new(), truncated: false };
    let mut bytes = 0;
    let mut found = statement.raw_query();
    while let Some(row) = found.next()? {
        let values = (0..answer.columns.len()).map(|index| row.get_ref(index).map(owned));
        let values: Vec<SqlValue> = values.collect::<Result<_, _>>()?;
        bytes += values.iter().map(SqlValue::bytes).sum::<usize>();
        if answer.rows.len() >= bounds.rows || bytes > bounds.bytes {
            answer.truncated = true;
            break;
        }
        answer.rows.push(values);
    }
    Ok(answer)
}

fn owned(value: ValueRef<'_>) -> SqlValue {
    match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(number) => SqlValue::Integer(number),
        ValueRef::Real(number) => SqlValue::Real(number),
        ValueRef::Text(text) => SqlValue::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => SqlValue::Bytes(bytes.to_vec()),
    }
}

impl ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Why a statement is refused or fails, in SQLite's words where they are about the statement.
fn explained(error: &Error) -> StoreError {
    if matches!(error, Error::MultipleStatement) {
        return refused("holds several statements; send one");
    }
    // Of a function the code is that of any error.
    if error.to_string().starts_with("not authorized") {
        return refused(FORBIDDEN_ACTION);
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => refused("takes too long; it was ended"),
        Some(ErrorCode::AuthorizationForStatementDenied) => refused(FORBIDDEN_ACTION),
        Some(ErrorCode::OutOfMemory) => refused("needs too much memory"),
        Some(ErrorCode::DiskFull) => refused(NO_SPACE),
        Some(ErrorCode::TooBig) => {
            refused(format!("makes a text or bytes of more than {MAX_VALUE_BYTES} bytes"))
        }
        _ => refused(error.to_string()),
    }
}

fn refused(message: impl Into<String>) -> StoreError {
    StoreError::invalid("sql", message)
}

/// What must not happen with a database of our own; the cause goes to the operator's log.
fn unusable(error: Error) -> StoreError {
    tracing::error!(%error, "the database of a statement failed");
    StoreError::unavailable("the database of the statement failed".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::views::{ValueKind, ViewColumn};

    static TEXTS: View = View {
        name: "texts",
        about: "Texts.",
        columns: &[ViewColumn { name: "text", kind: ValueKind::Text, about: "A text." }],
    };
    static VIEWS: [&View; 1] = [&TEXTS];

    fn bounds() -> SqlBounds {
        let until = Instant::now() + Duration::from_secs(60);
        SqlBounds { rows: 1000, bytes: 1 << 20, until, cancelled: Arc::new(AtomicBool::new(false)) }
    }

    /// The answer of a statement over ten texts of 100 bytes.
    fn answer(sql: &str, bounds: &SqlBounds) -> Result<SqlRows, String> {
        let mut statement = open(&VIEWS, sql).map_err(|e| e.to_string())?;
        let text = SqlValue::Text("x".repeat(100));
        statement.insert(&TEXTS, &mut (0..10).map(|_| vec![text.clone()])).map_err(|e| e.to_string())?;
        statement.answer(bounds).map_err(|e| e.to_string())
    }

    #[test]
    fn an_answer_ends_at_its_bounds_and_says_so() {
        let found = |rows: usize, bytes: usize| {
            let answer = answer("select text from texts", &SqlBounds { rows, bytes, ..bounds() }).unwrap();
            (answer.rows.len(), answer.truncated)
        };
        assert_eq!(found(1000, 1 << 20), (10, false));
        assert_eq!(found(10, 1 << 20), (10, false));
        assert_eq!(found(9, 1 << 20), (9, true));
        // 132 bytes each.
        assert_eq!(found(1000, 132 * 10), (10, false));
        assert_eq!(found(1000, 132 * 10 - 1), (9, true));
    }

    #[test]
    fn a_statement_ends_at_its_time_or_when_nobody_waits() {
        let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n";
        let over = SqlBounds { until: Instant::now(), ..bounds() };
        let nobody = SqlBounds { cancelled: Arc::new(AtomicBool::new(true)), ..bounds() };
        for bounds in [over, nobody] {
            assert_eq!(answer(endless, &bounds).unwrap_err(), "sql: takes too long; it was ended");
        }
    }

    #[test]
    fn a_statement_has_a_database_without_a_file_that_nothing_else_reaches() {
        for sql in ["attach 'file:/tmp/x?mode=rwc' as x", "pragma temp_store_directory = '/tmp'"] {
            assert_eq!(answer(sql, &bounds()).unwrap_err(), format!("sql: {FORBIDDEN_ACTION}"), "{sql}");
        }
        // The list of tables is that of the views.
        let tables = answer("select name from sqlite_schema", &bounds()).unwrap().rows;
        assert_eq!(tables, [[SqlValue::Text("texts".to_owned())]]);
    }
}
