//! From rows of the log to what is indexed and shown of a run.

use sqlx::AssertSqlSafe;

use crate::StoreError;
use crate::database::DbRow;
use crate::database::connection::Pool;
use crate::database::fault::fault;
use crate::database::query::query;
use crate::search::{Described, Document};

/// Columns [`described`] reads, of `runs r`.
pub(super) const DESCRIPTION: &str =
    "r.id, r.name, r.project, r.kind, r.agent, r.task, r.tags, r.notes, r.config, r.metadata";

/// The document of a run.
pub(super) fn described(row: &DbRow) -> Result<Document, StoreError> {
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

/// A run as people described it; `None` where it was deleted.
pub(crate) async fn describe(log: &Pool, run_no: i64) -> Result<Option<Document>, StoreError> {
    let sql = format!("SELECT {DESCRIPTION} FROM runs r WHERE r.run_no = ?1");
    let row = query(AssertSqlSafe(sql)).bind(run_no).first(log).await.map_err(log_fault)?;
    row.as_ref().map(described).transpose()
}

/// An error of the log. It never condemns the index: rebuilding that would meet the same error.
pub(crate) fn log_fault(error: sqlx::Error) -> StoreError {
    match fault(error) {
        StoreError::Corrupt { message, source } => {
            StoreError::Unavailable { message: format!("the log cannot be read: {message}"), source }
        }
        other => other,
    }
}
