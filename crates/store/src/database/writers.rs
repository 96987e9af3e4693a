//! Writers of runs: who reports, who is overdue, and when a run has ended because nobody writes it any more.

use std::collections::BTreeMap;

use gauntlet_model::{
    RunId, RunStatus, Status, Timestamp, WRITER_INTERVAL_SECS, WriterAnswer, WriterCounts, WriterId,
    WriterReport, WriterState,
};

use super::columns::DbRow;
use super::connection::Pool;
use super::fault::{TxnError, corrupt, fault};
use super::group::{Group, RunState};
use super::query::query;
use super::value::Value;
use crate::StoreError;
use crate::row::{internal_event, internal_event_id};
use crate::run_end::{Finished, finished_row};

/// Intervals after which a writer that does not report is lost.
const LOST_AFTER_INTERVALS: i64 = 3;
/// Silence after which a running run without writers counts as lost, microseconds (15 minutes).
const LOST_AFTER_MICROS: i64 = 15 * 60 * 1_000_000;
/// Writers, and runs, that one sweep changes at most.
const AT_A_TIME: i64 = 200;

/// Writers that are overdue. A writer had at least its patience since the server began to listen.
const OVERDUE: &str = "w.state = 'running' AND w.deadline <= ?1 AND w.interval * 3 + ?2 <= ?1";
/// Running runs that lost contact. `?1`: the last moment that is too long ago.
const QUIET: &str = "p.status = 'running' AND p.contact_lost = 0 AND p.updated_at <= ?1
    AND coalesce(p.contact_at, 0) <= ?1
    AND NOT EXISTS (SELECT 1 FROM writers w WHERE w.run_no = p.run_no AND w.state = 'running')";

