//! Preparing a statement over the views, in whichever database is behind the port.

use crate::views::{SqlStatement, View};
use crate::{StoreError, sqlite};

/// Prepares a statement over empty views. Blocks for a few milliseconds.
///
/// # Errors
///
/// [`StoreError::Invalid`], which names `sql`, where the text is not a single statement that only reads these
/// views.
pub fn sql_statement(
    views: &'static [&'static View],
    sql: &str,
) -> Result<Box<dyn SqlStatement>, StoreError> {
    sqlite::view_statement::open(views, sql)
}
