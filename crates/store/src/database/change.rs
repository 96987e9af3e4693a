//! What each request does inside a group's transaction.

use std::sync::Arc;

use gauntlet_film::Evidence;
use gauntlet_model::{FailureRules, RunId, RunPatch, RunStatus, Timestamp};
use serde_json::Value;

use super::body;
use super::fault::{TxnError, corrupt};
use super::group::{Group, RunChanges, RunState};
use super::query::query;
use super::totals::RunTotals;
use super::{MAX_RUN_NO, place, step_column};
use crate::queue::Queued;
use crate::reply::Reply;
use crate::row::{Row, internal_event, internal_event_id};
use crate::work::{LogWork, NewRun, TableWork, Work};
use crate::{Appended, StoreError};

/// The rules asked for as a column holds them.
fn rules_column(rules: FailureRules) -> Option<String> {
    (!rules.is_auto()).then(|| serde_json::to_string(&rules).unwrap_or_default())
}

/// Sets a request's outcome. Passes on only the errors that end the whole group.
fn set_outcome<T>(reply: &mut Reply<T>, outcome: Result<T, TxnError>) -> Result<(), TxnError> {
    match outcome {
        Ok(value) => reply.set(Ok(value)),
        Err(TxnError::Refused(refusal)) => reply.set(Err(refusal)),
        Err(error) => return Err(error),
    }
    Ok(())
}

