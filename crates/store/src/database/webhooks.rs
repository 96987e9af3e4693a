//! Lists of alerts, and the queue of calls of webhooks, in tables.

use std::collections::BTreeMap;

use gauntlet_model::{AlertRaised, EventId, ProjectAlert, RunId, Timestamp, WebhookFailure};

use super::columns::DbRow;
use super::connection::Pool;
use super::dialect::Dialect;
use super::fault::{TxnError, corrupt, fault};
use super::group::Group;
use super::query::query;
use super::{body, seq_of};
use crate::{CallOutcome, DueCall, NewCall, StoreError};

/// Calls of one monitor that wait at most; a further one is given up at once.
const MAX_WAITING: i64 = 100;
/// Calls of one monitor that were given up and are stored, the newest.
const MAX_FAILED: i64 = 20;

impl Group<'_> {
    /// Queues a call. A monitor that was deleted meanwhile makes none.
    pub(super) async fn queue_call(
        &mut self,
        run_no: i64,
        call: &NewCall,
        now: Timestamp,
    ) -> Result<(), TxnError> {
        query(
            "INSERT INTO webhook_calls (project, monitor, run_no, url, payload, due_at, tried_at, error)
             SELECT ?1, ?2, ?3, ?4, ?5, CASE WHEN waiting < ?7 THEN ?6 END, ?6,
                CASE WHEN waiting >= ?7 THEN ?7 || ' calls of this monitor wait already' END
             FROM (SELECT count(*) AS waiting FROM webhook_calls
                   WHERE project = ?1 AND monitor = ?2 AND due_at IS NOT NULL) AS calls
             WHERE EXISTS (SELECT 1 FROM monitors WHERE project = ?1 AND name = ?2)",
        )
        .bind(call.project.as_str())
        .bind(call.monitor.as_str())
        .bind(run_no)
        .bind(call.url.as_str())
        .bind(call.payload.as_str())
        .bind(now.micros())
        .bind(MAX_WAITING)
        .execute(&mut *self.db)
        .await?;
        self.trim_failed(&call.project, &call.monitor, MAX_FAILED).await
    }

    /// Stores the outcome of an attempt. A call that is gone was deleted with its monitor or run.
    pub(super) async fn settle_call(
        &mut self,
        call_no: i64,
        outcome: &CallOutcome,
        now: Timestamp,
    ) -> Result<(), TxnError> {
        let found = query("SELECT project, monitor FROM webhook_calls WHERE call_no = ?1")
            .bind(call_no)
            .first(&mut *self.db)
            .await?;
        let Some(row) = found else { return Ok(()) };
        let (project, monitor): (String, String) = (row.try_get("project")?, row.try_get("monitor")?);
        match outcome {
            CallOutcome::Delivered => {
                let delivered = query("DELETE FROM webhook_calls WHERE call_no = ?1").bind(call_no);
                delivered.execute(&mut *self.db).await?;
                self.trim_failed(&project, &monitor, 0).await
            }
            CallOutcome::Failed { error, retry_at } => {
                query(
                    "UPDATE webhook_calls SET attempts = attempts + 1, error = ?2, tried_at = ?3, due_at = ?4
                     WHERE call_no = ?1",
                )
                .bind(call_no)
                .bind(error.as_str())
                .bind(now.micros())
                .bind(retry_at.map(Timestamp::micros))
                .execute(&mut *self.db)
                .await?;
                self.trim_failed(&project, &monitor, MAX_FAILED).await
            }
        }
    }

    /// Deletes calls of a monitor that were given up, but for the newest `most`.
    async fn trim_failed(&mut self, project: &str, monitor: &str, most: i64) -> Result<(), TxnError> {
        query(
            "DELETE FROM webhook_calls WHERE call_no IN (
                SELECT call_no FROM webhook_calls
                WHERE project = ?1 AND monitor = ?2 AND due_at IS NULL
                ORDER BY call_no DESC LIMIT 9223372036854775807 OFFSET ?3)",
        )
        .bind(project)
        .bind(monitor)
        .bind(most)
        .execute(&mut *self.db)
        .await?;
        Ok(())
    }
}

