//! Reading one episode.

use std::ops::Range;

use gauntlet_model::{EpisodeId, Record, RunId};
use sqlx::AssertSqlSafe;

use super::connection::Pool;
use super::fault::fault;
use super::kinds::SNAPSHOT_SCORED;
use super::query::query;
use super::read::locate;
use super::rows::{RECORD, record};
use super::value::Value;
use super::{MAX_SEQ, place};
use crate::{Excerpt, StoreError};

/// Both ends of what happened in an episode.
pub(crate) async fn excerpt(
    readers: &Pool,
    run: &RunId,
    episode: &EpisodeId,
    seqs: Range<u64>,
    (first, last): (u32, u32),
) -> Result<Excerpt, StoreError> {
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    // From the index alone. Its own condition is repeated: else SQLite may not use it.
    let index = readers.dialect().indexed_by("events_of_episode");
    let places: Vec<i64> = query(AssertSqlSafe(format!(
        "SELECT place FROM events {index}
         WHERE run_no = ?1 AND episode = ?2 AND kind <> {SNAPSHOT_SCORED} AND place >= ?3 AND place < ?4
         ORDER BY place"
    )))
    .bind(run_no)
    .bind(episode.as_str())
    .bind(place(run_no, seqs.start.min(MAX_SEQ)))
    .bind(place(run_no, seqs.end.min(MAX_SEQ)))
    .values(readers)
    .await
    .map_err(fault)?;
    let begins = places.len().min(first as usize);
    let ends = places.len().saturating_sub(last as usize).max(begins);
    Ok(Excerpt {
        first: at(readers, &places[..begins]).await?,
        skipped: (ends - begins) as u64,
        last: at(readers, &places[ends..]).await?,
    })
}

/// The records at these places, in order.
async fn at(readers: &Pool, places: &[i64]) -> Result<Vec<Record>, StoreError> {
    let asked = readers.dialect().elements("?1");
    let sql = format!("SELECT {RECORD} FROM events WHERE place IN {asked} ORDER BY place");
    let found =
        query(AssertSqlSafe(sql)).bind(Value::Integers(places.to_vec())).all(readers).await.map_err(fault)?;
    found.iter().map(record).collect()
}
