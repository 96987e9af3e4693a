//! What lists of runs read beyond `runs` and `progress`, in tables: the configuration by its keys, and what
//! the values of each path came to.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::LazyLock;

use gauntlet_model::{Object, RunId, RunSummary};
use serde_json::Value as Json;
use sqlx::AssertSqlSafe;

use super::columns::DbRow;
use super::connection::{Connection, Pool};
use super::dialect::Dialect;
use super::fault::{TxnError, corrupt, fault};
use super::group::Group;
use super::insert_many::InsertMany;
use super::query::query;
use super::value::Value;
use crate::{PathTotals, Projection, RunColumn, StaleRun, Statistic, StoreError};

/// Longest dotted key of a configuration that lists have a column for: an index of PostgreSQL holds no more
/// than 2,700 bytes an entry.
const MAX_KEY_BYTES: usize = 1024;

static INSERT_CONFIG: LazyLock<InsertMany<3>> = LazyLock::new(|| {
    InsertMany::new("INSERT INTO run_config (run_no, key, value)", "ON CONFLICT (key, run_no) DO NOTHING")
});

static INSERT_VALUES: LazyLock<InsertMany<6>> = LazyLock::new(|| {
    let head = "INSERT INTO run_values (run_no, path, last, mean, low, high)";
    InsertMany::new(head, "ON CONFLICT (path, run_no) DO NOTHING")
});

/// A configuration by its keys: nested objects with dots, truth values and lists as JSON. Where a name with
/// dots and nested objects come to one key, the outer one counts.
fn config_entries(config: &Object, dialect: Dialect) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut objects = VecDeque::from([(String::new(), config)]);
    while let Some((prefix, object)) = objects.pop_front() {
        for (name, value) in object {
            let key = format!("{prefix}{name}");
            let value = match value {
                Json::Null => continue,
                Json::Object(inner) => {
                    objects.push_back((format!("{key}."), inner));
                    continue;
                }
                Json::String(text) => dialect.config_text(text),
                Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                    (Some(integer), _) => dialect.config_number(integer.into()),
                    (None, real) => dialect.config_number(real.into()),
                },
                Json::Bool(_) | Json::Array(_) => dialect.config_text(&value.to_string()),
            };
            if key.len() <= MAX_KEY_BYTES {
                found.entry(key).or_insert(value);
            }
        }
    }
    found
}

/// Writes the configuration of a run by its keys.
pub(super) async fn insert_config(
    db: &mut Connection,
    run_no: i64,
    config: &Object,
) -> Result<(), sqlx::Error> {
    let entries: Vec<_> = config_entries(config, db.dialect()).into_iter().collect();
    let row = |(key, value): &(String, Value)| [run_no.into(), key.as_str().into(), value.clone()];
    INSERT_CONFIG.write(db, &entries, row).await
}

impl Group<'_> {
    /// Notes the configuration of a new run.
    pub(super) async fn put_config(&mut self, run_no: i64, config: &Object) -> Result<(), TxnError> {
        Ok(insert_config(self.db, run_no, config).await?)
    }

    /// Replaces what the values of a run came to.
    pub(super) async fn put_projection(
        &mut self,
        run: &RunId,
        projection: &Projection,
    ) -> Result<(), TxnError> {
        let run_no = self.existing(run).await?.run_no;
        query("DELETE FROM run_values WHERE run_no = ?1").bind(run_no).execute(&mut *self.db).await?;
        let is_number = |path: &&PathTotals| !(path.last + path.mean + path.low + path.high).is_nan();
        let paths: Vec<&PathTotals> = projection.paths.iter().filter(is_number).collect();
        let row = |path: &&PathTotals| {
            let PathTotals { path, last, mean, low, high } = path;
            [
                run_no.into(),
                path.as_str().into(),
                (*last).into(),
                (*mean).into(),
                (*low).into(),
                (*high).into(),
            ]
        };
        INSERT_VALUES.write(self.db, &paths, row).await?;
        let sparkline: Vec<u8> = projection.sparkline.iter().flat_map(|mean| mean.to_le_bytes()).collect();
        query(
            "INSERT INTO run_projections (run_no, head, sparkline) VALUES (?1, ?2, ?3)
             ON CONFLICT (run_no) DO UPDATE SET head = excluded.head, sparkline = excluded.sparkline",
        )
        .bind(run_no)
        .bind(projection.head as i64)
        .bind(sparkline)
        .execute(&mut *self.db)
        .await?;
        self.visible = true;
        Ok(())
    }
}