/// Queued calls whose time has come.
pub(super) async fn due(readers: &Pool, now: Timestamp, limit: u32) -> Result<Vec<DueCall>, StoreError> {
    let sql = "SELECT call_no, url, payload, attempts FROM webhook_calls WHERE due_at <= ?1
        ORDER BY due_at, call_no LIMIT ?2";
    let rows = query(sql).bind(now.micros()).bind(i64::from(limit)).all(readers).await.map_err(fault)?;
    let call = |row: &DbRow| {
        Ok(DueCall {
            call_no: row.try_get("call_no").map_err(fault)?,
            url: row.try_get("url").map_err(fault)?,
            payload: row.try_get("payload").map_err(fault)?,
            attempts: attempts(row)?,
        })
    };
    rows.iter().map(call).collect()
}

fn attempts(row: &DbRow) -> Result<u32, StoreError> {
    row.try_get::<i64, _>("attempts").map_err(fault)?.try_into().map_err(corrupt)
}

/// The last failure of each monitor of a project, by its name.
pub(super) async fn failures(
    readers: &Pool,
    project: &str,
) -> Result<BTreeMap<String, WebhookFailure>, StoreError> {
    let sql = match readers.dialect() {
        // With max(), SQLite takes the other columns from the row that has it.
        Dialect::Sqlite => {
            "SELECT monitor, max(tried_at) AS tried_at, attempts, error, due_at IS NULL AS is_final
             FROM webhook_calls WHERE project = ?1 AND error IS NOT NULL GROUP BY monitor"
        }
        Dialect::Postgres => {
            "SELECT DISTINCT ON (monitor) monitor, tried_at, attempts, error, due_at IS NULL AS is_final
             FROM webhook_calls WHERE project = ?1 AND error IS NOT NULL ORDER BY monitor, tried_at DESC"
        }
    };
    let rows = query(sql).bind(project).all(readers).await.map_err(fault)?;
    let failure = |row: &DbRow| {
        let failure = WebhookFailure {
            at: row.try_get("tried_at").map(Timestamp::from_micros).map_err(fault)?,
            attempts: attempts(row)?,
            error: row.try_get("error").map_err(fault)?,
            is_final: row.try_get("is_final").map_err(fault)?,
        };
        Ok((row.try_get("monitor").map_err(fault)?, failure))
    };
    rows.iter().map(failure).collect()
}

/// The newest alerts of a project's runs.
pub(super) async fn alerts(
    readers: &Pool,
    project: &str,
    limit: u32,
) -> Result<Vec<ProjectAlert>, StoreError> {
    let sql = "SELECT e.place, e.id AS event_id, e.at, e.step, e.body, r.id, r.name
        FROM events e JOIN runs r USING (run_no)
        WHERE e.kind = 'alert.raised' AND r.project = ?1 ORDER BY e.received_at DESC, e.place DESC LIMIT ?2";
    let rows = query(sql).bind(project).bind(i64::from(limit)).all(readers).await.map_err(fault)?;
    // An alert whose body cannot be read any more is left out, as its run shows a gap in its place.
    rows.iter().filter_map(|row| alert(row).transpose()).collect()
}

fn alert(row: &DbRow) -> Result<Option<ProjectAlert>, StoreError> {
    let Ok(stored) = body::of(row, "body") else { return Ok(None) };
    let Ok(body) = serde_json::from_str::<AlertRaised>(&stored) else { return Ok(None) };
    let id: &[u8] = row.try_get("event_id").map_err(fault)?;
    let id: [u8; 16] = id.try_into().map_err(|_| corrupt("an event's id is not 16 bytes"))?;
    Ok(Some(ProjectAlert {
        id: EventId::from_u128(u128::from_be_bytes(id)),
        run: RunId::new(row.try_get::<String, _>("id").map_err(fault)?).map_err(corrupt)?,
        run_name: row.try_get("name").map_err(fault)?,
        seq: seq_of(row.try_get("place").map_err(fault)?),
        step: row.try_get::<Option<i64>, _>("step").map_err(fault)?.map(i64::unsigned_abs),
        at: row.try_get("at").map(Timestamp::from_micros).map_err(fault)?,
        text: body.text,
        severity: body.severity,
        monitor: body.monitor,
    }))
}
