//! From the database's errors to the domain's.

use sqlx::error::DatabaseError;

use crate::StoreError;

/// SQLite's result codes (`sqlite3.h`), without the extended part.
const INTERRUPT: i32 = 9;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const NOT_A_DATABASE: i32 = 26;

/// What a caller learns of a database error; the error itself goes to the operator's log.
pub(crate) fn fault(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code).and_then(|c| c.parse::<i32>().ok());
    let code = code.map(|c| c & 0xff);
    if code == Some(INTERRUPT) {
        // A recount that stopped because the store is closed; where a deletion stopped it, it is done again.
        return StoreError::closed();
    }
    tracing::error!(%error, "the database failed");
    match (code, error) {
        (Some(CORRUPT | NOT_A_DATABASE), _) => {
            StoreError::Corrupt("the database file is not sound".to_owned())
        }
        (Some(FULL), _) => StoreError::Unavailable("the disk is full".to_owned()),
        (_, sqlx::Error::ColumnDecode { index, .. }) => {
            StoreError::Corrupt(format!("column {index} holds what it never should"))
        }
        (_, sqlx::Error::PoolTimedOut) => StoreError::Unavailable("all connections are taken".to_owned()),
        (_, sqlx::Error::PoolClosed) => StoreError::closed(),
        _ => StoreError::Unavailable("the database failed".to_owned()),
    }
}

/// A stored value that breaks the rules it was stored under.
pub(crate) fn corrupt(what: impl std::fmt::Display) -> StoreError {
    let message = what.to_string();
    tracing::error!(message, "the log is damaged");
    StoreError::Corrupt(message)
}

/// Why a request, or the whole group it is in, went no further.
#[derive(Debug)]
pub(super) enum TxnError {
    /// This request is refused and has changed nothing; the others go on.
    Refused(StoreError),
    /// An event of the group is in the log already.
    Duplicate,
    /// The database failed: nothing of the group is kept.
    Fault(StoreError),
}

impl From<sqlx::Error> for TxnError {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(DatabaseError::is_unique_violation) {
            return TxnError::Duplicate;
        }
        TxnError::Fault(fault(error))
    }
}

impl From<StoreError> for TxnError {
    fn from(error: StoreError) -> Self {
        match error {
            e @ (StoreError::Unavailable(_) | StoreError::Corrupt(_)) => TxnError::Fault(e),
            e => TxnError::Refused(e),
        }
    }
}
