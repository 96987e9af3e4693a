//! Columns of rows, read by name.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Row as _, TypeInfo as _, ValueRef as _};

use super::value::Value;

/// A row of either database.
pub(crate) enum DbRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// How columns are named: by a name or, where there is only one, by its number.
pub(crate) trait At: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + Copy {}

impl<I: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + Copy> At for I {}

impl DbRow {
    /// A column as a value.
    ///
    /// # Errors
    ///
    /// Where the row has no such column, or something else is in it.
    pub(crate) fn try_get<'r, T: Column<'r>, I: At>(&'r self, at: I) -> Result<T, sqlx::Error> {
        T::of(self, at)
    }

    /// A column of any type as the value that is in it; `None` for null.
    pub(crate) fn any<I: At>(&self, at: I) -> Result<Option<Value>, sqlx::Error> {
        let (is_null, kind) = match self {
            DbRow::Sqlite(row) => {
                let stored = row.try_get_raw(at)?;
                (stored.is_null(), stored.type_info().name().to_owned())
            }
            DbRow::Postgres(row) => {
                let stored = row.try_get_raw(at)?;
                (stored.is_null(), stored.type_info().name().to_owned())
            }
        };
        Ok(match kind.as_str() {
            _ if is_null => None,
            "INTEGER" | "INT8" => Some(self.try_get::<i64, _>(at)?.into()),
            "REAL" | "FLOAT8" => Some(self.try_get::<f64, _>(at)?.into()),
            _ => Some(self.try_get::<&str, _>(at)?.into()),
        })
    }
}

/// What a column can be read as.
pub(crate) trait Column<'r>: Sized {
    fn of<I: At>(row: &'r DbRow, at: I) -> Result<Self, sqlx::Error>;
}

/// Types that both databases have.
macro_rules! shared {
    ($($kind:ty),*) => {$(
        impl<'r> Column<'r> for $kind {
            fn of<I: At>(row: &'r DbRow, at: I) -> Result<Self, sqlx::Error> {
                match row {
                    DbRow::Sqlite(row) => row.try_get(at),
                    DbRow::Postgres(row) => row.try_get(at),
                }
            }
        }

        impl<'r> Column<'r> for Option<$kind> {
            fn of<I: At>(row: &'r DbRow, at: I) -> Result<Self, sqlx::Error> {
                match row {
                    DbRow::Sqlite(row) => row.try_get(at),
                    DbRow::Postgres(row) => row.try_get(at),
                }
            }
        }
    )*};
}
shared!(i64, f64, String, &'r str, Vec<u8>, &'r [u8]);

/// Narrower numbers: PostgreSQL's driver reads a column of 64 bits as nothing else.
macro_rules! narrowed {
    ($($kind:ty),*) => {$(
        impl<'r> Column<'r> for $kind {
            fn of<I: At>(row: &'r DbRow, at: I) -> Result<Self, sqlx::Error> {
                Self::try_from(i64::of(row, at)?).map_err(|error| sqlx::Error::Decode(error.into()))
            }
        }

        impl<'r> Column<'r> for Option<$kind> {
            fn of<I: At>(row: &'r DbRow, at: I) -> Result<Self, sqlx::Error> {
                let number = Option::<i64>::of(row, at)?;
                number.map(<$kind>::try_from).transpose().map_err(|error| sqlx::Error::Decode(error.into()))
            }
        }
    )*};
}
narrowed!(i32, u64);

impl<'r> Column<'r> for bool {
    /// A truth value, or a number that is not 0: tables hold numbers, conditions are truth values in
    /// PostgreSQL.
    fn of<I: At>(row: &'r DbRow, at: I) -> Result<Self, sqlx::Error> {
        match row {
            DbRow::Sqlite(row) => row.try_get(at),
            DbRow::Postgres(row) => row.try_get(at).or_else(|_| Ok(row.try_get::<i64, _>(at)? != 0)),
        }
    }
}