impl Group<'_> {
    /// Takes the report of one writer.
    pub(super) async fn put_writer(
        &mut self,
        run: &RunId,
        writer: &WriterId,
        report: &WriterReport,
        now: Timestamp,
    ) -> Result<WriterAnswer, TxnError> {
        let state = self.existing(run).await?;
        let known: Option<String> = query("SELECT state FROM writers WHERE run_no = ?1 AND writer = ?2")
            .bind(state.run_no)
            .bind(writer.as_str())
            .value(&mut *self.db)
            .await?;
        // A report that was overtaken by the last one changes nothing.
        if known.as_deref() != Some("finished") {
            self.note_writer(state.run_no, writer, report, now).await?;
            self.contact(run, now);
            match report.state {
                WriterState::Running => self.joined(run, &state, writer, known.as_deref(), now).await?,
                WriterState::Finished => drop(self.end_run(run, now).await?),
            }
        }
        let status = self.existing(run).await?.status;
        Ok(WriterAnswer { status, writers: self.count_writers(state.run_no).await? })
    }

    async fn note_writer(
        &mut self,
        run_no: i64,
        writer: &WriterId,
        report: &WriterReport,
        now: Timestamp,
    ) -> Result<(), TxnError> {
        let secs = i64::from(report.interval_secs.unwrap_or(WRITER_INTERVAL_SECS));
        let interval = secs * 1_000_000;
        let summary = report.summary.as_ref().map(serde_json::to_string).transpose();
        let state = match report.state {
            WriterState::Running => "running",
            WriterState::Finished => "finished",
        };
        query(
            "INSERT INTO writers (run_no, writer, state, heard_at, interval, deadline, status, exit_code,
                summary)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (run_no, writer) DO UPDATE SET state = excluded.state, heard_at = excluded.heard_at,
                interval = excluded.interval, deadline = excluded.deadline, status = excluded.status,
                exit_code = excluded.exit_code, summary = excluded.summary, settled = 0",
        )
        .bind(run_no)
        .bind(writer.as_str())
        .bind(state)
        .bind(now.micros())
        .bind(interval)
        .bind(now.micros().saturating_add(LOST_AFTER_INTERVALS * interval))
        .bind(report.status.map(Status::as_str))
        .bind(report.exit_code)
        .bind(summary.map_err(|e| TxnError::Fault(corrupt(e)))?)
        .execute(&mut *self.db)
        .await?;
        Ok(())
    }

    /// A writer reports that it runs. One that was not running before sets a run going that had ended; a new
    /// one begins a part of the run in which only the writers from here on count.
    async fn joined(
        &mut self,
        run: &RunId,
        state: &RunState,
        writer: &WriterId,
        known: Option<&str>,
        now: Timestamp,
    ) -> Result<(), TxnError> {
        if known == Some("running") {
            return Ok(());
        }
        self.visible = true;
        if !state.status.is_final() {
            return Ok(());
        }
        if known.is_none() {
            query("UPDATE writers SET settled = 1 WHERE run_no = ?1 AND state <> 'running'")
                .bind(state.run_no)
                .execute(&mut *self.db)
                .await?;
        }
        let reason = Some(format!("writer {writer} goes on"));
        let id = internal_event_id(run, "status", &state.head.to_string());
        let row = internal_event(id, now, RunStatus { status: Status::Running, reason })?;
        self.stage(run, &[row], now).await.map(drop)
    }

    /// Appends `run.finished` where no writer runs any more and at least one has finished.
    async fn end_run(&mut self, run: &RunId, now: Timestamp) -> Result<bool, TxnError> {
        let state = self.existing(run).await?;
        if self.count_writers(state.run_no).await?.running > 0 {
            return Ok(false);
        }
        let rows = query(
            "SELECT status, exit_code, summary FROM writers
             WHERE run_no = ?1 AND state = 'finished' AND settled = 0 ORDER BY heard_at, rowid",
        )
        .bind(state.run_no)
        .all(&mut *self.db)
        .await?;
        let ends = rows.iter().map(finished).collect::<Result<Vec<_>, _>>()?;
        let Some(row) = finished_row(run, state.head, &ends, now)? else { return Ok(false) };
        self.stage(run, &[row], now).await.map(|_| true)
    }

    /// The run's writers, without those of a part of it that has ended.
    async fn count_writers(&mut self, run_no: i64) -> Result<WriterCounts, TxnError> {
        let rows = query(
            "SELECT state, count(*) AS number FROM writers WHERE run_no = ?1 AND settled = 0 GROUP BY 1",
        )
        .bind(run_no)
        .all(&mut *self.db)
        .await?;
        let mut counts = WriterCounts::default();
        for row in &rows {
            let number = row.try_get::<i64, _>("number")?.unsigned_abs();
            match row.try_get::<&str, _>("state")? {
                "running" => counts.running = number,
                "finished" => counts.finished = number,
                _ => counts.lost = number,
            }
        }
        Ok(counts)
    }

    /// Notes that a writer of the run was heard of.
    fn contact(&mut self, run: &RunId, now: Timestamp) {
        if let Some(touched) = self.touched.get_mut(run) {
            let delta = touched.delta.get_or_insert_default();
            delta.contact_at = delta.contact_at.max(Some(now.micros()));
            delta.contact_lost = false;
            touched.state.contact_lost = false;
        }
    }

    /// Notes that a run lost contact.
    fn lose_contact(&mut self, run: &RunId) {
        if let Some(touched) = self.touched.get_mut(run) {
            touched.delta.get_or_insert_default().contact_lost = true;
            touched.state.contact_lost = true;
            self.visible = true;
        }
    }

    /// Does the work of [`crate::Store::sweep_writers`].
    pub(super) async fn sweep(&mut self, now: Timestamp, since: Timestamp) -> Result<u64, TxnError> {
        let sql = format!(
            "SELECT r.id, w.writer FROM writers w JOIN runs r USING (run_no)
             WHERE {OVERDUE} ORDER BY w.deadline LIMIT ?3"
        );
        let rows = query(sqlx::AssertSqlSafe(sql))
            .bind(now.micros())
            .bind(since.micros())
            .bind(AT_A_TIME)
            .all(&mut *self.db)
            .await?;
        let mut overdue: BTreeMap<RunId, Vec<String>> = BTreeMap::new();
        for row in &rows {
            let run = RunId::new(row.try_get::<String, _>("id")?).map_err(|e| TxnError::Fault(corrupt(e)))?;
            overdue.entry(run).or_default().push(row.try_get("writer")?);
        }
        for (run, writers) in overdue {
            self.lose_writers(&run, &writers, now).await?;
        }
        Ok(rows.len() as u64 + self.sweep_quiet(now, since).await?)
    }

    async fn lose_writers(
        &mut self,
        run: &RunId,
        writers: &[String],
        now: Timestamp,
    ) -> Result<(), TxnError> {
        let state = self.existing(run).await?;
        let names = self.db.dialect().elements("?2");
        query(sqlx::AssertSqlSafe(format!(
            "UPDATE writers SET state = 'lost' WHERE run_no = ?1 AND writer IN {names}"
        )))
        .bind(state.run_no)
        .bind(Value::Texts(writers.to_vec()))
        .execute(&mut *self.db)
        .await?;
        // Where the run has ended in other ways, its writers need not say so.
        if state.status.is_final() || self.count_writers(state.run_no).await?.running > 0 {
            return Ok(());
        }
        if !self.end_run(run, now).await? {
            self.lose_contact(run);
        }
        Ok(())
    }

    /// Runs without writers lose contact after a time without events.
    async fn sweep_quiet(&mut self, now: Timestamp, since: Timestamp) -> Result<u64, TxnError> {
        let latest = now.micros().saturating_sub(LOST_AFTER_MICROS);
        if since.micros() > latest {
            return Ok(0);
        }
        let sql = format!("SELECT r.id FROM progress p JOIN runs r USING (run_no) WHERE {QUIET} LIMIT ?2");
        let rows: Vec<String> =
            query(sqlx::AssertSqlSafe(sql)).bind(latest).bind(AT_A_TIME).values(&mut *self.db).await?;
        let mut changed = 0;
        for id in rows {
            let run = RunId::new(id).map_err(|e| TxnError::Fault(corrupt(e)))?;
            self.existing(&run).await?;
            // What this very group appends to it is a sign of life.
            if self.touched.get(&run).is_some_and(|touched| touched.delta.is_none()) {
                self.lose_contact(&run);
                changed += 1;
            }
        }
        Ok(changed)
    }
}

