//! Statements with their values, for either database.
//!
//! sqlx's own `Any` driver is not used: it has no arrays, and it changes the types of columns. Here a
//! value is bound as the type that it has, and what a statement answers are the rows of the driver.
//!
//! An end of the rows is proven, not assumed. A connection to SQLite does its work on a thread; where that
//! thread dies (out of memory), the stream of rows just ends, as it does after the last row. Only the
//! statement's own result after the rows proves that there are no more.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use sqlx::postgres::{PgArguments, PgQueryResult, PgRow, Postgres};
use sqlx::query::Query as DriverQuery;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteQueryResult, SqliteRow};
use sqlx::{AssertSqlSafe, Either, Executor, SqlSafeStr, SqlStr};

use super::columns::{Column, DbRow};
use super::target::Target;
use super::value::Value;

/// A statement with its values.
pub(crate) struct Query {
    sql: SqlStr,
    values: Vec<Value>,
}

/// A statement, whose parameters are `?1`, `?2` and so on.
pub(crate) fn query(sql: impl SqlSafeStr) -> Query {
    Query { sql: sql.into_sql_str(), values: Vec::new() }
}

impl Query {
    /// Adds the value of the next parameter.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it; the number of rows that it changed.
    pub(crate) async fn execute<'e>(self, db: impl Into<Target<'e>>) -> Result<u64, sqlx::Error> {
        match db.into() {
            Target::Sqlite(db) => self.for_sqlite().execute(db).await.map(|done| done.rows_affected()),
            Target::SqlitePool(db) => self.for_sqlite().execute(db).await.map(|done| done.rows_affected()),
            Target::Postgres(db) => self.for_postgres().execute(db).await.map(|done| done.rows_affected()),
            Target::PostgresPool(db) => {
                self.for_postgres().execute(db).await.map(|done| done.rows_affected())
            }
        }
    }

    /// The rows, one by one.
    pub(crate) fn rows<'e>(self, db: impl Into<Target<'e>>) -> BoxStream<'e, Result<DbRow, sqlx::Error>> {
        fn sqlite<'e>(
            rows: BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, sqlx::Error>>,
        ) -> BoxStream<'e, Result<DbRow, sqlx::Error>> {
            complete(rows).map_ok(DbRow::Sqlite).boxed()
        }
        fn postgres<'e>(
            rows: BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>,
        ) -> BoxStream<'e, Result<DbRow, sqlx::Error>> {
            complete(rows).map_ok(DbRow::Postgres).boxed()
        }
        match db.into() {
            Target::Sqlite(db) => sqlite(db.fetch_many(self.for_sqlite())),
            Target::SqlitePool(db) => sqlite(db.fetch_many(self.for_sqlite())),
            Target::Postgres(db) => postgres(db.fetch_many(self.for_postgres())),
            Target::PostgresPool(db) => postgres(db.fetch_many(self.for_postgres())),
        }
    }

    /// All rows.
    pub(crate) fn all<'e>(self, db: impl Into<Target<'e>>) -> BoxFuture<'e, Result<Vec<DbRow>, sqlx::Error>> {
        self.rows(db).try_collect().boxed()
    }

    /// The first row; `None` only where there is none.
    pub(crate) fn first<'e>(
        self,
        db: impl Into<Target<'e>>,
    ) -> BoxFuture<'e, Result<Option<DbRow>, sqlx::Error>> {
        let mut rows = self.rows(db);
        async move { rows.try_next().await }.boxed()
    }

    /// The first column of the first row; `None` only where there is none.
    pub(crate) async fn value<'e, T: for<'r> Column<'r>>(
        self,
        db: impl Into<Target<'e>>,
    ) -> Result<Option<T>, sqlx::Error> {
        let first = self.first(db);
        first.await?.map(|row| row.try_get(0)).transpose()
    }

    /// The first column of the one row there must be.
    pub(crate) async fn only<'e, T: for<'r> Column<'r>>(
        self,
        db: impl Into<Target<'e>>,
    ) -> Result<T, sqlx::Error> {
        let value = self.value(db);
        value.await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// The first column of every row.
    pub(crate) async fn values<'e, T: for<'r> Column<'r>>(
        self,
        db: impl Into<Target<'e>>,
    ) -> Result<Vec<T>, sqlx::Error> {
        let all = self.all(db);
        all.await?.iter().map(|row| row.try_get(0)).collect()
    }

    fn for_sqlite<'q>(self) -> DriverQuery<'q, Sqlite, SqliteArguments> {
        self.values.into_iter().fold(sqlx::query(self.sql), bind_to_sqlite)
    }

    fn for_postgres<'q>(self) -> DriverQuery<'q, Postgres, PgArguments> {
        // No statement has a question mark but for its parameters.
        let statement = sqlx::query(AssertSqlSafe(self.sql.as_str().replace('?', "$")));
        self.values.into_iter().fold(statement, |statement, value| match value {
            Value::Integer(value) => statement.bind(value),
            Value::Real(value) => statement.bind(value),
            Value::Text(value) => statement.bind(value.map(without_nul)),
            Value::Bytes(value) => statement.bind(value.map(|bytes| bytes.to_vec())),
            Value::Integers(list) => statement.bind(list),
            Value::Texts(list) => statement.bind(
                list.into_iter().map(|text| without_nul(Arc::from(text)).to_string()).collect::<Vec<_>>(),
            ),
            Value::ByteStrings(list) => statement.bind(list),
        })
    }
}

