//! The queue of commands: a projection of `command.issued` and `command.applied`.

use std::sync::Arc;

use gauntlet_model::{CommandApplied, CommandIssued, RunId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};

use super::complete::Complete;
use super::fault::{TxnError, corrupt, fault};
use super::group::Group;
use crate::row::{Row, own, own_id};
use crate::{PendingCommand, StoreError};

/// Result recorded for a command an origin client took: that client cannot say more.
const DELIVERED: &str = "delivered";

/// A command was issued. The first of an id stands.
pub(super) async fn queue(
    db: &mut SqliteConnection,
    run_no: i64,
    seq: u64,
    command_id: &str,
    row: &Row,
    now: Timestamp,
) -> Result<(), TxnError> {
    sqlx::query(
        "INSERT INTO commands (run_no, seq, command_id, issued_at, body) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )
    .bind(run_no)
    .bind(seq as i64)
    .bind(command_id)
    .bind(now.micros())
    .bind(Arc::clone(&row.body))
    .execute(db)
    .await?;
    Ok(())
}

/// A command was applied. The first time counts.
pub(super) async fn settle(
    db: &mut SqliteConnection,
    run_no: i64,
    seq: u64,
    command_id: &str,
) -> Result<(), TxnError> {
    sqlx::query(
        "UPDATE commands SET applied_seq = ?2 WHERE run_no = ?1 AND command_id = ?3 AND applied_seq IS NULL",
    )
    .bind(run_no)
    .bind(seq as i64)
    .bind(command_id)
    .execute(db)
    .await?;
    Ok(())
}

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
        let issued = sqlx::query("SELECT seq, body FROM commands WHERE run_no = ?1 AND command_id = ?2")
            .bind(state.run_no)
            .bind(command_id)
            .first(&mut *self.db)
            .await?;
        if let Some(issued) = issued {
            if issued.try_get::<&str, _>(1)? == &*row.body {
                return Ok(issued.try_get::<i64, _>(0)?.unsigned_abs());
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
            sqlx::query("SELECT applied_seq FROM commands WHERE run_no = ?1 AND command_id = ?2")
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
        let oldest = sqlx::query(
            "SELECT seq, issued_at, body FROM commands WHERE run_no = ?1 AND applied_seq IS NULL ORDER BY seq LIMIT 1",
        )
        .bind(state.run_no)
        .first(&mut *self.db)
        .await?;
        let Some(oldest) = oldest else { return Ok(None) };
        let pending = decode(&oldest)?;
        let command_id = pending.command.command_id.clone();
        let id = applied_id(run, &command_id);
        let applied = CommandApplied { command_id, result: DELIVERED.to_owned() };
        let row = own(id, now, applied)?;
        self.stage(run, &[row], now).await?;
        Ok(Some(pending))
    }
}

/// The id of the `command.applied` that acknowledges a command.
pub(crate) fn applied_id(run: &RunId, command_id: &str) -> gauntlet_model::EventId {
    own_id(run, "applied", command_id)
}

/// The commands of a run nobody acknowledged yet, in order.
pub(crate) async fn pending(readers: &SqlitePool, run: &RunId) -> Result<Vec<PendingCommand>, StoreError> {
    let rows = sqlx::query(
        "SELECT c.seq, c.issued_at, c.body FROM commands c JOIN runs r USING (run_no)
         WHERE r.id = ?1 AND c.applied_seq IS NULL ORDER BY c.seq",
    )
    .bind(run.as_str())
    .all(readers)
    .await
    .map_err(fault)?;
    rows.iter().map(decode).collect()
}

fn decode(row: &SqliteRow) -> Result<PendingCommand, StoreError> {
    let body: &str = row.try_get(2).map_err(fault)?;
    let command: CommandIssued =
        serde_json::from_str(body).map_err(|e| corrupt(format!("a stored command cannot be read: {e}")))?;
    Ok(PendingCommand {
        seq: row.try_get::<i64, _>(0).map_err(fault)?.unsigned_abs(),
        issued_at: Timestamp::from_micros(row.try_get(1).map_err(fault)?),
        command,
    })
}
