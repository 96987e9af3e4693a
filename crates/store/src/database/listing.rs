//! One run, and pages of runs.

use std::collections::HashMap;

use gauntlet_model::{RunId, RunSummary};
use sqlx::AssertSqlSafe;

use super::columns::DbRow;
use super::connection::Pool;
use super::dialect::Dialect;
use super::fault::{corrupt, fault};
use super::projections;
use super::query::{QueryBuilder, query as statement};
use super::rows::{SUMMARY, summary};
use super::value::Value;
use crate::cursor::{Cursor, Key};
use crate::{
    ColumnKind, Comparison, Condition, Operand, Order, Page, RunColumn, RunField, RunGroup, RunQuery,
    StoreError,
};

/// Most runs on a page.
const MAX_PAGE: u32 = 1000;
/// What words are looked for in, as one text: one comparison a run. A word has no line break.
const TEXTS: &str = "(r.id || '\n' || r.name || '\n' || r.project || '\n' \
    || coalesce(r.task, '') || '\n' || coalesce(r.agent, '') || '\n' || r.notes)";
/// Most words of a search.
const MAX_WORDS: usize = 32;

pub(crate) async fn run(readers: &Pool, id: &RunId) -> Result<Option<RunSummary>, StoreError> {
    let sql = format!("SELECT {SUMMARY} FROM runs r JOIN progress p USING (run_no) WHERE r.id = ?1");
    let found = statement(AssertSqlSafe(sql)).bind(id.as_str()).first(readers).await.map_err(fault)?;
    found.as_ref().map(summary).transpose()
}

