//! Reading the log: what came after a sequence number, and how far it goes.

use futures::TryStreamExt;
use gauntlet_model::{Kind, Record, RunId};
use sqlx::AssertSqlSafe;

use super::connection::Pool;
use super::dialect::Dialect;
use super::fault::fault;
use super::kinds::RARE_KINDS;
use super::query::{Query, query};
use super::rows::{RECORD, record, unchecked, unreadable};
use super::value::Value;
use super::{MAX_SEQ, place};
use crate::log_store::ReadQuery;
use crate::{InEpisode, Slice, StoreError};

/// Events read one by one at a time, where the database is damaged.
const ONE_BY_ONE: u64 = 256;

/// Whether a kind makes up most of a log: the index of rare kinds leaves it out.
fn is_common(kind: Kind) -> bool {
    matches!(kind, Kind::SnapshotScored | Kind::StepRecorded)
}

/// The run's number and head.
pub(super) async fn locate(readers: &Pool, run: &RunId) -> Result<Option<(i64, u64)>, StoreError> {
    let found = query("SELECT r.run_no, p.head FROM runs r JOIN progress p USING (run_no) WHERE r.id = ?1")
        .bind(run.as_str())
        .first(readers)
        .await
        .map_err(fault)?;
    let Some(row) = found else { return Ok(None) };
    let head: i64 = row.try_get("head").map_err(fault)?;
    Ok(Some((row.try_get("run_no").map_err(fault)?, head.unsigned_abs())))
}

/// Events in the run's log; `None` where there is no such run.
pub(crate) async fn head(readers: &Pool, run: &RunId) -> Result<Option<u64>, StoreError> {
    Ok(locate(readers, run).await?.map(|(_, head)| head))
}

/// At most `limit` events past `after`, of the kinds asked for; ends early once bodies are `max_bytes`
/// long.
pub(crate) async fn read(readers: &Pool, asked: ReadQuery<'_>) -> Result<Slice, StoreError> {
    let ReadQuery { run, after, limit, kinds, episode, max_bytes, is_checked } = asked;
    let (run_no, head) = locate(readers, run).await?.ok_or_else(|| StoreError::no_run(run))?;
    let from = after.map_or(0, |seq| seq.saturating_add(1));
    if from >= head || limit == 0 {
        return Ok(Slice { records: Vec::new(), head, next_after: after });
    }
    // The head read above is the end: what is committed in between belongs to the next slice.
    let last = head - 1;
    let statement =
        statement(readers.dialect(), &asked, place(run_no, from.min(MAX_SEQ)), place(run_no, last));
    let mut stretch = Stretch {
        run_no,
        next: from,
        limit,
        max_bytes,
        is_dense: kinds.is_none() && episode == InEpisode::Any,
        ..Stretch::default()
    };
    let read = stretch.read(readers, statement, is_checked).await;
    match read {
        Ok(is_end) => {
            if is_end {
                stretch.fill(last + 1);
            }
            if stretch.has_filled {
                // The rows of a run that is being deleted are not gaps.
                check_exists(readers, run, run_no).await?;
            }
            let next_after = if is_end && !stretch.is_full() { last } else { stretch.next.saturating_sub(1) };
            Ok(Slice { records: stretch.records, head, next_after: Some(next_after) })
        }
        Err(StoreError::Corrupt { .. }) => one_by_one(readers, run_no, stretch, head, (kinds, episode)).await,
        Err(error) => Err(error),
    }
}

/// The statement that reads what is asked for between two places of the log, both included.
fn statement(dialect: Dialect, asked: &ReadQuery<'_>, from: i64, last: i64) -> Query {
    let (index, is_rare) = match asked.kinds {
        None => (String::new(), String::new()),
        Some(kinds) if kinds.iter().copied().any(is_common) => (String::new(), String::new()),
        Some(_) => (dialect.indexed_by("events_rare"), format!("AND {RARE_KINDS}")),
    };
    let mut sql = format!("SELECT {RECORD} FROM events {index} WHERE place BETWEEN ?1 AND ?2 {is_rare}");
    let names: Option<Vec<String>> =
        asked.kinds.map(|kinds| kinds.iter().map(|k| k.as_str().to_owned()).collect());
    if names.is_some() {
        sql.push_str(&format!(" AND kind IN {}", dialect.elements("?4")));
    }
    let episode = asked.episode.column();
    if episode.is_some() {
        let parameter = if names.is_some() { "?5" } else { "?4" };
        sql.push_str(&format!(" AND {}", dialect.same_episode("episode", parameter)));
    }
    sql.push_str(" ORDER BY place LIMIT ?3");
    let mut statement = query(AssertSqlSafe(sql)).bind(from).bind(last).bind(i64::from(asked.limit));
    if let Some(names) = names {
        statement = statement.bind(Value::Texts(names));
    }
    if let Some(column) = episode {
        statement = statement.bind(column);
    }
    statement
}