impl Group<'_> {
    /// Does every request in the order it came.
    pub(super) async fn do_all(&mut self, group: &mut [Queued]) -> Result<(), TxnError> {
        for queued in group {
            match &mut queued.work {
                Work::Log(work) => self.work_on_log(work).await?,
                Work::Table(work) => self.work_on_tables(work).await?,
            }
        }
        Ok(())
    }

    /// Does one request that changes a run or its log.
    async fn work_on_log(&mut self, work: &mut LogWork) -> Result<(), TxnError> {
        match work {
            LogWork::Create { run, now, reply } => set_outcome(reply, self.create(run, *now).await),
            LogWork::Append { run, rows, now, reply } => {
                set_outcome(reply, self.stage(run, rows, *now).await)
            }
            LogWork::Origin { run, rows, now, reply } => {
                let outcome = match self.ensure(run, rows, *now).await {
                    Ok(()) => self.post(&run.id, rows, *now).await,
                    Err(error) => Err(error),
                };
                set_outcome(reply, outcome)
            }
            LogWork::Import { run, rows, now, reply } => {
                set_outcome(reply, self.import(run, rows, *now).await)
            }
            LogWork::Patch { run, patch, now, reply } => {
                set_outcome(reply, self.patch(run, patch, *now).await)
            }
            LogWork::Delete { run, now, reply } => set_outcome(reply, self.delete(run, *now).await),
            LogWork::Issue { run, command_id, row, now, reply } => {
                set_outcome(reply, self.issue(run, command_id, row, *now).await)
            }
            LogWork::Acknowledge { run, command_id, row, now, reply } => {
                set_outcome(reply, self.acknowledge(run, command_id, row, *now).await)
            }
            LogWork::Pop { run, now, reply } => set_outcome(reply, self.pop(run, *now).await),
            LogWork::PutWriter { run, writer, report, now, reply } => {
                set_outcome(reply, self.put_writer(run, writer, report, *now).await)
            }
            LogWork::Sweep { now, since, reply } => set_outcome(reply, self.sweep(*now, *since).await),
            LogWork::Raise { run, progress, rows, with, now, reply } => {
                set_outcome(reply, self.raise(run, progress.as_ref(), rows, with, *now).await)
            }
        }
    }

    /// Does one request that changes what is stored in tables beside the logs.
    async fn work_on_tables(&mut self, work: &mut TableWork) -> Result<(), TxnError> {
        match work {
            TableWork::PutChunk { run, level, chunk, bytes, reply } => {
                set_outcome(reply, self.put_chunk(run, *level, *chunk, bytes).await)
            }
            TableWork::Seal { run, run_no, chunks, sealed, reply } => {
                set_outcome(reply, self.seal(run, *run_no, chunks, sealed).await)
            }
            TableWork::PutEffects { project, effects, now, reply } => {
                set_outcome(reply, super::effects::put(&mut *self.db, project, effects, *now).await)
            }
            TableWork::PutMonitor { monitor, reply } => set_outcome(reply, self.put_monitor(monitor).await),
            TableWork::DeleteMonitor { project, name, reply } => {
                set_outcome(reply, self.delete_monitor(project, name).await)
            }
            TableWork::SettleCall { call_no, outcome, now, reply } => {
                set_outcome(reply, self.settle_call(*call_no, outcome, *now).await)
            }
            TableWork::ChangeKey { change, reply } => set_outcome(reply, self.change_key(change).await),
            TableWork::ChangeBackups { change, reply } => {
                set_outcome(reply, self.change_backups(change).await)
            }
            TableWork::ChangeView { change, reply } => set_outcome(reply, self.change_view(change).await),
            TableWork::PutProjection { run, projection, reply } => {
                set_outcome(reply, self.put_projection(run, projection).await)
            }
            TableWork::Ping { reply } => set_outcome(reply, self.heartbeat().await),
        }
    }

    /// Creates the run, or finds the same one there.
    async fn create(&mut self, run: &NewRun, now: Timestamp) -> Result<bool, TxnError> {
        let Some(state) = self.state(&run.id).await? else {
            self.insert(run, now).await?;
            return Ok(true);
        };
        // The event to compare with may be one this very group appends.
        self.write_events().await?;
        let stored = query("SELECT body FROM events WHERE place = ?1")
            .bind(place(state.run_no, 0))
            .first(&mut *self.db)
            .await?;
        let stored = stored.ok_or_else(|| TxnError::Fault(corrupt("a run has no first event")))?;
        let stored = body::of(&stored, "body")?;
        // As values, not as text: the order of keys does not matter.
        let same =
            match (serde_json::from_str::<Value>(&stored), serde_json::from_str::<Value>(&run.row.body)) {
                (Ok(stored), Ok(asked)) => stored == asked,
                _ => return Err(TxnError::Fault(corrupt("a run's first event is not JSON"))),
            };
        if !same {
            let id = run.id.as_str();
            return Err(TxnError::Refused(StoreError::Conflict(format!(
                "run {id:?} exists with other content"
            ))));
        }
        Ok(false)
    }

    /// Creates the run where there is none of that id. A deleted one is created again where its steps begin
    /// again, and does not come back with its later steps only.
    async fn ensure(&mut self, run: &NewRun, rows: &[Arc<Row>], now: Timestamp) -> Result<(), TxnError> {
        if self.state(&run.id).await?.is_some() {
            return Ok(());
        }
        if let Some(last_step) = self.tombstone(&run.id).await? {
            let goes_on = rows
                .iter()
                .any(|row| last_step.zip(row.step).is_some_and(|(last, step)| step_column(step) > last));
            if goes_on {
                return Err(TxnError::Refused(StoreError::gone(&run.id)));
            }
        }
        self.insert(run, now).await.map(drop)
    }

    async fn insert(&mut self, run: &NewRun, now: Timestamp) -> Result<Appended, TxnError> {
        let run_no = self.insert_row(run, now).await?;
        self.touch_new(run, run_no);
        self.stage(&run.id, std::slice::from_ref(&run.row), now).await
    }

    async fn insert_row(&mut self, run: &NewRun, now: Timestamp) -> Result<i64, TxnError> {
        self.remove_tombstone(&run.id).await?;
        let started = &run.started;
        let json = |object| serde_json::to_string(object).unwrap_or_else(|_| "{}".to_owned());
        let run_no: i64 = query(
            "INSERT INTO runs (id, name, project, kind, agent, task, tags, config, metadata, created_at,
                rules)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING run_no",
        )
        .bind(run.id.as_str())
        .bind(started.name.as_str())
        .bind(started.project.as_str())
        .bind(started.kind.as_str())
        .bind(started.agent.as_deref())
        .bind(started.task.as_deref())
        .bind(serde_json::to_string(&started.tags).unwrap_or_else(|_| "[]".to_owned()))
        .bind(json(&started.config))
        .bind(json(&started.metadata))
        .bind(now.micros())
        .bind(rules_column(started.rules))
        .only(&mut *self.db)
        .await?;
        if run_no > MAX_RUN_NO {
            return Err(TxnError::Fault(StoreError::unavailable("no more runs can be numbered".to_owned())));
        }
        self.put_config(run_no, &started.config).await?;
        Ok(run_no)
    }

    fn touch_new(&mut self, run: &NewRun, run_no: i64) {
        let status = gauntlet_model::Status::Pending;
        let totals = RunTotals::default();
        let (rules, evidence) = (run.started.rules, Evidence::default());
        let state = RunState {
            run_no,
            head: 0,
            status,
            has_task_id: false,
            has_run_type: false,
            totals,
            rules,
            evidence,
            alerts: 0,
            alert_severity: None,
            contact_lost: false,
        };
        self.touched.insert(run.id.clone(), RunChanges::new(state));
        self.visible = true;
    }

    async fn import(&mut self, run: &NewRun, rows: &[Arc<Row>], now: Timestamp) -> Result<(), TxnError> {
        if self.state(&run.id).await?.is_some() {
            let id = run.id.as_str();
            return Err(TxnError::Refused(StoreError::Conflict(format!("run {id:?} exists already"))));
        }
        let run_no = self.insert_row(run, now).await?;
        self.touch_new(run, run_no);
        self.stage(&run.id, rows, now).await.map(drop)
    }

    async fn patch(&mut self, run: &RunId, patch: &RunPatch, now: Timestamp) -> Result<(), TxnError> {
        let state = self.existing(run).await?;
        if let Some(status) = patch.status.filter(|s| *s != state.status) {
            let id = internal_event_id(run, "status", &state.head.to_string());
            let row = internal_event(id, now, RunStatus { status, reason: None })?;
            self.stage(run, &[row], now).await?;
        }
        let tags = patch.tags.as_ref().map(|t| serde_json::to_string(t).unwrap_or_else(|_| "[]".to_owned()));
        if patch.name.is_some() || tags.is_some() || patch.notes.is_some() {
            query(
                "UPDATE runs SET name = coalesce(?2, name), tags = coalesce(?3, tags),
                    notes = coalesce(?4, notes),
                    edits = edits + 1
                 WHERE run_no = ?1",
            )
            .bind(state.run_no)
            .bind(patch.name.as_deref())
            .bind(tags)
            .bind(patch.notes.as_deref())
            .execute(&mut *self.db)
            .await?;
            self.visible = true;
        }
        match patch.rules.filter(|rules| *rules != state.rules) {
            Some(rules) => self.change_rules(run, state.run_no, rules).await,
            None => Ok(()),
        }
    }

    /// Judges the run by other rules from now on. What was sealed of it by the old ones is dropped.
    async fn change_rules(&mut self, run: &RunId, run_no: i64, rules: FailureRules) -> Result<(), TxnError> {
        query("UPDATE runs SET rules = ?2 WHERE run_no = ?1")
            .bind(run_no)
            .bind(rules_column(rules))
            .execute(&mut *self.db)
            .await?;
        self.drop_overview(run_no).await?;
        if let Some(touched) = self.touched.get_mut(run) {
            let before = touched.state.rule();
            touched.state.rules = rules;
            if touched.state.rule() != before {
                touched.judged_by.get_or_insert(before);
            }
        }
        self.visible = true;
        Ok(())
    }

    /// Takes the run away at once; its events are removed bit by bit, when the writer has time.
    async fn delete(&mut self, run: &RunId, now: Timestamp) -> Result<(), TxnError> {
        let state = self.existing(run).await?;
        self.add_tombstone(run, state.totals.top_step, now.micros()).await?;
        let queue = "INSERT INTO pending_deletes (run_no) VALUES (?1)";
        for sql in [queue, "DELETE FROM runs WHERE run_no = ?1"] {
            query(sql).bind(state.run_no).execute(&mut *self.db).await?;
        }
        self.touched.remove(run);
        self.deleted.push(run.clone());
        self.visible = true;
        Ok(())
    }

    async fn heartbeat(&mut self) -> Result<(), TxnError> {
        query("UPDATE heartbeat SET beats = beats + 1").execute(&mut *self.db).await?;
        Ok(())
    }
}
