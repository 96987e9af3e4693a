//! Reading rows to a proven end. A connection does its work on a thread; where that thread dies (out of
//! memory), the stream of rows just ends, as it does after the last row. Only the statement's own result
//! behind the rows says that there are no more.

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteQueryResult, SqliteRow};
use sqlx::{Decode, Either, Executor, Row as _, Type};

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

/// What queries are read with.
pub(crate) trait Complete<'q>: Sized + Send {
    /// The rows, one by one.
    fn rows<'e, E>(self, db: E) -> BoxStream<'e, Result<SqliteRow, sqlx::Error>>
    where
        'q: 'e,
        Self: 'e,
        E: Executor<'e, Database = Sqlite> + 'e;

    /// All rows.
    fn all<'e, E>(self, db: E) -> BoxFuture<'e, Result<Vec<SqliteRow>, sqlx::Error>>
    where
        'q: 'e,
        Self: 'e,
        E: Executor<'e, Database = Sqlite> + 'e,
    {
        self.rows(db).try_collect().boxed()
    }

    /// The first row; `None` only where there is none.
    fn first<'e, E>(self, db: E) -> BoxFuture<'e, Result<Option<SqliteRow>, sqlx::Error>>
    where
        'q: 'e,
        Self: 'e,
        E: Executor<'e, Database = Sqlite> + 'e,
    {
        let mut rows = self.rows(db);
        async move { rows.try_next().await }.boxed()
    }

    /// The first column of the first row; `None` only where there is none.
    fn value<'e, E, T>(self, db: E) -> BoxFuture<'e, Result<Option<T>, sqlx::Error>>
    where
        'q: 'e,
        Self: 'e,
        E: Executor<'e, Database = Sqlite> + 'e,
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + Send + 'e,
    {
        let first = self.first(db);
        async move { first.await?.map(|row| row.try_get(0)).transpose() }.boxed()
    }

    /// The first column of the one row there must be.
    fn only<'e, E, T>(self, db: E) -> BoxFuture<'e, Result<T, sqlx::Error>>
    where
        'q: 'e,
        Self: 'e,
        E: Executor<'e, Database = Sqlite> + 'e,
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + Send + 'e,
    {
        let value = self.value(db);
        async move { value.await?.ok_or(sqlx::Error::RowNotFound) }.boxed()
    }

    /// The first column of every row.
    fn values<'e, E, T>(self, db: E) -> BoxFuture<'e, Result<Vec<T>, sqlx::Error>>
    where
        'q: 'e,
        Self: 'e,
        E: Executor<'e, Database = Sqlite> + 'e,
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + Send + 'e,
    {
        let all = self.all(db);
        async move { all.await?.iter().map(|row| row.try_get(0)).collect() }.boxed()
    }
}

impl<'q> Complete<'q> for Query<'q, Sqlite, SqliteArguments> {
    fn rows<'e, E>(self, db: E) -> BoxStream<'e, Result<SqliteRow, sqlx::Error>>
    where
        'q: 'e,
        Self: 'e,
        E: Executor<'e, Database = Sqlite> + 'e,
    {
        complete::<SqliteQueryResult, SqliteRow>(db.fetch_many(self))
    }
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
}
