//! Follows the log and keeps the index: reads what came after its cursors, writes texts and cursors in one
//! transaction, and begins again. Whenever it is stopped, it goes on from its cursors: nothing is missing,
//! nothing is there twice.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use gauntlet_model::Kind;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Connection, Row as _};

use super::batch::{Batch, Entry};
use super::document::Document;
use super::rows::{described, log_fault};
use super::schema;
use crate::StoreError;
use crate::sqlite::Complete;
use crate::sqlite::{fault, place, seq_of};

/// Events a batch indexes at most.
const BATCH_EVENTS: usize = 2_000;
/// Bytes of text after which a batch is full.
const BATCH_BYTES: usize = 4 << 20;
/// Events of deleted runs a batch removes at most.
const REMOVED_EVENTS: i64 = 4_000;

/// How far one run is indexed.
#[derive(Debug, Clone, Copy)]
struct Followed {
    next: u64,
    edits: i64,
}

/// Where one run's log ends, and how often its description was edited.
#[derive(Debug, Clone, Copy)]
struct LogEnd {
    head: u64,
    edits: i64,
}

/// What came of one look at the log.
pub(super) enum Step {
    /// The index holds everything.
    Done,
    /// Something was indexed or removed; there may be more.
    More,
}

/// The one writer of the index.
pub(super) struct Follower {
    index: SqliteConnection,
    log: SqlitePool,
    followed: BTreeMap<i64, Followed>,
    /// Events in all logs at the last look.
    pub seen: u64,
}

