//! The table of commands: a projection of `command.issued` and `command.applied`.

use gauntlet_model::{CommandIssued, RunId, Timestamp};

use super::body;
use super::columns::DbRow;
use super::connection::{Connection, Pool};
use super::fault::{TxnError, corrupt, fault};
use super::query::query;
use crate::row::Row;
use crate::{PendingCommand, StoreError};

/// A command was issued. The first of an id counts.
pub(super) async fn queue(
    db: &mut Connection,
    run_no: i64,
    seq: u64,
    command_id: &str,
    row: &Row,
    now: Timestamp,
) -> Result<(), TxnError> {
    query(
        "INSERT INTO commands (run_no, seq, command_id, issued_at, body) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )
    .bind(run_no)
    .bind(seq as i64)
    .bind(command_id)
    .bind(now.micros())
    .bind(body::column(&row.body))
    .execute(db)
    .await?;
    Ok(())
}

/// A command was applied. The first time counts.
pub(super) async fn settle(
    db: &mut Connection,
    run_no: i64,
    seq: u64,
    command_id: &str,
) -> Result<(), TxnError> {
    query(
        "UPDATE commands SET applied_seq = ?2 WHERE run_no = ?1 AND command_id = ?3 AND applied_seq IS NULL",
    )
    .bind(run_no)
    .bind(seq as i64)
    .bind(command_id)
    .execute(db)
    .await?;
    Ok(())
}

/// The commands of a run nobody acknowledged yet, in order.
pub(crate) async fn pending(readers: &Pool, run: &RunId) -> Result<Vec<PendingCommand>, StoreError> {
    let rows = query(
        "SELECT c.seq, c.issued_at, c.body FROM commands c JOIN runs r USING (run_no)
         WHERE r.id = ?1 AND c.applied_seq IS NULL ORDER BY c.seq",
    )
    .bind(run.as_str())
    .all(readers)
    .await
    .map_err(fault)?;
    rows.iter().map(decode).collect()
}

pub(super) fn decode(row: &DbRow) -> Result<PendingCommand, StoreError> {
    let body = body::of(row, "body").map_err(fault)?;
    let command: CommandIssued =
        serde_json::from_str(&body).map_err(|e| corrupt(format!("a stored command cannot be read: {e}")))?;
    Ok(PendingCommand {
        seq: row.try_get::<i64, _>("seq").map_err(fault)?.unsigned_abs(),
        issued_at: Timestamp::from_micros(row.try_get("issued_at").map_err(fault)?),
        command,
    })
}
