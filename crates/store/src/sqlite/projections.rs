//! What lists of runs read beyond `runs` and `progress`, in tables: the configuration by its keys, and what
//! the values of each path came to.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use gauntlet_model::{RunId, RunSummary};
use serde_json::Value;
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{QueryBuilder, Row as _, SqlitePool};

use super::complete::Complete;
use super::fault::{TxnError, corrupt, fault};
use super::flush::{shapes, write_all};
use super::group::Group;
use crate::{PathTotals, Projection, RunColumn, StaleRun, Statistic, StoreError};

static INSERT_VALUES: LazyLock<[Arc<str>; 4]> = LazyLock::new(|| {
    shapes("INSERT OR IGNORE INTO run_values (run_no, path, last, mean, low, high) VALUES ", 6, "")
});

/// Adds the configuration of a run by its keys: nested objects with dots, truth values and lists as JSON.
const INSERT_CONFIG: &str = "INSERT OR IGNORE INTO run_config (run_no, key, value)
    WITH RECURSIVE entries (key, value, type) AS (
        SELECT key, value, type FROM json_each(?2)
        UNION ALL
        SELECT e.key || '.' || j.key, j.value, j.type FROM entries e, json_each(e.value) j
            WHERE e.type = 'object'
    )
    SELECT ?1, key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE value END
    FROM entries WHERE type NOT IN ('object', 'null')";

impl Group<'_> {
    /// Notes the configuration of a new run.
    pub(super) async fn put_config(&mut self, run_no: i64, config: &str) -> Result<(), TxnError> {
        if config != "{}" {
            sqlx::query(INSERT_CONFIG).bind(run_no).bind(config).execute(&mut *self.db).await?;
        }
        Ok(())
    }

    /// Replaces what the values of a run came to.
    pub(super) async fn put_projection(
        &mut self,
        run: &RunId,
        projection: &Projection,
    ) -> Result<(), TxnError> {
        let run_no = self.existing(run).await?.run_no;
        sqlx::query("DELETE FROM run_values WHERE run_no = ?1").bind(run_no).execute(&mut *self.db).await?;
        write_all(self.db, &INSERT_VALUES, &projection.paths, |statement, path: &PathTotals| {
            statement
                .bind(run_no)
                .bind(path.path.clone())
                .bind(path.last)
                .bind(path.mean)
                .bind(path.low)
                .bind(path.high)
        })
        .await?;
        let sparkline: Vec<u8> = projection.sparkline.iter().flat_map(|mean| mean.to_le_bytes()).collect();
        sqlx::query(
            "INSERT INTO run_projections (run_no, head, sparkline) VALUES (?1, ?2, ?3)
             ON CONFLICT (run_no) DO UPDATE SET head = excluded.head, sparkline = excluded.sparkline",
        )
        .bind(run_no)
        .bind(projection.head as i64)
        .bind(sparkline)
        .execute(&mut *self.db)
        .await?;
        Ok(())
    }
}

/// The runs whose projection is behind their log.
pub(crate) async fn stale_runs(readers: &SqlitePool) -> Result<Vec<StaleRun>, StoreError> {
    let sql = "SELECT r.id, p.head, p.status FROM progress p JOIN runs r USING (run_no)
        LEFT JOIN run_projections q USING (run_no) WHERE q.head IS NULL OR q.head < p.head
        ORDER BY p.run_no DESC";
    let rows = sqlx::query(sql).all(readers).await.map_err(fault)?;
    let stale = |row: &SqliteRow| {
        let status: &str = row.try_get("status").map_err(fault)?;
        Ok(StaleRun {
            run: RunId::new(row.try_get::<String, _>("id").map_err(fault)?).map_err(corrupt)?,
            head: row.try_get::<i64, _>("head").map_err(fault)?.unsigned_abs(),
            status: status.parse().map_err(corrupt)?,
        })
    };
    rows.iter().map(stale).collect()
}

