//! What the index is made of: the texts of new events, written in one transaction with how far each run is
//! indexed.

use std::collections::BTreeMap;

use gauntlet_follow::{Cursor, Output, Part};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::batch::{Batch, Entry};
use super::schema;
use crate::StoreError;
use crate::database::connection::Pool;
use crate::database::fault::fault;
use crate::database::followed::FollowedEvent;
use crate::database::query::query;
use crate::database::search::describe;
use crate::database::target::Target;
use crate::database::{DbRow, place, seq_of};
use crate::search::Document;

/// Events of deleted runs that are removed at a time.
const REMOVED_EVENTS: i64 = 4_000;

/// The one writer of the index.
pub(super) struct IndexOutput {
    index: SqliteConnection,
    log: Pool,
}

impl IndexOutput {
    pub(super) fn new(index: SqliteConnection, log: Pool) -> Self {
        Self { index, log }
    }

    /// Closes the index.
    pub(super) async fn close(self) {
        schema::close(self.index).await;
    }
}

impl Output for IndexOutput {
    type Run = i64;
    type Event = FollowedEvent;
    type Error = StoreError;

    async fn cursors(&mut self) -> Result<BTreeMap<i64, Cursor>, StoreError> {
        let sql = "SELECT run_no, next, last_id, edits FROM cursors";
        let rows = query(sql).all(&mut self.index).await.map_err(fault)?;
        let cursor = |row: &DbRow| {
            let next: i64 = row.try_get("next")?;
            let last_id: &[u8] = row.try_get("last_id")?;
            let last_id = last_id.try_into().ok();
            let cursor = Cursor { next: next.unsigned_abs(), last_id, edits: row.try_get("edits")? };
            Ok((row.try_get("run_no")?, cursor))
        };
        rows.iter().map(cursor).collect::<Result<_, sqlx::Error>>().map_err(fault)
    }

    async fn commit(&mut self, parts: Vec<Part<i64, FollowedEvent>>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for part in parts {
            if part.is_edited {
                let Some(document) = describe(&self.log, part.run).await? else { continue };
                // The run's own document is indexed at its first event.
                batch.add(Entry { place: place(part.run, 0), document, replaces: part.from > 0 });
            }
            for FollowedEvent { place, kind, body } in part.events {
                if seq_of(place) > 0 {
                    batch.add(Entry { place, document: Document::of_event(kind, &body), replaces: false });
                }
            }
            batch.advance(part.run, part.cursor);
        }
        batch.write(&mut self.index).await
    }

    async fn remove(&mut self, run_no: i64) -> Result<bool, StoreError> {
        let mut transaction = self.index.begin().await.map_err(fault)?;
        let removed = query(
            "DELETE FROM texts WHERE rowid IN
                (SELECT rowid FROM texts WHERE rowid BETWEEN ?1 AND ?2 LIMIT ?3)",
        )
        .bind(place(run_no, 0))
        .bind(place(run_no, u64::MAX))
        .bind(REMOVED_EVENTS)
        .execute(Target::Sqlite(&mut transaction))
        .await
        .map_err(fault)?;
        let is_last = removed == 0;
        if is_last {
            let forget = query("DELETE FROM cursors WHERE run_no = ?1").bind(run_no);
            forget.execute(Target::Sqlite(&mut transaction)).await.map_err(fault)?;
        }
        transaction.commit().await.map_err(fault)?;
        Ok(is_last)
    }

    fn is_broken(error: &StoreError) -> bool {
        matches!(error, StoreError::Corrupt { .. })
    }
}
