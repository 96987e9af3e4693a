//! Inserting many rows by one statement, which is the only way either database is fast.

use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgArguments, PgConnection, Postgres};
use sqlx::query::Query as DriverQuery;
use sqlx::sqlite::SqliteConnection;

use super::connection::Connection;
use super::query::{bind_to_sqlite, without_nul};
use super::value::Value;

/// Rows a statement, the most first: any count is a sum of these, so only these shapes are ever prepared.
const SIZES: [usize; 4] = [100, 20, 5, 1];

/// A statement that inserts rows of so many columns.
pub(super) struct InsertMany<const COLUMNS: usize> {
    /// SQLite: a list of rows of parameters, of each size.
    shapes: [Arc<str>; SIZES.len()],
    /// PostgreSQL: the columns are arrays, so one statement takes any number of rows.
    unnest: Arc<str>,
}

impl<const COLUMNS: usize> InsertMany<COLUMNS> {
    /// `head` names the table and the columns, `tail` what happens where a row is there already.
    pub(super) fn new(head: &str, tail: &str) -> Self {
        let shapes = SIZES.map(|rows| {
            // Parameters without numbers: looking thousands of numbers up takes longer than inserting.
            let row = format!("({})", ["?"; COLUMNS].join(","));
            Arc::from(format!("{head} VALUES {} {tail}", vec![row; rows].join(",")))
        });
        let arrays: Vec<String> = (1..=COLUMNS).map(|number| format!("${number}")).collect();
        let unnest = format!("{head} SELECT * FROM unnest({}) {tail}", arrays.join(","));
        Self { shapes, unnest: Arc::from(unnest) }
    }

    /// Inserts the rows in their order. No two may be the same row of the table.
    pub(super) async fn write<T>(
        &self,
        db: &mut Connection,
        rows: &[T],
        values: impl Fn(&T) -> [Value; COLUMNS],
    ) -> Result<(), sqlx::Error> {
        match db {
            Connection::Sqlite(db) => self.write_shapes(db, rows, values).await,
            Connection::Postgres(_) if rows.is_empty() => Ok(()),
            Connection::Postgres(db) => self.write_arrays(db, rows, values).await,
        }
    }

    /// Runs one statement for every full chunk of the largest size, then of the next, down to single rows.
    async fn write_shapes<T>(
        &self,
        db: &mut SqliteConnection,
        mut rows: &[T],
        values: impl Fn(&T) -> [Value; COLUMNS],
    ) -> Result<(), sqlx::Error> {
        for (size, sql) in SIZES.into_iter().zip(&self.shapes) {
            while rows.len() >= size {
                let (chunk, rest) = rows.split_at(size);
                rows = rest;
                let statement = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
                chunk.iter().flat_map(&values).fold(statement, bind_to_sqlite).execute(&mut *db).await?;
            }
        }
        Ok(())
    }

    async fn write_arrays<T>(
        &self,
        db: &mut PgConnection,
        rows: &[T],
        values: impl Fn(&T) -> [Value; COLUMNS],
    ) -> Result<(), sqlx::Error> {
        let rows: Vec<[Value; COLUMNS]> = rows.iter().map(values).collect();
        let statement = sqlx::query(AssertSqlSafe(Arc::clone(&self.unnest)));
        (0..COLUMNS)
            .fold(statement, |statement, column| bind_array(statement, &rows, column))
            .execute(db)
            .await?;
        Ok(())
    }
}

/// Adds one column of the rows as an array. All values of a column are of one type.
fn bind_array<'q, const COLUMNS: usize>(
    statement: DriverQuery<'q, Postgres, PgArguments>,
    rows: &[[Value; COLUMNS]],
    column: usize,
) -> DriverQuery<'q, Postgres, PgArguments> {
    macro_rules! array {
        ($variant:ident, $read:expr) => {
            statement.bind(
                rows.iter()
                    .map(|row| match &row[column] {
                        Value::$variant(value) => $read(value),
                        _ => None,
                    })
                    .collect::<Vec<_>>(),
            )
        };
    }
    match &rows[0][column] {
        Value::Integer(_) => array!(Integer, |value: &Option<i64>| *value),
        Value::Real(_) => array!(Real, |value: &Option<f64>| *value),
        Value::Text(_) => {
            array!(Text, |value: &Option<Arc<str>>| value.clone().map(|text| without_nul(text).to_string()))
        }
        Value::Bytes(_) => array!(Bytes, |value: &Option<Arc<[u8]>>| value.as_deref().map(<[u8]>::to_vec)),
        // A list in a row is not a column.
        Value::Integers(_) | Value::Texts(_) | Value::ByteStrings(_) => statement,
    }
}