/// Whether this is the index of this log: not where the log was replaced by another, or by an older copy of
/// itself. Of each run the last event indexed is compared.
pub(super) async fn belongs(index: &mut SqliteConnection, log: &SqlitePool) -> Result<bool, StoreError> {
    let rows = sqlx::query("SELECT run_no, next, last_id FROM cursors").all(index).await.map_err(fault)?;
    for row in &rows {
        let run_no: i64 = row.try_get(0).map_err(fault)?;
        let next = row.try_get::<i64, _>(1).map_err(fault)?.unsigned_abs();
        let last_id: &[u8] = row.try_get(2).map_err(fault)?;
        if last_id.is_empty() {
            // The last event could not be read, so it says nothing.
            continue;
        }
        let stored =
            sqlx::query("SELECT e.id FROM runs r LEFT JOIN events e ON e.place = ?2 WHERE r.run_no = ?1")
                .bind(run_no)
                .bind(place(run_no, next.saturating_sub(1)))
                .first(log)
                .await
                .map_err(log_fault)?;
        // A run that is gone was deleted; its number is never given again.
        let Some(stored) = stored else { continue };
        if stored.try_get::<Option<&[u8]>, _>(0).map_err(log_fault)? != Some(last_id) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Follower {
    /// Takes up where the index was left.
    pub async fn new(mut index: SqliteConnection, log: SqlitePool) -> Result<Self, StoreError> {
        let rows =
            sqlx::query("SELECT run_no, next, edits FROM cursors").all(&mut index).await.map_err(fault)?;
        let mut followed = BTreeMap::new();
        for row in &rows {
            let next = row.try_get::<i64, _>(1).map_err(fault)?.unsigned_abs();
            let edits = row.try_get(2).map_err(fault)?;
            followed.insert(row.try_get(0).map_err(fault)?, Followed { next, edits });
        }
        Ok(Self { index, log, followed, seen: 0 })
    }

    /// Closes the index.
    pub async fn close(self) {
        schema::close(self.index).await;
    }

    /// Looks at the log and does one batch of what is new in it.
    pub async fn step(&mut self) -> Result<Step, StoreError> {
        let heads = self.survey().await?;
        if let Some(gone) = self.followed.keys().copied().find(|run_no| !heads.contains_key(run_no)) {
            self.remove(gone).await?;
            return Ok(Step::More);
        }
        let mut batch = Batch::default();
        for (run_no, log_end) in &heads {
            if batch.events >= BATCH_EVENTS || batch.bytes >= BATCH_BYTES {
                break;
            }
            let known = self.followed.get(run_no).copied();
            self.gather(&mut batch, *run_no, known, *log_end).await?;
        }
        if batch.cursors.is_empty() {
            return Ok(Step::Done);
        }
        batch.write(&mut self.index).await?;
        for cursor in batch.cursors {
            self.followed.insert(cursor.run_no, Followed { next: cursor.next, edits: cursor.edits });
        }
        Ok(Step::More)
    }

    async fn survey(&mut self) -> Result<BTreeMap<i64, LogEnd>, StoreError> {
        let rows = sqlx::query("SELECT r.run_no, p.head, r.edits FROM runs r JOIN progress p USING (run_no)")
            .all(&self.log)
            .await
            .map_err(log_fault)?;
        let mut heads = BTreeMap::new();
        for row in &rows {
            let head = row.try_get::<i64, _>(1).map_err(log_fault)?.unsigned_abs();
            let edits = row.try_get(2).map_err(log_fault)?;
            heads.insert(row.try_get(0).map_err(log_fault)?, LogEnd { head, edits });
        }
        self.seen = heads.values().map(|s| s.head).sum();
        Ok(heads)
    }

    /// Adds to the batch what is new in one run.
    async fn gather(
        &self,
        batch: &mut Batch,
        run_no: i64,
        known: Option<Followed>,
        log_end: LogEnd,
    ) -> Result<(), StoreError> {
        let from = known.map_or(0, |f| f.next);
        // The run's own document is indexed at its first event.
        let describe = log_end.head > 0 && known.is_none_or(|f| f.edits != log_end.edits);
        if describe {
            let Some(document) = self.describe(run_no).await? else { return Ok(()) };
            batch.add(Entry { place: place(run_no, 0), document, replaces: from > 0 });
        }
        let mut next = from;
        let mut last_id = None;
        if from < log_end.head {
            let sql = "SELECT place, id, kind, body FROM events WHERE place BETWEEN ?1 AND ?2
                ORDER BY place LIMIT ?3";
            let mut rows = sqlx::query(sql)
                .bind(place(run_no, from))
                .bind(place(run_no, log_end.head - 1))
                .bind(BATCH_EVENTS as i64)
                .rows(&self.log);
            loop {
                let row = match rows.try_next().await {
                    Ok(Some(row)) => row,
                    Ok(None) => {
                        if next < log_end.head {
                            (next, last_id) = (log_end.head, Some(Vec::new()));
                        }
                        break;
                    }
                    // What lies on a damaged page of the log is passed over, event by event.
                    Err(error) => match fault(error) {
                        StoreError::Corrupt(_) => {
                            next += 1;
                            last_id = Some(Vec::new());
                            batch.events += 1;
                            break;
                        }
                        other => return Err(other),
                    },
                };
                let at: i64 = row.try_get(0).map_err(log_fault)?;
                // What cannot be read has no texts: the index goes on behind it.
                let kind: &str = row.try_get(2).unwrap_or_default();
                let seq = seq_of(at);
                if seq > 0 {
                    let document = match Kind::from_name(kind) {
                        Some(kind) => Document::of_event(kind, row.try_get(3).unwrap_or_default()),
                        None => Document::default(),
                    };
                    batch.add(Entry { place: at, document, replaces: false });
                }
                next = seq + 1;
                last_id = Some(row.try_get::<Vec<u8>, _>(1).unwrap_or_default());
                batch.events += 1;
                if batch.events >= BATCH_EVENTS || batch.bytes >= BATCH_BYTES {
                    break;
                }
            }
        }
        if describe || last_id.is_some() {
            batch.advance(run_no, next, last_id, log_end.edits);
        }
        Ok(())
    }

    /// The run as people described it; `None` where it was deleted meanwhile.
    async fn describe(&self, run_no: i64) -> Result<Option<Document>, StoreError> {
        let row = sqlx::query(
            "SELECT id, name, project, kind, agent, task, tags, notes, config, metadata FROM runs
                WHERE run_no = ?1",
        )
        .bind(run_no)
        .first(&self.log)
        .await
        .map_err(log_fault)?;
        row.map(|row| described(&row, 0)).transpose()
    }

    /// Removes some events of a run that is gone; the last time, its cursor with them.
    async fn remove(&mut self, run_no: i64) -> Result<(), StoreError> {
        let mut transaction = self.index.begin().await.map_err(fault)?;
        let removed = sqlx::query(
            "DELETE FROM texts WHERE rowid IN
                (SELECT rowid FROM texts WHERE rowid BETWEEN ?1 AND ?2 LIMIT ?3)",
        )
        .bind(place(run_no, 0))
        .bind(place(run_no, u64::MAX))
        .bind(REMOVED_EVENTS)
        .execute(&mut *transaction)
        .await
        .map_err(fault)?;
        let is_last = removed.rows_affected() == 0;
        if is_last {
            let forget = sqlx::query("DELETE FROM cursors WHERE run_no = ?1").bind(run_no);
            forget.execute(&mut *transaction).await.map_err(fault)?;
        }
        transaction.commit().await.map_err(fault)?;
        if is_last {
            self.followed.remove(&run_no);
        }
        Ok(())
    }
}
