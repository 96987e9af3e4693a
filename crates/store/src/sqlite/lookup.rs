//! Reading single events rather than stretches of the log.

use gauntlet_model::{EpisodeId, EventId, Record, RunId};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqlitePool};

use super::complete::Complete;
use super::fault::{corrupt, fault};
use super::read::locate;
use super::rows::{RECORD, record};
use crate::StoreError;

/// Which of the ids the log has, with their steps.
pub(crate) async fn find(
    readers: &SqlitePool,
    run: &RunId,
    ids: &[EventId],
) -> Result<Vec<(EventId, Option<u64>)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let found = sqlx::query(
        "SELECT id, step FROM events WHERE run_no = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))",
    )
    .bind(run_no)
    .bind(hex_list(ids))
    .all(readers)
    .await
    .map_err(fault)?;
    let read = |row: &SqliteRow| {
        let step: Option<i64> = row.try_get("step").map_err(fault)?;
        Ok((event_id(row)?, step.map(u64::try_from).transpose().map_err(corrupt)?))
    };
    found.iter().map(read).collect()
}

/// Which runs' logs have these `episode.started` events; of several runs the one that received it first comes
/// first.
pub(crate) async fn starting(
    readers: &SqlitePool,
    ids: &[EventId],
) -> Result<Vec<(EventId, RunId)>, StoreError> {
    // The index is named, so that a plan without it, which would read every log, is an error instead.
    let sql = "SELECT e.id, r.id AS run FROM json_each(?1) AS wanted
        CROSS JOIN events AS e INDEXED BY events_starting
            ON e.id = unhex(wanted.value) AND e.kind = 'episode.started'
        JOIN runs AS r ON r.run_no = e.run_no
        ORDER BY e.received_at, e.place";
    let found = sqlx::query(sql).bind(hex_list(ids)).all(readers).await.map_err(fault)?;
    let read = |row: &SqliteRow| {
        let run: String = row.try_get("run").map_err(fault)?;
        Ok((event_id(row)?, RunId::new(run).map_err(corrupt)?))
    };
    found.iter().map(read).collect()
}

/// Ids as a JSON list of hexadecimal digits.
fn hex_list(ids: &[EventId]) -> String {
    let hex: Vec<String> = ids.iter().map(|id| hex::encode(id.as_bytes())).collect();
    serde_json::to_string(&hex).unwrap_or_default()
}

/// The event id in the column `id`.
fn event_id(row: &SqliteRow) -> Result<EventId, StoreError> {
    let id: &[u8] = row.try_get("id").map_err(fault)?;
    let id: [u8; 16] = id.try_into().map_err(|_| corrupt("an event's id is not 16 bytes"))?;
    Ok(EventId::from_u128(u128::from_be_bytes(id)))
}

/// The highest step of the log.
pub(crate) async fn last_step(readers: &SqlitePool, run: &RunId) -> Result<Option<u64>, StoreError> {
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let sql = "SELECT step FROM events WHERE run_no = ?1 AND step IS NOT NULL ORDER BY step DESC LIMIT 1";
    let last: Option<i64> = sqlx::query(sql).bind(run_no).value(readers).await.map_err(fault)?;
    last.map(u64::try_from).transpose().map_err(corrupt)
}

/// What was recorded and scored at these steps of episodes, in the order of the log.
pub(crate) async fn history(
    readers: &SqlitePool,
    run: &RunId,
    places: &[(u64, EpisodeId)],
) -> Result<Vec<Record>, StoreError> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let sql = format!(
        "SELECT {RECORD} FROM events WHERE place IN (
            SELECT e.place FROM json_each(?2) AS wanted
            CROSS JOIN events AS e ON e.run_no = ?1 AND e.step = wanted.value ->> 0
                AND e.episode = wanted.value ->> 1
            WHERE e.kind IN ('step.recorded', 'snapshot.scored', 'score.added'))
        ORDER BY place"
    );
    let found = sqlx::query(AssertSqlSafe(sql))
        .bind(run_no)
        .bind(serde_json::to_string(places).unwrap_or_default())
        .all(readers)
        .await
        .map_err(fault)?;
    found.iter().map(record).collect()
}
