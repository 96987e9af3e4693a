//! Deleted runs: what is sent for one is refused, so that it does not come back with its later steps only.

use gauntlet_model::RunId;
use sqlx::sqlite::SqlitePool;

use super::complete::Complete;
use super::fault::{TxnError, fault};
use super::group::Group;
use super::step_column;
use crate::StoreError;

impl Group<'_> {
    /// Remembers that the run was deleted. `last_step`: the greatest step that was scored.
    pub(super) async fn bury(
        &mut self,
        run: &RunId,
        last_step: Option<u64>,
        at: i64,
    ) -> Result<(), TxnError> {
        sqlx::query("INSERT OR REPLACE INTO tombstones (id, deleted_at, last_step) VALUES (?1, ?2, ?3)")
            .bind(run.as_str())
            .bind(at)
            .bind(last_step.map(step_column))
            .execute(&mut *self.db)
            .await?;
        Ok(())
    }

    /// Forgets that a run of that id was deleted: it is created anew.
    pub(super) async fn unbury(&mut self, run: &RunId) -> Result<(), TxnError> {
        let forget = sqlx::query("DELETE FROM tombstones WHERE id = ?1").bind(run.as_str());
        forget.execute(&mut *self.db).await?;
        Ok(())
    }

    /// The greatest scored step of a deleted run; `None` where none of that id was deleted.
    pub(super) async fn buried(&mut self, run: &RunId) -> Result<Option<Option<i64>>, TxnError> {
        let found = sqlx::query("SELECT last_step FROM tombstones WHERE id = ?1").bind(run.as_str());
        Ok(found.value(&mut *self.db).await?)
    }

    /// Why there is no such run: it was deleted, or it never was.
    pub(super) async fn absent(&mut self, run: &RunId) -> Result<StoreError, TxnError> {
        Ok(match self.buried(run).await? {
            Some(_) => StoreError::gone(run),
            None => StoreError::no_run(run),
        })
    }
}

/// Whether a run of that id was deleted and not created since.
pub(crate) async fn is_gone(readers: &SqlitePool, run: &RunId) -> Result<bool, StoreError> {
    sqlx::query("SELECT EXISTS (SELECT 1 FROM tombstones WHERE id = ?1)")
        .bind(run.as_str())
        .only(readers)
        .await
        .map_err(fault)
}
