//! Reading the log: what came after a sequence number, and how far it goes.

use futures::TryStreamExt;
use gauntlet_model::{Kind, RunId};
use sqlx::{AssertSqlSafe, Row as _, SqlitePool};

use super::fault::fault;
use super::rows::{RECORD, record};
use super::{MAX_SEQ, place};
use crate::{Slice, StoreError};

/// Keeps the kinds asked for.
const OF_KINDS: &str = "AND kind IN (SELECT value FROM json_each(?4))";
/// The same where none of them is common.
const RARE_KINDS: &str =
    "AND kind IN (SELECT value FROM json_each(?4)) AND kind NOT IN ('snapshot.scored', 'step.recorded')";

/// Whether a kind makes up most of a log: the index of rare kinds leaves it out.
fn is_common(kind: Kind) -> bool {
    matches!(kind, Kind::SnapshotScored | Kind::StepRecorded)
}

/// The run's number and head.
pub(super) async fn locate(readers: &SqlitePool, run: &RunId) -> Result<Option<(i64, u64)>, StoreError> {
    let found =
        sqlx::query("SELECT r.run_no, p.head FROM runs r JOIN progress p USING (run_no) WHERE r.id = ?1")
            .bind(run.as_str())
            .fetch_optional(readers)
            .await
            .map_err(fault)?;
    let Some(row) = found else { return Ok(None) };
    let head: i64 = row.try_get(1).map_err(fault)?;
    Ok(Some((row.try_get(0).map_err(fault)?, head.unsigned_abs())))
}

/// Events in the run's log; `None` where there is no such run.
pub(crate) async fn head(readers: &SqlitePool, run: &RunId) -> Result<Option<u64>, StoreError> {
    Ok(locate(readers, run).await?.map(|(_, head)| head))
}

/// At most `limit` events behind `after`, of the kinds asked for; ends early once bodies are `most_bytes` long.
pub(crate) async fn read(
    readers: &SqlitePool,
    run: &RunId,
    after: Option<u64>,
    limit: u32,
    kinds: Option<&[Kind]>,
    most_bytes: usize,
) -> Result<Slice, StoreError> {
    let (run_no, head) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let from = after.map_or(0, |seq| seq.saturating_add(1));
    if from >= head || limit == 0 {
        return Ok(Slice { records: Vec::new(), head, next_after: after });
    }
    // The head read above is the end: what is committed in between belongs to the next slice.
    let last = head - 1;
    let (table, filter) = match kinds {
        None => ("events", ""),
        Some(kinds) if kinds.iter().copied().any(is_common) => ("events", OF_KINDS),
        // The index's own condition is said again, word for word: else SQLite may not use it.
        Some(_) => ("events INDEXED BY events_rare", RARE_KINDS),
    };
    let sql = format!(
        "SELECT {RECORD} FROM {table} WHERE place BETWEEN ?1 AND ?2 {filter} ORDER BY place LIMIT ?3"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(place(run_no, from.min(MAX_SEQ)))
        .bind(place(run_no, last))
        .bind(i64::from(limit));
    if let Some(kinds) = kinds {
        let names: Vec<&str> = kinds.iter().map(|k| k.as_str()).collect();
        query = query.bind(serde_json::to_string(&names).unwrap_or_default());
    }
    let mut records = Vec::new();
    let mut bytes = 0;
    {
        let mut rows = query.fetch(readers);
        while let Some(row) = rows.try_next().await.map_err(fault)? {
            let record = record(&row)?;
            bytes += record.body.len();
            records.push(record);
            if bytes >= most_bytes {
                break;
            }
        }
    }
    let ended_early = records.len() as u64 == u64::from(limit) || bytes >= most_bytes;
    let next_after = match records.last() {
        Some(record) if ended_early => Some(record.seq),
        _ => Some(last),
    };
    Ok(Slice { records, head, next_after })
}

/// A sealed film chunk, if it was kept.
pub(crate) async fn chunk(
    readers: &SqlitePool,
    run: &RunId,
    level: u8,
    chunk: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Ok(chunk) = i64::try_from(chunk) else { return Ok(None) };
    sqlx::query_scalar(
        "SELECT c.bytes FROM chunks c JOIN runs r USING (run_no) WHERE r.id = ?1 AND c.level = ?2 AND c.chunk = ?3",
    )
    .bind(run.as_str())
    .bind(i64::from(level))
    .bind(chunk)
    .fetch_optional(readers)
    .await
    .map_err(fault)
}
