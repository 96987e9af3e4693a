//! Reading single events rather than stretches of the log.

use gauntlet_model::{EpisodeId, EventId, Record, RunId};
use sqlx::AssertSqlSafe;

use super::columns::DbRow;
use super::connection::Pool;
use super::fault::{corrupt, fault};
use super::kinds::{SCORE_ADDED, SNAPSHOT_SCORED, STEP_RECORDED};
use super::query::query;
use super::read::locate;
use super::rows::{RECORD, record};
use super::value::Value;
use crate::StoreError;

/// Which of the ids the log has, with their steps.
pub(crate) async fn find(
    readers: &Pool,
    run: &RunId,
    ids: &[EventId],
) -> Result<Vec<(EventId, Option<u64>)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let asked = readers.dialect().byte_strings("?2");
    let sql = format!("SELECT id, step FROM events WHERE run_no = ?1 AND id IN {asked}");
    let found =
        query(AssertSqlSafe(sql)).bind(run_no).bind(byte_strings(ids)).all(readers).await.map_err(fault)?;
    let read = |row: &DbRow| {
        let step: Option<i64> = row.try_get("step").map_err(fault)?;
        Ok((event_id(row)?, step.map(u64::try_from).transpose().map_err(corrupt)?))
    };
    found.iter().map(read).collect()
}

/// Which runs' logs have these `episode.started` events; of several runs the one that received it first comes
/// first.
pub(crate) async fn starting(readers: &Pool, ids: &[EventId]) -> Result<Vec<(EventId, RunId)>, StoreError> {
    // The index is named, so that a plan without it, which would read every log, is an error instead.
    let dialect = readers.dialect();
    let sql = format!(
        "SELECT e.id, r.id AS run FROM events AS e {} CROSS JOIN runs AS r
         WHERE e.id IN {} AND e.kind = 'episode.started' AND r.run_no = e.run_no
         ORDER BY e.received_at, e.place",
        dialect.indexed_by("events_starting"),
        dialect.byte_strings("?1")
    );
    let found = query(AssertSqlSafe(sql)).bind(byte_strings(ids)).all(readers).await.map_err(fault)?;
    let read = |row: &DbRow| {
        let run: String = row.try_get("run").map_err(fault)?;
        Ok((event_id(row)?, RunId::new(run).map_err(corrupt)?))
    };
    found.iter().map(read).collect()
}

fn byte_strings(ids: &[EventId]) -> Value {
    Value::ByteStrings(ids.iter().map(|id| id.as_bytes().to_vec()).collect())
}

/// The event id in the column `id`.
fn event_id(row: &DbRow) -> Result<EventId, StoreError> {
    let id: &[u8] = row.try_get("id").map_err(fault)?;
    let id: [u8; 16] = id.try_into().map_err(|_| corrupt("an event's id is not 16 bytes"))?;
    Ok(EventId::from_u128(u128::from_be_bytes(id)))
}

/// The highest step of the log.
pub(crate) async fn last_step(readers: &Pool, run: &RunId) -> Result<Option<u64>, StoreError> {
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let sql = "SELECT step FROM events WHERE run_no = ?1 AND step IS NOT NULL ORDER BY step DESC LIMIT 1";
    let last: Option<i64> = query(sql).bind(run_no).value(readers).await.map_err(fault)?;
    last.map(u64::try_from).transpose().map_err(corrupt)
}

/// What was recorded and scored at these steps of episodes, in the order of the log.
pub(crate) async fn history(
    readers: &Pool,
    run: &RunId,
    places: &[(u64, EpisodeId)],
) -> Result<Vec<Record>, StoreError> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let asked = readers.dialect().asked_nodes("?2");
    let sql = format!(
        "SELECT {RECORD} FROM events WHERE place IN (
            SELECT e.place FROM {asked}
            CROSS JOIN events AS e
            WHERE e.run_no = ?1 AND e.step = asked.step AND e.episode = asked.episode
                AND e.kind IN ({STEP_RECORDED}, {SNAPSHOT_SCORED}, {SCORE_ADDED}))
        ORDER BY place"
    );
    let found = query(AssertSqlSafe(sql))
        .bind(run_no)
        .bind(serde_json::to_string(places).unwrap_or_default())
        .all(readers)
        .await
        .map_err(fault)?;
    found.iter().map(record).collect()
}
