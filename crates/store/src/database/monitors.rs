//! Monitors and the state of the runs that they watch, in tables.

use std::sync::Arc;

use gauntlet_model::{Monitor, MonitorAction, RunId, Timestamp};
use sqlx::AssertSqlSafe;

use super::columns::DbRow;
use super::connection::Pool;
use super::fault::{TxnError, corrupt, fault};
use super::group::Group;
use super::query::query;
use super::rows;
use crate::row::Row;
use crate::work::WithAlert;
use crate::{MonitorProgress, MonitoredRun, StoreError};

impl Group<'_> {
    pub(super) async fn put_monitor(&mut self, monitor: &Monitor) -> Result<(), TxnError> {
        query(
            "INSERT INTO monitors (project, name, rule, severity, cooldown, saved_at, webhook, action)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (project, name) DO UPDATE SET rule = excluded.rule, severity = excluded.severity,
                cooldown = excluded.cooldown, saved_at = excluded.saved_at,
                webhook = excluded.webhook, action = excluded.action",
        )
        .bind(monitor.project.as_str())
        .bind(monitor.name.as_str())
        .bind(monitor.rule.as_str())
        .bind(monitor.severity.as_str())
        .bind(i64::from(monitor.cooldown_secs))
        .bind(monitor.saved_at.micros())
        .bind(monitor.webhook.as_deref())
        .bind(monitor.action.map(MonitorAction::as_str))
        .execute(&mut *self.db)
        .await?;
        self.visible = true;
        Ok(())
    }

    pub(super) async fn delete_monitor(&mut self, project: &str, name: &str) -> Result<bool, TxnError> {
        let deleted = query("DELETE FROM monitors WHERE project = ?1 AND name = ?2")
            .bind(project)
            .bind(name)
            .execute(&mut *self.db)
            .await?;
        self.visible = true;
        Ok(deleted > 0)
    }

    /// Appends alerts, each with the command and the call that go with it, and stores with them how far the
    /// run was watched.
    pub(super) async fn raise(
        &mut self,
        run: &RunId,
        progress: Option<&MonitorProgress>,
        alerts: &[Arc<Row>],
        with: &[WithAlert],
        now: Timestamp,
    ) -> Result<(), TxnError> {
        let run_no = self.existing(run).await?.run_no;
        for (alert, with) in alerts.iter().zip(with) {
            let appended = self.stage(run, std::slice::from_ref(alert), now).await?;
            if appended.accepted == 0 {
                continue;
            }
            if let Some(command) = &with.command {
                self.stage(run, std::slice::from_ref(command), now).await?;
            }
            if let Some(call) = &with.call {
                self.queue_call(run_no, call, now).await?;
            }
        }
        let Some(progress) = progress else { return Ok(()) };
        query(
            "INSERT INTO monitor_states (run_no, next, last_id, states) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (run_no) DO UPDATE SET next = excluded.next, last_id = excluded.last_id,
                states = excluded.states",
        )
        .bind(progress.run_no)
        .bind(progress.next as i64)
        .bind(progress.last_id.map(|id| id.to_vec()))
        .bind(progress.states.as_str())
        .execute(&mut *self.db)
        .await?;
        Ok(())
    }
}

/// The monitors of a project, or of all.
pub(crate) async fn monitors(readers: &Pool, project: Option<&str>) -> Result<Vec<Monitor>, StoreError> {
    let sql = "SELECT project, name, rule, severity, cooldown, saved_at, webhook, action FROM monitors
        WHERE ?1 IS NULL OR project = ?1 ORDER BY project, name";
    let rows = query(sql).bind(project).all(readers).await.map_err(fault)?;
    rows.iter().map(monitor).collect()
}

fn monitor(row: &DbRow) -> Result<Monitor, StoreError> {
    let action: Option<&str> = row.try_get("action").map_err(fault)?;
    Ok(Monitor {
        project: row.try_get("project").map_err(fault)?,
        name: row.try_get("name").map_err(fault)?,
        rule: row.try_get("rule").map_err(fault)?,
        severity: rows::severity(row.try_get("severity").map_err(fault)?)?,
        cooldown_secs: row.try_get::<i64, _>("cooldown").map_err(fault)?.try_into().map_err(corrupt)?,
        saved_at: row.try_get("saved_at").map(Timestamp::from_micros).map_err(fault)?,
        webhook: row.try_get("webhook").map_err(fault)?,
        action: action.map(str::parse).transpose().map_err(corrupt)?,
    })
}

/// The runs of projects that have monitors, without those that ended before the first was saved.
pub(crate) async fn monitored_runs(readers: &Pool) -> Result<Vec<MonitoredRun>, StoreError> {
    let greatest = readers.dialect().greatest();
    let sql = format!(
        "SELECT r.run_no, r.id, r.name, r.project, r.rules, p.head, p.status,
            {greatest}(p.updated_at, coalesce(p.contact_at, 0)) AS heard_at
        FROM (SELECT project, min(saved_at) AS saved_at FROM monitors GROUP BY project) m
        JOIN runs r ON r.project = m.project JOIN progress p USING (run_no)
        WHERE {greatest}(p.updated_at, coalesce(p.contact_at, 0)) >= m.saved_at"
    );
    let rows = query(AssertSqlSafe(sql)).all(readers).await.map_err(fault)?;
    let run = |row: &DbRow| {
        let status: &str = row.try_get("status").map_err(fault)?;
        Ok(MonitoredRun {
            run_no: row.try_get("run_no").map_err(fault)?,
            id: RunId::new(row.try_get::<String, _>("id").map_err(fault)?).map_err(corrupt)?,
            name: row.try_get("name").map_err(fault)?,
            project: row.try_get("project").map_err(fault)?,
            head: row.try_get::<i64, _>("head").map_err(fault)?.unsigned_abs(),
            status: status.parse().map_err(corrupt)?,
            rules: rows::rules(row.try_get("rules").map_err(fault)?)?,
            heard_at: row.try_get("heard_at").map(Timestamp::from_micros).map_err(fault)?,
        })
    };
    rows.iter().map(run).collect()
}

/// How far each run was watched.
pub(crate) async fn progress(readers: &Pool) -> Result<Vec<MonitorProgress>, StoreError> {
    let sql = "SELECT run_no, next, last_id, states FROM monitor_states";
    let rows = query(sql).all(readers).await.map_err(fault)?;
    let progress = |row: &DbRow| {
        let last_id: Option<&[u8]> = row.try_get("last_id").map_err(fault)?;
        Ok(MonitorProgress {
            run_no: row.try_get("run_no").map_err(fault)?,
            next: row.try_get::<i64, _>("next").map_err(fault)?.unsigned_abs(),
            last_id: last_id.and_then(|id| id.try_into().ok()),
            states: row.try_get("states").map_err(fault)?,
        })
    };
    rows.iter().map(progress).collect()
}