fn finished(row: &DbRow) -> Result<Finished, TxnError> {
    let broken = |what: &dyn std::fmt::Display| TxnError::Fault(corrupt(what));
    let status: &str = row.try_get("status")?;
    let summary: Option<&str> = row.try_get("summary")?;
    Ok(Finished {
        status: status.parse().map_err(|e| broken(&e))?,
        exit_code: row.try_get("exit_code")?,
        summary: summary.map(serde_json::from_str).transpose().map_err(|e| broken(&e))?,
    })
}

/// Whether a sweep has anything to do.
pub(crate) async fn is_sweep_due(
    readers: &Pool,
    now: Timestamp,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let overdue = format!("SELECT EXISTS (SELECT 1 FROM writers w WHERE {OVERDUE})");
    let quiet = format!("SELECT EXISTS (SELECT 1 FROM progress p WHERE {QUIET})");
    let is_overdue: bool = query(sqlx::AssertSqlSafe(overdue))
        .bind(now.micros())
        .bind(since.micros())
        .only(readers)
        .await
        .map_err(fault)?;
    let latest = now.micros().saturating_sub(LOST_AFTER_MICROS);
    if is_overdue || since.micros() > latest {
        return Ok(is_overdue);
    }
    query(sqlx::AssertSqlSafe(quiet)).bind(latest).only(readers).await.map_err(fault)
}
