//! From the database's errors to the domain's.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use crate::StoreError;

/// SQLite's result codes (`sqlite3.h`), without the extended part.
mod sqlite {
    pub(super) const INTERRUPT: i32 = 9;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

/// Codes of PostgreSQL (`errcodes.txt`).
mod postgres {
    pub(super) const DISK_FULL: &str = "53100";
    pub(super) const TOO_MANY_CONNECTIONS: &str = "53300";
    pub(super) const SERIALIZATION_FAILURE: &str = "40001";
    pub(super) const DEADLOCK_DETECTED: &str = "40P01";
    pub(super) const LOCK_NOT_AVAILABLE: &str = "55P03";
    /// The class of damaged data and indexes.
    pub(super) const DAMAGED: &str = "XX00";
}

/// What a caller can make something of.
enum Cause {
    Interrupted,
    Damaged,
    Full,
    TooManyConnections,
    /// Another server was faster, or waits for what this one holds.
    Raced,
    Locked,
    Other,
}

fn cause(error: &sqlx::Error) -> Cause {
    let Some(error) = error.as_database_error() else { return Cause::Other };
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        return match &*code {
            postgres::DISK_FULL => Cause::Full,
            postgres::TOO_MANY_CONNECTIONS => Cause::TooManyConnections,
            postgres::SERIALIZATION_FAILURE | postgres::DEADLOCK_DETECTED => Cause::Raced,
            postgres::LOCK_NOT_AVAILABLE => Cause::Locked,
            // XX001 and XX002; XX000 is any other fault of its own.
            code if code.starts_with(postgres::DAMAGED) && code != "XX000" => Cause::Damaged,
            _ => Cause::Other,
        };
    }
    match code.parse::<i32>().map(|code| code & 0xff) {
        Ok(sqlite::INTERRUPT) => Cause::Interrupted,
        Ok(sqlite::CORRUPT | sqlite::NOT_A_DATABASE) => Cause::Damaged,
        Ok(sqlite::FULL) => Cause::Full,
        _ => Cause::Other,
    }
}

/// What a caller learns of a database error; the error itself goes to the operator's log.
pub(crate) fn fault(error: sqlx::Error) -> StoreError {
    let cause = cause(&error);
    // A closed store is not a failure of the database, so nothing is logged where a recount stops for that
    // (where a deletion stopped it, it is done again) or where something is read after it.
    if matches!(cause, Cause::Interrupted) || matches!(error, sqlx::Error::PoolClosed) {
        return StoreError::closed();
    }
    tracing::error!(%error, "the database failed");
    match (cause, error) {
        (Cause::Damaged, _) => StoreError::corrupt("the database file is not sound".to_owned()),
        (Cause::Full, _) => StoreError::unavailable("the disk is full".to_owned()),
        (Cause::TooManyConnections, _) => {
            StoreError::unavailable("the database takes no more connections".to_owned())
        }
        (Cause::Raced | Cause::Locked, _) => write_conflict(),
        (_, sqlx::Error::ColumnDecode { index, .. }) => {
            StoreError::corrupt(format!("column {index} holds a value of another type"))
        }
        (_, sqlx::Error::PoolTimedOut) => StoreError::unavailable("all connections are taken".to_owned()),
        _ => StoreError::unavailable("the database failed".to_owned()),
    }
}

/// Several servers write the same thing at once.
pub(super) fn write_conflict() -> StoreError {
    StoreError::unavailable("another server writes the same now".to_owned())
}

/// A stored value that breaks the rules it was stored under.
pub(crate) fn corrupt(what: impl std::fmt::Display) -> StoreError {
    let message = what.to_string();
    tracing::error!(message, "the log is damaged");
    StoreError::corrupt(message)
}

/// Why a request, or the whole group it is in, went no further.
#[derive(Debug)]
pub(super) enum TxnError {
    /// This request is refused and has changed nothing; the others go on.
    Refused(StoreError),
    /// An event of the group is in the log already.
    Duplicate,
    /// Another server was in the way: nothing of the group is kept, and it may be tried again at once.
    Raced,
    /// The database failed: nothing of the group is kept.
    Fault(StoreError),
}

impl From<sqlx::Error> for TxnError {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(DatabaseError::is_unique_violation) {
            return TxnError::Duplicate;
        }
        if matches!(cause(&error), Cause::Raced) {
            return TxnError::Raced;
        }
        TxnError::Fault(fault(error))
    }
}

impl From<StoreError> for TxnError {
    fn from(error: StoreError) -> Self {
        match error {
            e @ (StoreError::Unavailable { .. } | StoreError::Corrupt { .. }) => TxnError::Fault(e),
            e => TxnError::Refused(e),
        }
    }
}
