//! Reading by step rather than by sequence number.

use gauntlet_model::{FailureKind, Record, RunId};
use sqlx::AssertSqlSafe;

use super::columns::DbRow;
use super::connection::Pool;
use super::dialect::Dialect;
use super::fault::{corrupt, fault};
use super::kinds::{SNAPSHOT_SCORED, STEP_RECORDED};
use super::query::query;
use super::read::locate;
use super::rows::{self, RECORD, record};
use super::{place, seq_of, step_column};
use crate::log_store::{StepEventsQuery, StepQuery};
use crate::{InEpisode, SnapshotFilter, StepEvents, StepRow, StoreError};

/// Every event of one step, in the order of the log.
pub(crate) async fn step(
    readers: &Pool,
    run: &RunId,
    step: u64,
    episode: InEpisode<'_>,
) -> Result<Vec<Record>, StoreError> {
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let of_episode = of_episode(episode, readers.dialect(), "?3");
    let sql =
        format!("SELECT {RECORD} FROM events WHERE run_no = ?1 AND step = ?2 {of_episode} ORDER BY place");
    let mut query = query(AssertSqlSafe(sql)).bind(run_no).bind(step_column(step));
    if let Some(column) = episode.column() {
        query = query.bind(column);
    }
    let found = query.all(readers).await.map_err(fault)?;
    found.iter().map(record).collect()
}

/// The events of a step beside its scored snapshots, from `after` on, and how many there are.
pub(crate) async fn step_events(
    readers: &Pool,
    asked: StepEventsQuery<'_>,
) -> Result<StepEvents, StoreError> {
    let listed = format!(
        "kind <> {SNAPSHOT_SCORED} AND (episode IS NULL OR (kind <> {STEP_RECORDED} AND episode = ?3))"
    );
    let StepEventsQuery { run, step, episode, after, limit } = asked;
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let episode = episode.map(|episode| episode.as_str());
    let sql = format!(
        "SELECT count(CASE WHEN {listed} THEN 1 END) AS total,
            count(CASE WHEN kind = {SNAPSHOT_SCORED} THEN 1 END) AS snapshots
         FROM events WHERE run_no = ?1 AND step = ?2"
    );
    let counts = query(AssertSqlSafe(sql)).bind(run_no).bind(step_column(step)).bind(episode);
    let counts =
        counts.first(readers).await.map_err(fault)?.ok_or(sqlx::Error::RowNotFound).map_err(fault)?;
    let count = |name: &str| -> Result<u64, StoreError> {
        u64::try_from(counts.try_get::<i64, _>(name).map_err(fault)?).map_err(corrupt)
    };
    let sql = format!(
        "SELECT {RECORD} FROM events WHERE run_no = ?1 AND step = ?2 AND {listed} AND place > ?4
         ORDER BY place LIMIT ?5"
    );
    let after = after.map_or(-1, |seq| place(run_no, seq));
    let found = query(AssertSqlSafe(sql)).bind(run_no).bind(step_column(step)).bind(episode);
    let found = found.bind(after).bind(i64::from(limit)).all(readers).await.map_err(fault)?;
    let events = found.iter().map(record).collect::<Result<_, _>>()?;
    Ok(StepEvents { events, total: count("total")?, snapshots: count("snapshots")? })
}

/// At most `limit` scored steps, each as its last snapshot, past `after` (a step and a sequence number), by
/// step, then by sequence number.
pub(crate) async fn steps(readers: &Pool, asked: StepQuery<'_>) -> Result<Vec<StepRow>, StoreError> {
    let StepQuery { run, after, limit, failing, episode } = asked;
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    // Spelt out, so that each finds its own partial index.
    let dialect = readers.dialect();
    let filter = match failing {
        SnapshotFilter::AnyOrNone => format!(
            "step IS NOT NULL AND kind = {SNAPSHOT_SCORED} AND NOT EXISTS (
                SELECT 1 FROM events AS later WHERE later.run_no = e.run_no AND later.step = e.step
                AND {} AND later.kind = {SNAPSHOT_SCORED} AND later.place > e.place)",
            dialect.same_episode("later.episode", "e.episode")
        ),
        SnapshotFilter::Any => "failure IS NOT NULL".to_owned(),
        SnapshotFilter::Kind(FailureKind::Generic) => {
            "failure IS NOT NULL AND failure IN (?5, 'root')".to_owned()
        }
        SnapshotFilter::Kind(_) => "failure IS NOT NULL AND failure = ?5".to_owned(),
    };
    let kind = match failing {
        SnapshotFilter::Kind(kind) => Some(kind.as_str()),
        SnapshotFilter::AnyOrNone | SnapshotFilter::Any => None,
    };
    let of_episode = of_episode(episode, dialect, if kind.is_some() { "?6" } else { "?5" });
    let sql = format!(
        "SELECT place, step, episode, root, failure FROM events AS e
         WHERE run_no = ?1 AND (step, place) > (?2, ?3) AND {filter} {of_episode}
         ORDER BY step, place LIMIT ?4"
    );
    let (after_step, after_place) = match after {
        Some((step, seq)) => (step_column(step), place(run_no, seq)),
        None => (-1, 0),
    };
    let mut statement =
        query(AssertSqlSafe(sql)).bind(run_no).bind(after_step).bind(after_place).bind(i64::from(limit));
    if let Some(kind) = kind {
        statement = statement.bind(kind);
    }
    if let Some(column) = episode.column() {
        statement = statement.bind(column);
    }
    let found = statement.all(readers).await.map_err(fault)?;
    // A row that cannot be read is a `gap` of the log, which names it; the list goes on around it.
    Ok(found.iter().filter_map(|row| step_row(row).ok()).collect())
}

/// The condition for an episode, where one is asked for.
fn of_episode(episode: InEpisode<'_>, dialect: Dialect, parameter: &str) -> String {
    match episode.column() {
        Some(_) => format!("AND {}", dialect.same_episode("episode", parameter)),
        None => String::new(),
    }
}

fn step_row(row: &DbRow) -> Result<StepRow, StoreError> {
    let step: i64 = row.try_get("step").map_err(fault)?;
    Ok(StepRow {
        step: u64::try_from(step).map_err(corrupt)?,
        seq: seq_of(row.try_get("place").map_err(fault)?),
        episode: rows::episode(row.try_get("episode").map_err(fault)?)?,
        root: row.try_get("root").map_err(fault)?,
        failure: rows::failure(row.try_get("failure").map_err(fault)?)?,
    })
}