/// A slice that is being read.
#[derive(Default)]
struct Stretch {
    run_no: i64,
    /// The sequence number that comes next.
    next: u64,
    limit: u32,
    /// Bytes of bodies after which it ends early.
    max_bytes: usize,
    /// Whether every event of the log is asked for, so that none may be missing.
    is_dense: bool,
    records: Vec<Record>,
    bytes: usize,
    /// Whether an event was missing.
    has_filled: bool,
}

impl Stretch {
    /// Takes rows until the slice is full. Whether it took all that there are.
    async fn read(&mut self, readers: &Pool, statement: Query, is_checked: bool) -> Result<bool, StoreError> {
        let mut rows = statement.rows(readers);
        while !self.is_full() {
            match rows.try_next().await.map_err(fault)? {
                Some(row) if is_checked => self.push(record(&row)?),
                Some(row) => self.push(unchecked(&row)?),
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    fn push(&mut self, record: Record) {
        self.fill(record.seq);
        if self.is_full() {
            return;
        }
        self.next = record.seq + 1;
        self.bytes += record.body.len();
        self.records.push(record);
    }

    /// Puts a `gap` in the place of every event before `seq` that is not there.
    fn fill(&mut self, seq: u64) {
        while self.is_dense && self.next < seq && !self.is_full() {
            let place = place(self.run_no, self.next);
            self.records.push(unreadable(place, None, &"it is missing in the database"));
            self.next += 1;
            self.has_filled = true;
        }
    }

    fn is_full(&self) -> bool {
        self.records.len() as u64 >= u64::from(self.limit) || self.bytes >= self.max_bytes
    }
}

/// Fails where the run was deleted, or is another one by now.
async fn check_exists(readers: &Pool, run: &RunId, run_no: i64) -> Result<(), StoreError> {
    match locate(readers, run).await? {
        Some((found, _)) if found == run_no => Ok(()),
        _ => Err(StoreError::no_run(run)),
    }
}

/// Goes on event by event where the database cannot read a stretch of them: what is on a damaged page is a
/// `gap`, what is around it is read.
async fn one_by_one(
    readers: &Pool,
    run_no: i64,
    mut stretch: Stretch,
    head: u64,
    (kinds, episode): (Option<&[Kind]>, InEpisode<'_>),
) -> Result<Slice, StoreError> {
    let end = head.min(stretch.next + ONE_BY_ONE);
    let sql = format!("SELECT {RECORD} FROM events WHERE place = ?1");
    while stretch.next < end && !stretch.is_full() {
        let at = place(run_no, stretch.next);
        let row = query(AssertSqlSafe(sql.clone())).bind(at).first(readers).await;
        let found = match row.map_err(fault) {
            Ok(Some(row)) => record(&row)?,
            Ok(None) => unreadable(at, None, &"it is missing in the database"),
            Err(StoreError::Corrupt { message, .. }) => unreadable(at, None, &message),
            Err(error) => return Err(error),
        };
        let is_of_kind = kinds.is_none_or(|kinds| kinds.contains(&found.kind));
        let is_of_episode = match episode {
            InEpisode::Any => true,
            InEpisode::Without => found.episode.is_none(),
            InEpisode::Only(episode) => found.episode.as_ref() == Some(episode),
        };
        let is_wanted = found.kind == Kind::Gap || (is_of_kind && is_of_episode);
        if is_wanted {
            stretch.push(found);
        } else {
            stretch.next += 1;
        }
    }
    let next_after = Some(stretch.next.saturating_sub(1));
    Ok(Slice { records: stretch.records, head, next_after })
}
