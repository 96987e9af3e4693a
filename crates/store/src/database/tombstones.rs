//! Deleted runs: what is sent for one is refused, so that it does not come back with its later steps only.

use gauntlet_model::RunId;

use super::connection::Pool;
use super::fault::{TxnError, fault};
use super::group::Group;
use super::query::query;
use super::step_column;
use crate::StoreError;

impl Group<'_> {
    /// Remembers that the run was deleted. `last_step`: the greatest step that was scored.
    pub(super) async fn add_tombstone(
        &mut self,
        run: &RunId,
        last_step: Option<u64>,
        at: i64,
    ) -> Result<(), TxnError> {
        query(
            "INSERT INTO tombstones (id, deleted_at, last_step) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET deleted_at = excluded.deleted_at, last_step = excluded.last_step",
        )
        .bind(run.as_str())
        .bind(at)
        .bind(last_step.map(step_column))
        .execute(&mut *self.db)
        .await?;
        Ok(())
    }

    /// Forgets that a run of that id was deleted: it is created again.
    pub(super) async fn remove_tombstone(&mut self, run: &RunId) -> Result<(), TxnError> {
        let forget = query("DELETE FROM tombstones WHERE id = ?1").bind(run.as_str());
        forget.execute(&mut *self.db).await?;
        Ok(())
    }

    /// The greatest scored step of a deleted run; `None` where none of that id was deleted.
    pub(super) async fn tombstone(&mut self, run: &RunId) -> Result<Option<Option<i64>>, TxnError> {
        let found = query("SELECT last_step FROM tombstones WHERE id = ?1").bind(run.as_str());
        Ok(found.value(&mut *self.db).await?)
    }

    /// Why there is no such run: it was deleted, or it never was.
    pub(super) async fn absent(&mut self, run: &RunId) -> Result<StoreError, TxnError> {
        Ok(match self.tombstone(run).await? {
            Some(_) => StoreError::gone(run),
            None => StoreError::no_run(run),
        })
    }
}

/// Whether a run of that id was deleted and not created since.
pub(crate) async fn is_gone(readers: &Pool, run: &RunId) -> Result<bool, StoreError> {
    query("SELECT EXISTS (SELECT 1 FROM tombstones WHERE id = ?1)")
        .bind(run.as_str())
        .only(readers)
        .await
        .map_err(fault)
}
