//! From rows of the log to what is indexed and shown of a run.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::StoreError;
use crate::search::{Described, Document};
use crate::sqlite::fault::fault;

/// Columns [`described`] reads, of `runs r`.
pub(super) const DESCRIPTION: &str =
    "r.id, r.name, r.project, r.kind, r.agent, r.task, r.tags, r.notes, r.config, r.metadata";

/// The document of a run.
pub(super) fn described(row: &SqliteRow) -> Result<Document, StoreError> {
    let text = |column| row.try_get::<&str, _>(column).map_err(log_fault);
    let optional = |column| row.try_get::<Option<&str>, _>(column).map_err(log_fault);
    let names = [
        optional("id")?,
        optional("name")?,
        optional("project")?,
        optional("kind")?,
        optional("agent")?,
        optional("task")?,
    ];
    let (tags, notes) = (text("tags")?, text("notes")?);
    let run = Described { names, tags, notes, config: text("config")?, metadata: text("metadata")? };
    Ok(Document::of_run(&run))
}

/// An error of the log. It never condemns the index: building that anew would meet the same error.
pub(super) fn log_fault(error: sqlx::Error) -> StoreError {
    match fault(error) {
        StoreError::Corrupt(what) => StoreError::Unavailable(format!("the log cannot be read: {what}")),
        other => other,
    }
}