/// The runs whose projection is behind their log.
pub(crate) async fn stale_runs(readers: &Pool) -> Result<Vec<StaleRun>, StoreError> {
    let sql = "SELECT r.id, p.head, p.status FROM progress p JOIN runs r USING (run_no)
        LEFT JOIN run_projections q USING (run_no) WHERE q.head IS NULL OR q.head < p.head
        ORDER BY p.run_no DESC";
    let rows = query(sql).all(readers).await.map_err(fault)?;
    let stale = |row: &DbRow| {
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
pub(crate) async fn sparklines(readers: &Pool, runs: &[RunId]) -> Result<Vec<Vec<f64>>, StoreError> {
    let ids = Value::Texts(runs.iter().map(|run| run.as_str().to_owned()).collect());
    let asked = readers.dialect().asked_values("?1");
    let sql = format!(
        "SELECT r.id, q.sparkline FROM {asked} JOIN runs r ON r.id = asked.value
            JOIN run_projections q USING (run_no)"
    );
    let mut found = HashMap::new();
    for row in query(AssertSqlSafe(sql)).bind(ids).all(readers).await.map_err(fault)? {
        let stored: &[u8] = row.try_get("sparkline").map_err(fault)?;
        let (means, _) = stored.as_chunks();
        let means: Vec<f64> = means.iter().map(|mean| f64::from_le_bytes(*mean)).collect();
        found.insert(row.try_get::<String, _>("id").map_err(fault)?, means);
    }
    Ok(runs.iter().map(|run| found.remove(run.as_str()).unwrap_or_default()).collect())
}

/// The values of columns for the runs of a page.
pub(super) async fn cells(
    readers: &Pool,
    numbers: &[i64],
    runs: &[RunSummary],
    columns: &[RunColumn],
) -> Result<Vec<Vec<Json>>, StoreError> {
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
    readers: &Pool,
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
    let (runs, asked) = (readers.dialect().elements("?1"), readers.dialect().elements("?2"));
    let sql = format!(
        "SELECT run_no, path, {} FROM run_values WHERE run_no IN {runs} AND path IN {asked}",
        names.join(", ")
    );
    let found = query(AssertSqlSafe(sql))
        .bind(Value::Integers(numbers.to_vec()))
        .bind(Value::Texts(paths.into_iter().collect()));
    let mut values = HashMap::new();
    for row in found.all(readers).await.map_err(fault)? {
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
    readers: &Pool,
    project: Option<&str>,
    limit: u32,
) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let joins = readers.dialect().joins_in_order();
    let names = |table: &str, name: &str| match project {
        Some(_) => format!(
            "SELECT DISTINCT k.{name} FROM runs r {joins} {table} k USING (run_no) WHERE r.project = ?1
             ORDER BY 1 LIMIT ?2"
        ),
        // From name to name, past all the runs that have it.
        None => format!(
            "WITH RECURSIVE names (name) AS (
                SELECT min({name}) FROM {table} WHERE CAST(?1 AS TEXT) IS NULL
                UNION ALL SELECT (SELECT min({name}) FROM {table} WHERE {name} > n.name) FROM names n
                WHERE n.name IS NOT NULL
             ) SELECT name FROM names WHERE name IS NOT NULL LIMIT ?2"
        ),
    };
    let (keys, paths) = (names("run_config", "key"), names("run_values", "path"));
    let read = |sql: String| {
        query(AssertSqlSafe(sql)).bind(project.map(str::to_owned)).bind(i64::from(limit)).values(readers)
    };
    Ok((read(keys).await.map_err(fault)?, read(paths).await.map_err(fault)?))
}