pub(crate) async fn runs(readers: &Pool, query: &RunQuery) -> Result<Page, StoreError> {
    if query.limit == 0 || query.limit > MAX_PAGE {
        let found = query.limit;
        return Err(StoreError::invalid("limit", format!("is {found}; it must be 1 to {MAX_PAGE}")));
    }
    let dialect = readers.dialect();
    let mut sources = Sources::new(dialect);
    let key = sources.of(&query.order.column);
    let group = query.group.as_ref().map(|column| sources.of_group(column)).transpose()?;
    let group_key = group.as_ref().map(|group| format!(", {group} AS group_key")).unwrap_or_default();
    let mut sql = from(&format!("{SUMMARY}, {key} AS sort_key{group_key}"), sources, query)?;
    let direction = if query.order.is_descending() { "DESC" } else { "ASC" };
    if let Some(cursor) = &query.cursor {
        let last = Cursor::read(cursor, &query.order, query.group.as_ref())?;
        let beyond = if query.order.is_descending() { "<" } else { ">" };
        sql.push(" AND ");
        match (&group, &last.group) {
            (Some(group), Some((_, Key::Missing))) => {
                sql.push(format!("{group} IS NULL AND "));
                past(&mut sql, &key, beyond, &last);
            }
            (Some(group), Some((_, value))) => {
                sql.push(format!("({group} > ")).push_bind(value.clone());
                sql.push(format!(" OR {group} IS NULL OR ({group} = "))
                    .push_bind(value.clone())
                    .push(" AND ");
                past(&mut sql, &key, beyond, &last);
                sql.push("))");
            }
            _ => past(&mut sql, &key, beyond, &last),
        }
    }
    sql.push(" ORDER BY ");
    if let Some(group) = &group {
        sql.push(format!("{group} IS NULL, {group}, "));
    }
    if has_gaps(&query.order) {
        sql.push(format!("{key} IS NULL, "));
    }
    sql.push(format!("{key} {direction}, r.run_no {direction}"));
    sql.push(" LIMIT ").push_bind(i64::from(query.limit) + 1);
    let rows = sql.build().all(readers).await.map_err(fault)?;
    let shown = &rows[..rows.len().min(query.limit as usize)];
    let items = shown.iter().map(summary).collect::<Result<Vec<_>, _>>()?;
    let next_cursor = match shown.last() {
        Some(row) if rows.len() > shown.len() => Some(cursor_of(row, query)?.to_string()),
        _ => None,
    };
    let numbers = shown.iter().map(|row| row.try_get("run_no")).collect::<Result<Vec<i64>, _>>();
    let cells = projections::cells(readers, &numbers.map_err(fault)?, &items, &query.columns).await?;
    let groups = match group {
        Some(_) => {
            let key = |row: &DbRow| key_of(row, "group_key").map(|key| key.of_group());
            shown.iter().map(key).collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    Ok(Page { items, cells, groups, next_cursor })
}

/// The number of runs on all pages together.
pub(crate) async fn count(readers: &Pool, query: &RunQuery) -> Result<u64, StoreError> {
    let sql = from("count(*)", Sources::new(readers.dialect()), query)?;
    let count: Option<i64> = sql.build().value(readers).await.map_err(fault)?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

/// The groups of a list, with the means of columns, in the order of their values.
pub(crate) async fn groups(
    readers: &Pool,
    query: &RunQuery,
    limit: usize,
) -> Result<Vec<RunGroup>, StoreError> {
    let Some(column) = &query.group else { return Ok(Vec::new()) };
    let mut sources = Sources::new(readers.dialect());
    let group = sources.of_group(column)?;
    let mut what = format!("{group} AS group_key, count(*) AS runs, max(r.run_no) AS run_no");
    for (index, column) in query.columns.iter().enumerate() {
        let mean = match column.kind() {
            ColumnKind::Number => {
                let value = sources.of(column);
                format!(", avg({}) AS mean{index}", sources.dialect.real(&value))
            }
            _ => format!(", {} AS mean{index}", sources.dialect.real("NULL")),
        };
        what.push_str(&mean);
    }
    let mut sql = from(&what, sources, query)?;
    sql.push(format!(" GROUP BY {group} ORDER BY {group} IS NULL, {group} LIMIT "));
    sql.push_bind(limit as i64 + 1);
    let rows = sql.build().all(readers).await.map_err(fault)?;
    if rows.len() > limit {
        let message = format!("{column} has more than {limit} values, which is too many groups");
        return Err(StoreError::invalid("group", message));
    }
    let numbers = rows.iter().map(|row| row.try_get("run_no")).collect::<Result<Vec<i64>, _>>();
    let numbers = numbers.map_err(fault)?;
    let asked = readers.dialect().elements("?1");
    let sql =
        format!("SELECT {SUMMARY} FROM runs r JOIN progress p USING (run_no) WHERE r.run_no IN {asked}");
    let found = statement(AssertSqlSafe(sql)).bind(Value::Integers(numbers)).all(readers).await;
    let mut runs = HashMap::new();
    for row in &found.map_err(fault)? {
        runs.insert(row.try_get::<i64, _>("run_no").map_err(fault)?, summary(row)?);
    }
    let read = |row: &DbRow| {
        let run: i64 = row.try_get("run_no").map_err(fault)?;
        let means = (0..query.columns.len()).map(|index| row.try_get(&*format!("mean{index}")));
        Ok(RunGroup {
            key: key_of(row, "group_key")?.of_group(),
            value: runs.get(&run).and_then(|run| column.of(run)).unwrap_or_default(),
            runs: row.try_get::<i64, _>("runs").map_err(fault)?.unsigned_abs(),
            means: means.collect::<Result<_, _>>().map_err(fault)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The tables that columns are read from, beyond those of every list.
struct Sources {
    dialect: Dialect,
    columns: Vec<RunColumn>,
}

impl Sources {
    fn new(dialect: Dialect) -> Self {
        Self { dialect, columns: Vec::new() }
    }

    /// The expression of a column: null where a run has no value.
    fn of(&mut self, column: &RunColumn) -> String {
        let name = match column {
            RunColumn::Field(field) => return expression(*field, self.dialect),
            RunColumn::Config(_) => "value",
            RunColumn::Value(statistic, _) => statistic.as_str(),
        };
        let is_same = |known: &RunColumn| match (known, column) {
            (RunColumn::Config(a), RunColumn::Config(b)) => a == b,
            (RunColumn::Value(_, a), RunColumn::Value(_, b)) => a == b,
            _ => false,
        };
        let index = self.columns.iter().position(is_same).unwrap_or_else(|| {
            self.columns.push(column.clone());
            self.columns.len() - 1
        });
        format!("k{index}.{name}")
    }

    /// The expression of the column that brings runs together.
    fn of_group(&mut self, column: &RunColumn) -> Result<String, StoreError> {
        match column {
            // Two projects may differ in letter case alone.
            RunColumn::Field(RunField::Project) => Ok("r.project".to_owned()),
            column if column.can_group() => Ok(self.of(column)),
            _ => {
                let message = format!(
                    "runs cannot be grouped by {column}: it must be project, status, kind, agent, task or \
                     config:KEY"
                );
                Err(StoreError::invalid("group", message))
            }
        }
    }

    fn join(&self, sql: &mut QueryBuilder) {
        for (index, column) in self.columns.iter().enumerate() {
            let (table, name, key) = match column {
                RunColumn::Field(_) => continue,
                RunColumn::Config(key) => ("run_config", "key", key),
                RunColumn::Value(_, path) => ("run_values", "path", path),
            };
            let on =
                format!(" LEFT JOIN {table} k{index} ON k{index}.run_no = r.run_no AND k{index}.{name} = ");
            sql.push(on).push_bind(key.clone());
        }
    }
}

/// The expression of a field.
fn expression(field: RunField, dialect: Dialect) -> String {
    let plain = match field {
        // Numbers are given in the order of creation.
        RunField::Created => "r.run_no",
        RunField::Updated => "p.updated_at",
        RunField::Name => return dialect.ignoring_case("r.name"),
        RunField::Project => return dialect.ignoring_case("r.project"),
        RunField::Status => "p.status",
        RunField::Steps => "p.steps",
        RunField::Failing => {
            return format!("CASE WHEN p.steps > 0 THEN {} / p.steps END", dialect.real("p.failing"));
        }
        RunField::Mean => "CASE WHEN p.scored_count > 0 THEN p.mean_root END",
        RunField::Last => "p.last_root",
        RunField::Duration => return format!("{} / 1e6", dialect.real("(p.updated_at - r.created_at)")),
        RunField::Events => "p.head",
        RunField::Episodes => "p.episodes",
        RunField::Id => "r.id",
        RunField::Kind => "r.kind",
        RunField::Agent => "r.agent",
        RunField::Task => "r.task",
        RunField::Tags => "nullif(r.tags, '[]')",
        RunField::Notes => "nullif(r.notes, '')",
    };
    plain.to_owned()
}

/// Whether runs may have no value in the column of an order.
fn has_gaps(order: &Order) -> bool {
    match order.column {
        RunColumn::Config(_) | RunColumn::Value(..) => true,
        RunColumn::Field(field) => matches!(
            field,
            RunField::Failing
                | RunField::Mean
                | RunField::Last
                | RunField::Agent
                | RunField::Task
                | RunField::Tags
                | RunField::Notes
        ),
    }
}

/// A statement over the runs that a query finds.
fn from(what: &str, mut sources: Sources, query: &RunQuery) -> Result<QueryBuilder, StoreError> {
    let columns: Vec<String> = query.filter.0.iter().map(|it| sources.of(&it.column)).collect();
    let mut sql = QueryBuilder::new(format!("SELECT {what} FROM runs r JOIN progress p USING (run_no)"));
    sources.join(&mut sql);
    sql.push(" WHERE TRUE");
    narrow(&mut sql, query, sources.dialect)?;
    for (condition, column) in query.filter.0.iter().zip(&columns) {
        require(&mut sql, condition, column, sources.dialect);
    }
    Ok(sql)
}

/// Adds the conditions of a query on its fixed fields.
fn narrow(sql: &mut QueryBuilder, query: &RunQuery, dialect: Dialect) -> Result<(), StoreError> {
    if let Some(project) = &query.project {
        sql.push(" AND r.project = ").push_bind(project.clone());
    }
    if let Some(status) = query.status {
        sql.push(" AND p.status = ").push_bind(status.as_str());
    }
    if let Some(tag) = &query.tag {
        has_tag(sql, tag, "", dialect);
    }
    let words: Vec<&str> = query.q.as_deref().unwrap_or_default().split_whitespace().collect();
    if words.len() > MAX_WORDS {
        let found = words.len();
        return Err(StoreError::invalid(
            "q",
            format!("has {found} words; at most {MAX_WORDS} can be looked for"),
        ));
    }
    let (like, labels) = (dialect.like(), dialect.labels("r.tags"));
    for word in words {
        let pattern = pattern_of(word);
        sql.push(format!(" AND ({TEXTS} {like} ")).push_bind(pattern.clone());
        sql.push(" ESCAPE '\\' OR r.tags <> '[]' AND EXISTS (");
        sql.push(format!("SELECT 1 FROM {labels} WHERE labels.value {like} "));
        sql.push_bind(pattern).push(" ESCAPE '\\'))");
    }
    Ok(())
}

/// Adds that a run has a tag, or with `NOT ` that it has not.
fn has_tag(sql: &mut QueryBuilder, tag: &str, not: &str, dialect: Dialect) {
    let labels = dialect.labels("r.tags");
    sql.push(format!(" AND {not}(r.tags <> '[]' AND EXISTS (SELECT 1 FROM {labels} WHERE labels.value = "));
    sql.push_bind(tag.to_owned()).push("))");
}

/// Adds a condition on a column.
fn require(sql: &mut QueryBuilder, condition: &Condition, column: &str, dialect: Dialect) {
    let operator = condition.comparison.as_str();
    match (&condition.column, &condition.operand) {
        (RunColumn::Field(RunField::Tags), Operand::Text(tag)) => {
            let not = if condition.comparison == Comparison::NotEqual { "NOT " } else { "" };
            has_tag(sql, tag, not, dialect);
        }
        (RunColumn::Field(RunField::Created), Operand::Time(time)) => {
            sql.push(format!(" AND r.created_at {operator} ")).push_bind(time.micros());
        }
        (RunColumn::Config(_), Operand::Number(number, text)) => {
            let number = dialect.config_number((*number).into());
            let list = match condition.comparison {
                Comparison::Equal => "IN",
                Comparison::NotEqual => "NOT IN",
                _ => {
                    sql.push(format!(" AND {column} {operator} ")).push_bind(number);
                    sql.push(format!(" AND {column} < ")).push_bind(dialect.config_text(""));
                    return;
                }
            };
            sql.push(format!(" AND {column} {list} (")).push_bind(number);
            sql.push(", ").push_bind(dialect.config_text(text)).push(")");
        }
        (RunColumn::Config(_), Operand::Text(text)) => {
            sql.push(format!(" AND {column} {operator} ")).push_bind(dialect.config_text(text));
        }
        (_, Operand::Number(number, _)) => {
            sql.push(format!(" AND {column} {operator} ")).push_bind(*number);
        }
        (RunColumn::Field(RunField::Name | RunField::Project), Operand::Text(text)) => {
            let value = dialect.ignoring_case(&sql.parameter(text.clone()));
            sql.push(format!(" AND {column} {operator} {value}"));
        }
        (_, Operand::Text(text)) => {
            sql.push(format!(" AND {column} {operator} ")).push_bind(text.clone());
        }
        (_, Operand::Time(time)) => {
            sql.push(format!(" AND {column} {operator} ")).push_bind(time.micros());
        }
    }
}

/// Adds the condition that a run is past the last one shown.
fn past(sql: &mut QueryBuilder, key: &str, beyond: &str, last: &Cursor) {
    if last.key == Key::Missing {
        sql.push(format!("({key} IS NULL AND r.run_no {beyond} ")).push_bind(last.run_no).push(")");
        return;
    }
    sql.push(format!("(({key}, r.run_no) {beyond} (")).push_bind(last.key.clone());
    sql.push(", ").push_bind(last.run_no).push(format!(") OR {key} IS NULL)"));
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Integer(number) => number.into(),
            Key::Real(number) => number.into(),
            Key::Text(text) => text.into(),
            Key::Missing => Value::Text(None),
        }
    }
}

/// Where the next page begins.
fn cursor_of(row: &DbRow, query: &RunQuery) -> Result<Cursor, StoreError> {
    let group = match &query.group {
        Some(column) => Some((column.clone(), key_of(row, "group_key")?)),
        None => None,
    };
    Ok(Cursor {
        group,
        order: query.order.clone(),
        key: key_of(row, "sort_key")?,
        run_no: row.try_get("run_no").map_err(fault)?,
    })
}

/// The value that a list is ordered by, of a row.
fn key_of(row: &DbRow, column: &str) -> Result<Key, StoreError> {
    Ok(match row.any(column).map_err(fault)? {
        None => Key::Missing,
        Some(Value::Integer(Some(number))) => Key::Integer(number),
        Some(Value::Real(Some(number))) => Key::Real(number),
        Some(Value::Text(Some(text))) => Key::Text(text.to_string()),
        Some(other) => return Err(corrupt(format!("{other:?} is not a value of a list"))),
    })
}

/// A pattern that finds the text anywhere, its own wildcards taken literally.
fn pattern_of(text: &str) -> String {
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
