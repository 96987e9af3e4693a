//! Reading by step rather than by sequence number.

use std::collections::HashMap;

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
use super::value::Value;
use super::{place, seq_of, step_column};
use crate::log_store::{StepCountsQuery, StepEventsQuery, StepPartQuery, StepQuery};
use crate::{InEpisode, SnapshotFilter, StepCounts, StepEvents, StepPart, StepPlace, StepRow, StoreError};

/// Events whose bodies are read at a time, at least and at most: a part ends by their bytes.
const AT_ONCE: (usize, usize) = (16, 512);

/// A part of the events of one step. Their places are found first, as only those may be many: sorting whole
/// events would take the memory of all of them.
pub(crate) async fn step_part(readers: &Pool, asked: StepPartQuery<'_>) -> Result<StepPart, StoreError> {
    let (run_no, _) = locate(readers, asked.run).await?.ok_or_else(|| StoreError::no_run(asked.run))?;
    let places = part_places(readers, run_no, &asked).await?;
    let mut part =
        StepPart { begins: places.first().map(|(begins, _)| seq_of(*begins)), ..StepPart::default() };
    let taken: Vec<i64> = places.iter().take(asked.limit as usize).map(|(_, place)| *place).collect();
    let (events, done) = in_order(readers, &taken, asked.max_bytes).await?;
    part.events = events;
    let last = done.checked_sub(1).and_then(|last| places.get(last)).filter(|_| done < places.len());
    part.next = last.map(|(begins, place)| StepPlace { episode: seq_of(*begins), seq: seq_of(*place) });
    Ok(part)
}

/// The events at sequence numbers, in that order, as far as `max_bytes` of bodies go, the last one included;
/// with how many of the numbers were read. One that is missing is passed over.
pub(crate) async fn at_seqs(
    readers: &Pool,
    run: &RunId,
    seqs: &[u64],
    max_bytes: usize,
) -> Result<(Vec<Record>, usize), StoreError> {
    let (run_no, _) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let places: Vec<i64> = seqs.iter().map(|seq| place(run_no, *seq)).collect();
    in_order(readers, &places, max_bytes).await
}

async fn in_order(
    readers: &Pool,
    places: &[i64],
    max_bytes: usize,
) -> Result<(Vec<Record>, usize), StoreError> {
    let sql = format!("SELECT {RECORD} FROM events WHERE {}", readers.dialect().is_one_of("place", "?1"));
    let (mut events, mut bytes, mut done) = (Vec::new(), 0, 0);
    while done < places.len() && bytes < max_bytes {
        let each = bytes.checked_div(done).map_or(max_bytes, |each| each.max(1));
        let some = places.iter().skip(done).take(((max_bytes - bytes) / each).clamp(AT_ONCE.0, AT_ONCE.1));
        let some: Vec<i64> = some.copied().collect();
        let found = query(AssertSqlSafe(sql.clone())).bind(Value::Integers(some.clone()));
        let found = found.all(readers).await.map_err(fault)?;
        let found = found.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        let mut by_seq: HashMap<u64, Record> = found.into_iter().map(|record| (record.seq, record)).collect();
        for place in some {
            done += 1;
            // One that is missing belongs to a run that is being deleted.
            let Some(record) = by_seq.remove(&seq_of(place)) else { continue };
            bytes += record.body.len();
            events.push(record);
            if bytes >= max_bytes {
                break;
            }
        }
    }
    Ok((events, done))
}

/// The place of the first event of the episode and of the event, for one event more than were asked for.
async fn part_places(
    readers: &Pool,
    run_no: i64,
    asked: &StepPartQuery<'_>,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let of_episode = of_episode(asked.episode, readers.dialect(), "?6");
    let sql = format!(
        "SELECT begins, place FROM (
            SELECT place, min(place) OVER (PARTITION BY episode) AS begins FROM events
            WHERE run_no = ?1 AND step = ?2 {of_episode}
         ) AS ordered WHERE (begins, place) > (?3, ?4) ORDER BY begins, place LIMIT ?5"
    );
    let after = asked.after.map(|after| (place(run_no, after.episode), place(run_no, after.seq)));
    let (begins, behind) = after.unwrap_or((-1, -1));
    let mut query = query(AssertSqlSafe(sql)).bind(run_no).bind(step_column(asked.step)).bind(begins);
    query = query.bind(behind).bind(i64::from(asked.limit) + 1);
    if let Some(column) = asked.episode.column() {
        query = query.bind(column);
    }
    let rows = query.all(readers).await.map_err(fault)?;
    let number = |row: &DbRow, name| row.try_get::<i64, _>(name).map_err(fault);
    rows.iter().map(|row| Ok((number(row, "begins")?, number(row, "place")?))).collect()
}

/// How many events a step has, and of which episodes: at most `limit`, from the one on whose first event has
/// the sequence number `begins`.
pub(crate) async fn step_counts(
    readers: &Pool,
    asked: StepCountsQuery<'_>,
) -> Result<StepCounts, StoreError> {
    let (run_no, _) = locate(readers, asked.run).await?.ok_or_else(|| StoreError::no_run(asked.run))?;
    let of_episode = of_episode(asked.episode, readers.dialect(), "?5");
    // The counts stand in each row, as there is a row wherever there is an event.
    let sql = format!(
        "SELECT episode, events, total, episodes FROM (
            SELECT episode, min(place) AS begins, count(*) AS events,
                CAST(sum(count(*)) OVER () AS BIGINT) AS total, count(*) OVER () AS episodes
            FROM events WHERE run_no = ?1 AND step = ?2 {of_episode} GROUP BY episode
         ) AS of_step WHERE begins >= ?3 ORDER BY begins LIMIT ?4"
    );
    let query = query(AssertSqlSafe(sql)).bind(run_no).bind(step_column(asked.step));
    let mut query = query.bind(place(run_no, asked.begins)).bind(i64::from(asked.limit));
    if let Some(column) = asked.episode.column() {
        query = query.bind(column);
    }
    let rows = query.all(readers).await.map_err(fault)?;
    let count = |row: &DbRow, name| row.try_get::<i64, _>(name).map(i64::unsigned_abs).map_err(fault);
    let mut counts = StepCounts::default();
    for row in &rows {
        (counts.events, counts.episodes) = (count(row, "total")?, count(row, "episodes")?);
        let episode = rows::episode(row.try_get("episode").map_err(fault)?)?;
        counts.listed.push((episode, count(row, "events")?));
    }
    Ok(counts)
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
