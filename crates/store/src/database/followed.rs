//! The log as followers read it.

use std::collections::BTreeMap;
use std::ops::Range;

use futures::TryStreamExt;
use gauntlet_follow::{EventAt, EventId, Limits, Log, RunEnd, Stretch};
use gauntlet_model::Kind;

use super::columns::{Column, DbRow};
use super::connection::Pool;
use super::fault::fault;
use super::query::query;
use super::{body, place, seq_of};
use crate::StoreError;

/// The log for followers. They know a run by its number, which is never given to another one.
pub(crate) struct FollowedLog(pub Pool);

/// An event, as its row has it.
pub(crate) struct FollowedEvent {
    pub place: i64,
    pub kind: Kind,
    pub body: String,
}

/// A column of one row.
fn column<'r, T: Column<'r>>(row: &'r DbRow, name: &str) -> Result<T, StoreError> {
    row.try_get(name).map_err(fault)
}

/// The id of a row's event, where it can be read.
fn id_of(row: &DbRow) -> Option<EventId> {
    row.try_get::<&[u8], _>("id").ok()?.try_into().ok()
}

/// The event of a row; `None` where it cannot be read, which the log reports to its readers.
fn event(row: &DbRow, place: i64) -> Option<FollowedEvent> {
    let kind = Kind::from_name(row.try_get("kind").ok()?)?;
    Some(FollowedEvent { place, kind, body: body::of(row, "body").ok()?.into_owned() })
}

impl Log for FollowedLog {
    type Run = i64;
    type Event = FollowedEvent;
    type Error = StoreError;

    async fn ends(&self) -> Result<BTreeMap<i64, RunEnd>, StoreError> {
        let sql = "SELECT r.run_no, p.head, r.edits FROM runs r JOIN progress p USING (run_no)";
        let rows = query(sql).all(&self.0).await.map_err(fault)?;
        let end = |row: &DbRow| {
            let end =
                RunEnd { head: column::<i64>(row, "head")?.unsigned_abs(), edits: column(row, "edits")? };
            Ok((column(row, "run_no")?, end))
        };
        rows.iter().map(end).collect()
    }

    async fn read(
        &self,
        run_no: i64,
        seqs: Range<u64>,
        limits: Limits,
    ) -> Result<Stretch<FollowedEvent>, StoreError> {
        let mut read =
            Stretch { events: Vec::new(), looked_at: 0, bytes: 0, next: seqs.start, last_id: None };
        let sql =
            "SELECT place, id, kind, body FROM events WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3";
        let mut rows = query(sql)
            .bind(place(run_no, seqs.start))
            .bind(place(run_no, seqs.end.saturating_sub(1)))
            .bind(i64::try_from(limits.events).unwrap_or(i64::MAX))
            .rows(&self.0);
        while read.looked_at < limits.events && read.bytes < limits.bytes {
            match rows.try_next().await.map_err(fault) {
                Ok(Some(row)) => {
                    let place = column(&row, "place")?;
                    let event = event(&row, place);
                    (read.next, read.last_id) = (seq_of(place) + 1, id_of(&row));
                    read.bytes += event.as_ref().map_or(0, |event| event.body.len());
                    read.looked_at += 1;
                    read.events.extend(event);
                }
                // The rest is missing: the run is being deleted, or the database is damaged.
                Ok(None) if read.next < seqs.end => {
                    (read.next, read.last_id) = (seqs.end, None);
                    break;
                }
                Ok(None) => break,
                // What is on a damaged page is passed over, event by event.
                Err(StoreError::Corrupt { .. }) => {
                    (read.next, read.last_id) = (read.next + 1, None);
                    read.looked_at += 1;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    async fn event_at(&self, run_no: i64, seq: u64) -> Result<EventAt, StoreError> {
        let sql = "SELECT e.id FROM runs r LEFT JOIN events e ON e.place = ?2 WHERE r.run_no = ?1";
        let found = query(sql).bind(run_no).bind(place(run_no, seq)).first(&self.0).await.map_err(fault)?;
        Ok(match found {
            None => EventAt::NoRun,
            Some(row) => id_of(&row).map_or(EventAt::NoEvent, EventAt::Id),
        })
    }
}