/// Adds the value of the next parameter. SQLite has no arrays: a list is a JSON text.
pub(super) fn bind_to_sqlite(
    statement: DriverQuery<'_, Sqlite, SqliteArguments>,
    value: Value,
) -> DriverQuery<'_, Sqlite, SqliteArguments> {
    fn json(list: impl serde::Serialize) -> String {
        serde_json::to_string(&list).unwrap_or_default()
    }
    match value {
        Value::Integer(value) => statement.bind(value),
        Value::Real(value) => statement.bind(value),
        Value::Text(value) => statement.bind(value),
        Value::Bytes(value) => statement.bind(value),
        Value::Integers(list) => statement.bind(json(list)),
        Value::Texts(list) => statement.bind(json(list)),
        Value::ByteStrings(list) => statement.bind(json(list.iter().map(hex::encode).collect::<Vec<_>>())),
    }
}

/// A statement that is put together from parts.
pub(crate) struct QueryBuilder {
    sql: String,
    values: Vec<Value>,
}

impl QueryBuilder {
    /// A statement that begins with this text.
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    /// Adds text that comes from the program, never from a client.
    pub(crate) fn push(&mut self, sql: impl AsRef<str>) -> &mut Self {
        self.sql.push_str(sql.as_ref());
        self
    }

    /// Adds a parameter with its value.
    pub(crate) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        let parameter = self.parameter(value);
        self.push(parameter)
    }

    /// The name of a new parameter with its value, for the text that is added next.
    pub(crate) fn parameter(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// Adds the value of a parameter that the text names already.
    pub(crate) fn with_value(&mut self, value: impl Into<Value>) {
        self.values.push(value.into());
    }

    /// The statement.
    pub(crate) fn build(self) -> Query {
        Query { sql: AssertSqlSafe(self.sql).into_sql_str(), values: self.values }
    }
}

/// A text as PostgreSQL can hold it: with the replacement character for each zero byte, which it refuses.
/// Bodies of events have none, since JSON escapes them.
pub(super) fn without_nul(text: Arc<str>) -> Arc<str> {
    match text.contains('\0') {
        true => Arc::from(text.replace('\0', "\u{FFFD}")),
        false => text,
    }
}

/// The rows of a stream; an error where it ends before the result that closes it.
fn complete<'e, Closing: Send + 'e, Item: Send + 'e>(
    stream: impl Stream<Item = Result<Either<Closing, Item>, sqlx::Error>> + Send + 'e,
) -> BoxStream<'e, Result<Item, sqlx::Error>> {
    futures::stream::try_unfold((Box::pin(stream), false), |(mut stream, mut is_closed)| async move {
        loop {
            match stream.try_next().await? {
                Some(Either::Right(row)) => return Ok(Some((row, (stream, is_closed)))),
                Some(Either::Left(_)) => is_closed = true,
                None if is_closed => return Ok(None),
                None => return Err(sqlx::Error::WorkerCrashed),
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stream: &[Either<(), u32>], expect: Option<&[u32]>) {
        let stream = futures::stream::iter(stream.to_vec()).map(Ok);
        let read: Result<Vec<u32>, _> = futures::executor::block_on(complete(stream).try_collect());
        match (read, expect) {
            (Ok(rows), Some(expect)) => assert_eq!(rows, expect),
            (Err(sqlx::Error::WorkerCrashed), None) => {}
            (read, expect) => panic!("{read:?}, not {expect:?}"),
        }
    }

    #[test]
    fn rows_that_end_without_their_result_are_an_error() {
        use Either::{Left, Right};
        check(&[Right(1), Right(2), Left(())], Some(&[1, 2]));
        check(&[Left(())], Some(&[]));
        check(&[Right(1), Right(2)], None);
        check(&[], None);
    }

    #[test]
    fn a_text_for_postgresql_has_no_zero_byte() {
        assert_eq!(&*without_nul(Arc::from("a\0b")), "a\u{FFFD}b");
    }
}
