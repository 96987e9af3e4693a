//! Event bodies in the database. A body is written into a row and read from one here and nowhere else, so
//! that whatever is done to stored bodies (such as encryption) is done in one place.

use std::borrow::Cow;
use std::sync::Arc;

use gauntlet_model::{FailureKind, Scores};
use serde::Deserialize;

/// Of a snapshot's body, what it is judged by.
#[derive(Deserialize)]
pub(super) struct JudgedBody {
    pub scores: Scores,
    /// Failures the producer declared.
    #[serde(default)]
    pub failures: Vec<FailureKind>,
}

/// The body as a column holds it; to be bound. It is shared, not copied.
pub(super) fn column(body: &Arc<str>) -> Arc<str> {
    Arc::clone(body)
}

/// The body in the column of that name.
pub(super) fn of<'r>(row: &'r DbRow, column: &str) -> Result<Cow<'r, str>, sqlx::Error> {
    row.try_get::<&str, _>(column).map(Cow::Borrowed)
}

/// The body in the column of that name; `None` where it is null.
pub(super) fn optional<'r>(row: &'r DbRow, column: &str) -> Result<Option<Cow<'r, str>>, sqlx::Error> {
    Ok(row.try_get::<Option<&str>, _>(column)?.map(Cow::Borrowed))
}
use super::columns::DbRow;
