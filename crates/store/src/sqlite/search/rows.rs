//! From rows of the log and of the index to their types and errors.

use sqlx::Row as _;

use super::document::{Described, Document};
use crate::StoreError;
use crate::sqlite::{corrupt, fault};

/// The document of a run from ten columns: id, name, project, kind, agent, task, tags, notes, config,
/// metadata.
pub(super) fn described(row: &sqlx::sqlite::SqliteRow, from: usize) -> Result<Document, StoreError> {
    let text = |n: usize| row.try_get::<&str, _>(from + n).map_err(log_fault);
    let maybe = |n: usize| row.try_get::<Option<&str>, _>(from + n).map_err(log_fault);
    let names = [maybe(0)?, maybe(1)?, maybe(2)?, maybe(3)?, maybe(4)?, maybe(5)?];
    let run = Described { names, tags: text(6)?, notes: text(7)?, config: text(8)?, metadata: text(9)? };
    Ok(Document::of_run(&run))
}

/// An error of the log. It never condemns the index: building that anew would meet the same error.
pub(super) fn log_fault(error: sqlx::Error) -> StoreError {
    match fault(error) {
        StoreError::Corrupt(what) => StoreError::Unavailable(format!("the log cannot be read: {what}")),
        other => other,
    }
}

/// A number that SQLite cannot hold is a sign of damage, not of size.
pub(super) fn stored(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(corrupt)
}
