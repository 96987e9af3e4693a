//! One run, and pages of runs.

use gauntlet_model::{RunId, RunSummary};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, SqlitePool};

use super::complete::Complete;
use super::fault::fault;
use super::rows::{SUMMARY, summary};
use crate::cursor::Cursor;
use crate::{Page, RunQuery, Sort, StoreError};

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
    let mut sql = QueryBuilder::<Sqlite>::new(format!(
        "SELECT {SUMMARY} FROM runs r JOIN progress p USING (run_no) WHERE 1"
    ));
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
    if let Some(cursor) = &query.cursor {
        behind(&mut sql, Cursor::read(cursor, query.sort)?);
    }
    sql.push(match query.sort {
        Sort::Created => " ORDER BY r.run_no DESC",
        Sort::Updated => " ORDER BY p.updated_at DESC, r.run_no DESC",
        Sort::Name => " ORDER BY r.name COLLATE NOCASE, r.run_no",
    });
    sql.push(" LIMIT ").push_bind(i64::from(query.limit) + 1);
    let rows = sql.build().all(readers).await.map_err(fault)?;
    let shown = &rows[..rows.len().min(query.limit as usize)];
    let items = shown.iter().map(summary).collect::<Result<Vec<_>, _>>()?;
    let next_cursor = match (shown.last(), items.last()) {
        (Some(row), Some(item)) if rows.len() > shown.len() => {
            Some(cursor_of(row, item, query.sort)?.to_string())
        }
        _ => None,
    };
    Ok(Page { items, next_cursor })
}

/// Where the next page begins.
fn cursor_of(row: &SqliteRow, run: &RunSummary, sort: Sort) -> Result<Cursor, StoreError> {
    let run_no: i64 = row.try_get("run_no").map_err(fault)?;
    Ok(match sort {
        Sort::Created => Cursor::Created { run_no },
        Sort::Updated => Cursor::Updated { updated_at: run.updated_at.micros(), run_no },
        Sort::Name => Cursor::Name { name: run.name.clone(), run_no },
    })
}

fn behind(sql: &mut QueryBuilder<Sqlite>, cursor: Cursor) {
    match cursor {
        Cursor::Created { run_no } => {
            sql.push(" AND r.run_no < ").push_bind(run_no);
        }
        Cursor::Updated { updated_at, run_no } => {
            sql.push(" AND (p.updated_at, r.run_no) < (")
                .push_bind(updated_at)
                .push(", ")
                .push_bind(run_no)
                .push(")");
        }
        Cursor::Name { name, run_no } => {
            sql.push(" AND (r.name > ")
                .push_bind(name.clone())
                .push(" COLLATE NOCASE OR (r.name = ")
                .push_bind(name);
            sql.push(" COLLATE NOCASE AND r.run_no > ").push_bind(run_no).push("))");
        }
    }
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
