//! Requests about commands: to issue one, to acknowledge one, to take the oldest.

use std::sync::Arc;

use gauntlet_model::{CommandApplied, RunId, Timestamp};

use super::body;
use super::command_table::decode;
use super::fault::{TxnError, corrupt};
use super::group::Group;
use super::query::query;
use crate::row::{Row, applied_id, internal_event};
use crate::{PendingCommand, StoreError};

/// Result recorded for a command an origin client took: that client cannot report more.
const DELIVERED: &str = "delivered";

impl Group<'_> {
    /// Issues a command, or finds the same one issued already; its sequence number either way.
    pub(super) async fn issue(
        &mut self,
        run: &RunId,
        command_id: &str,
        row: &Arc<Row>,
        now: Timestamp,
    ) -> Result<u64, TxnError> {
        let state = self.existing(run).await?;
        let issued = query("SELECT seq, body FROM commands WHERE run_no = ?1 AND command_id = ?2")
            .bind(state.run_no)
            .bind(command_id)
            .first(&mut *self.db)
            .await?;
        if let Some(issued) = issued {
            if body::of(&issued, "body")? == *row.body {
                return Ok(issued.try_get::<i64, _>("seq")?.unsigned_abs());
            }
            let other = format!("command {command_id:?} was issued with other content");
            return Err(TxnError::Refused(StoreError::Conflict(other)));
        }
        let appended = self.stage(run, std::slice::from_ref(row), now).await?;
        appended
            .first_seq
            .ok_or_else(|| TxnError::Fault(corrupt("a command's event is there, the command is not")))
    }

    /// Acknowledges a command; `false` where it was acknowledged before.
    pub(super) async fn acknowledge(
        &mut self,
        run: &RunId,
        command_id: &str,
        row: &Arc<Row>,
        now: Timestamp,
    ) -> Result<bool, TxnError> {
        let state = self.existing(run).await?;
        let applied: Option<Option<i64>> =
            query("SELECT applied_seq FROM commands WHERE run_no = ?1 AND command_id = ?2")
                .bind(state.run_no)
                .bind(command_id)
                .value(&mut *self.db)
                .await?;
        match applied {
            None => {
                Err(TxnError::Refused(StoreError::NotFound(format!("the run has no command {command_id:?}"))))
            }
            Some(Some(_)) => Ok(false),
            Some(None) => self.stage(run, std::slice::from_ref(row), now).await.map(|_| true),
        }
    }

    /// Takes the oldest pending command and acknowledges it.
    pub(super) async fn pop(
        &mut self,
        run: &RunId,
        now: Timestamp,
    ) -> Result<Option<PendingCommand>, TxnError> {
        let Some(state) = self.state(run).await? else { return Ok(None) };
        let oldest = query(
            "SELECT seq, issued_at, body FROM commands WHERE run_no = ?1 AND applied_seq IS NULL
                ORDER BY seq LIMIT 1",
        )
        .bind(state.run_no)
        .first(&mut *self.db)
        .await?;
        let Some(oldest) = oldest else { return Ok(None) };
        let pending = decode(&oldest)?;
        let command_id = pending.command.command_id.clone();
        let id = applied_id(run, &command_id);
        let applied = CommandApplied { command_id, result: DELIVERED.to_owned() };
        let row = internal_event(id, now, applied)?;
        self.stage(run, &[row], now).await?;
        Ok(Some(pending))
    }
}
