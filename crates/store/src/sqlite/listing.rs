//! One run, and pages of runs.

use gauntlet_model::{RunId, RunSummary};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, SqlitePool};

use super::complete::Complete;
use super::fault::fault;
use super::rows::{SUMMARY, summary};
use crate::cursor::{Cursor, Key};
use crate::{Order, Page, RunQuery, Sort, StoreError};

/// Most runs on a page.
const MAX_PAGE: u32 = 1000;
/// Most words of a search.
const MAX_WORDS: usize = 32;

pub(crate) async fn run(readers: &SqlitePool, id: &RunId) -> Result<Option<RunSummary>, StoreError> {
    let sql = format!("SELECT {SUMMARY} FROM runs r JOIN progress p USING (run_no) WHERE r.id = ?1");
    let found = sqlx::query(AssertSqlSafe(sql)).bind(id.as_str()).first(readers).await.map_err(fault)?;
    found.as_ref().map(summary).transpose()
}

pub(crate) async fn runs(readers: &SqlitePool, query: &RunQuery) -> Result<Page, StoreError> {
    if query.limit == 0 || query.limit > MAX_PAGE {
        let found = query.limit;
        return Err(StoreError::invalid("limit", format!("is {found}; it must be 1 to {MAX_PAGE}")));
    }
    let (key, is_descending) = key_of(query.order);
    let mut sql = QueryBuilder::<Sqlite>::new(format!(
        "SELECT {SUMMARY}, {key} AS sort_key FROM runs r JOIN progress p USING (run_no) WHERE 1"
    ));
    narrow(&mut sql, query)?;
    if let Some(cursor) = &query.cursor {
        let Cursor { key: last, run_no, .. } = Cursor::read(cursor, query.order)?;
        sql.push(format!(" AND ({key}, r.run_no) {} (", if is_descending { "<" } else { ">" }));
        match last {
            Key::Integer(number) => sql.push_bind(number),
            Key::Real(number) => sql.push_bind(number),
            Key::Text(text) => sql.push_bind(text),
        };
        sql.push(", ").push_bind(run_no).push(")");
    }
    let direction = if is_descending { "DESC" } else { "ASC" };
    sql.push(format!(" ORDER BY {key} {direction}, r.run_no {direction}"));
    sql.push(" LIMIT ").push_bind(i64::from(query.limit) + 1);
    let rows = sql.build().all(readers).await.map_err(fault)?;
    let shown = &rows[..rows.len().min(query.limit as usize)];
    let items = shown.iter().map(summary).collect::<Result<Vec<_>, _>>()?;
    let next_cursor = match shown.last() {
        Some(row) if rows.len() > shown.len() => Some(cursor_of(row, query.order)?.to_string()),
        _ => None,
    };
    Ok(Page { items, next_cursor })
}

/// The number of runs on all pages together.
pub(crate) async fn count(readers: &SqlitePool, query: &RunQuery) -> Result<u64, StoreError> {
    let mut sql =
        QueryBuilder::<Sqlite>::new("SELECT count(*) FROM runs r JOIN progress p USING (run_no) WHERE 1");
    narrow(&mut sql, query)?;
    let count: Option<i64> = sql.build().value(readers).await.map_err(fault)?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

/// Adds the conditions of a query.
fn narrow(sql: &mut QueryBuilder<Sqlite>, query: &RunQuery) -> Result<(), StoreError> {
    if let Some(project) = &query.project {
        sql.push(" AND r.project = ").push_bind(project.clone());
    }
    if let Some(status) = query.status {
        sql.push(" AND p.status = ").push_bind(status.as_str());
    }
    if let Some(tag) = &query.tag {
        sql.push(" AND EXISTS (SELECT 1 FROM json_each(r.tags) WHERE value = ")
            .push_bind(tag.clone())
            .push(")");
    }
    let words: Vec<&str> = query.q.as_deref().unwrap_or_default().split_whitespace().collect();
    if words.len() > MAX_WORDS {
        let found = words.len();
        return Err(StoreError::invalid(
            "q",
            format!("has {found} words; at most {MAX_WORDS} can be looked for"),
        ));
    }
    for word in words {
        let pattern = like(word);
        sql.push(" AND (0");
        for column in ["r.id", "r.name", "r.project", "r.task", "r.agent", "r.notes"] {
            sql.push(" OR ").push(column).push(" LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\'");
        }
        sql.push(" OR EXISTS (SELECT 1 FROM json_each(r.tags) WHERE value LIKE ").push_bind(pattern);
        sql.push(" ESCAPE '\\'))");
    }
    Ok(())
}

/// The expression that a list is ordered by, and whether its greatest value is first.
fn key_of(order: Order) -> (&'static str, bool) {
    let (key, is_descending) = match order.sort {
        Sort::Created => ("r.run_no", true),
        Sort::Updated => ("p.updated_at", true),
        Sort::Name => ("r.name COLLATE NOCASE", false),
        Sort::Project => ("r.project COLLATE NOCASE", false),
        Sort::Status => ("p.status", false),
        Sort::Steps => ("p.steps", true),
        Sort::Failing => ("CASE WHEN p.steps > 0 THEN CAST(p.failing AS REAL) / p.steps ELSE -1.0 END", true),
        // The least finite number: below every mean.
        Sort::Mean => {
            ("CASE WHEN p.scored_count > 0 THEN p.mean_root ELSE -1.7976931348623157e308 END", true)
        }
    };
    (key, is_descending != order.is_reversed)
}

/// Where the next page begins.
fn cursor_of(row: &SqliteRow, order: Order) -> Result<Cursor, StoreError> {
    let key = match order.sort {
        Sort::Created | Sort::Updated | Sort::Steps => row.try_get("sort_key").map(Key::Integer),
        Sort::Name | Sort::Project | Sort::Status => row.try_get("sort_key").map(Key::Text),
        Sort::Failing | Sort::Mean => row.try_get("sort_key").map(Key::Real),
    };
    Ok(Cursor { order, key: key.map_err(fault)?, run_no: row.try_get("run_no").map_err(fault)? })
}

/// A pattern that finds the text anywhere, its own wildcards taken literally.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
