//! Reading single events rather than stretches of the log.

use gauntlet_model::{EpisodeId, EventId, Record, RunId};
use sqlx::{AssertSqlSafe, Row as _, SqlitePool};

use super::fault::{corrupt, fault};
use super::read::locate;
use super::rows::{RECORD, record};
use crate::StoreError;

/// Which of the ids the log has, with their steps.
pub(crate) async fn find(
    readers: &SqlitePool,
    run: &RunId,
    ids: &[EventId],
) -> Result<Vec<(EventId, Option<u32>)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let hex: Vec<String> =
        ids.iter().map(|id| format!("{:032x}", u128::from_be_bytes(*id.as_bytes()))).collect();
    let found = sqlx::query(
        "SELECT id, step FROM events WHERE run_no = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))",
    )
    .bind(run_no)
    .bind(serde_json::to_string(&hex).unwrap_or_default())
    .fetch_all(readers)
    .await
    .map_err(fault)?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        let id: &[u8] = row.try_get(0).map_err(fault)?;
        let id: [u8; 16] = id.try_into().map_err(|_| corrupt("an event's id is not 16 bytes"))?;
        let step: Option<i64> = row.try_get(1).map_err(fault)?;
        let step = step.map(u32::try_from).transpose().map_err(corrupt)?;
        Ok((EventId::from_u128(u128::from_be_bytes(id)), step))
    };
    found.iter().map(read).collect()
}

/// The highest step of the log.
pub(crate) async fn last_step(readers: &SqlitePool, run: &RunId) -> Result<Option<u32>, StoreError> {
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let sql = "SELECT step FROM events WHERE run_no = ?1 AND step IS NOT NULL ORDER BY step DESC LIMIT 1";
    let last: Option<i64> =
        sqlx::query_scalar(sql).bind(run_no).fetch_optional(readers).await.map_err(fault)?;
    last.map(u32::try_from).transpose().map_err(corrupt)
}

/// The last snapshot of each step of an episode.
pub(crate) async fn nodes(
    readers: &SqlitePool,
    run: &RunId,
    places: &[(u32, EpisodeId)],
) -> Result<Vec<Record>, StoreError> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let sql = format!(
        "SELECT {RECORD} FROM events WHERE place IN (
            SELECT max(e.place) FROM json_each(?2) AS wanted
            JOIN events AS e ON e.run_no = ?1 AND e.step = wanted.value ->> 0
            WHERE e.episode = wanted.value ->> 1 AND e.kind = 'snapshot.scored'
            GROUP BY e.step, e.episode)"
    );
    let found = sqlx::query(AssertSqlSafe(sql))
        .bind(run_no)
        .bind(serde_json::to_string(places).unwrap_or_default())
        .fetch_all(readers)
        .await
        .map_err(fault)?;
    found.iter().map(record).collect()
}