/// The sparklines of runs, in their order; empty where none is stored.
pub(crate) async fn sparklines(readers: &SqlitePool, runs: &[RunId]) -> Result<Vec<Vec<f64>>, StoreError> {
    let ids: Vec<&str> = runs.iter().map(RunId::as_str).collect();
    let sql = "SELECT r.id, q.sparkline FROM json_each(?1) j JOIN runs r ON r.id = j.value
        JOIN run_projections q USING (run_no)";
    let ids = serde_json::to_string(&ids).map_err(corrupt)?;
    let mut found = HashMap::new();
    for row in sqlx::query(sql).bind(ids).all(readers).await.map_err(fault)? {
        let stored: &[u8] = row.try_get("sparkline").map_err(fault)?;
        let (means, _) = stored.as_chunks();
        let means: Vec<f64> = means.iter().map(|mean| f64::from_le_bytes(*mean)).collect();
        found.insert(row.try_get::<String, _>("id").map_err(fault)?, means);
    }
    Ok(runs.iter().map(|run| found.remove(run.as_str()).unwrap_or_default()).collect())
}

/// The values of columns for the runs of a page.
pub(super) async fn cells(
    readers: &SqlitePool,
    numbers: &[i64],
    runs: &[RunSummary],
    columns: &[RunColumn],
) -> Result<Vec<Vec<Value>>, StoreError> {
    let values = values(readers, numbers, columns).await?;
    let cell = |run_no: i64, run: &RunSummary, column: &RunColumn| match column {
        RunColumn::Value(statistic, path) => {
            values.get(&(run_no, path.clone())).map(|of| of[*statistic as usize]).into()
        }
        _ => column.of(run).unwrap_or_default(),
    };
    let row = |(run_no, run): (&i64, &RunSummary)| {
        columns.iter().map(|column| cell(*run_no, run, column)).collect::<Vec<_>>()
    };
    Ok(numbers.iter().zip(runs).map(row).collect())
}

/// What the paths among the columns came to, in the order of [`Statistic::ALL`].
async fn values(
    readers: &SqlitePool,
    numbers: &[i64],
    columns: &[RunColumn],
) -> Result<HashMap<(i64, String), [f64; 4]>, StoreError> {
    let path = |column: &RunColumn| match column {
        RunColumn::Value(_, path) => Some(path.clone()),
        _ => None,
    };
    let paths: BTreeSet<String> = columns.iter().filter_map(path).collect();
    if paths.is_empty() || numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let names = Statistic::ALL.map(Statistic::as_str);
    let mut sql = QueryBuilder::<Sqlite>::new(format!(
        "SELECT run_no, path, {} FROM run_values WHERE run_no IN (",
        names.join(", ")
    ));
    let mut list = sql.separated(", ");
    numbers.iter().for_each(|run_no| _ = list.push_bind(*run_no));
    sql.push(") AND path IN (");
    let mut list = sql.separated(", ");
    paths.into_iter().for_each(|path| _ = list.push_bind(path));
    sql.push(")");
    let mut values = HashMap::new();
    for row in sql.build().all(readers).await.map_err(fault)? {
        let mut totals = [0.0; 4];
        for (total, name) in totals.iter_mut().zip(names) {
            *total = row.try_get(name).map_err(fault)?;
        }
        let key = (row.try_get("run_no").map_err(fault)?, row.try_get("path").map_err(fault)?);
        values.insert(key, totals);
    }
    Ok(values)
}

/// Columns that the runs of a project, or of all projects, have beyond the fields: keys of the configuration
/// and paths with values, in the order of their names. At most `limit` of each.
pub(crate) async fn columns(
    readers: &SqlitePool,
    project: Option<&str>,
    limit: u32,
) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let names = |table: &str, name: &str| match project {
        Some(_) => format!(
            "SELECT DISTINCT k.{name} FROM runs r CROSS JOIN {table} k USING (run_no) WHERE r.project = ?1
             ORDER BY 1 LIMIT ?2"
        ),
        // From name to name, past all the runs that have it.
        None => format!(
            "WITH RECURSIVE names (name) AS (
                SELECT min({name}) FROM {table} WHERE ?1 IS NULL
                UNION ALL SELECT (SELECT min({name}) FROM {table} WHERE {name} > n.name) FROM names n
                WHERE n.name IS NOT NULL LIMIT ?2
             ) SELECT name FROM names WHERE name IS NOT NULL"
        ),
    };
    let (keys, paths) = (names("run_config", "key"), names("run_values", "path"));
    let read = |sql: String| {
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project.map(str::to_owned)).bind(limit).values(readers)
    };
    Ok((read(keys).await.map_err(fault)?, read(paths).await.map_err(fault)?))
}
