//! One transaction of many requests: what it knows of the runs it touches, and the events it will append.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use gauntlet_film::Evidence;
use gauntlet_model::{FailureRule, FailureRules, Kind, RunId, Severity, Status, Timestamp};
use sqlx::AssertSqlSafe;

use super::columns::DbRow;
use super::connection::Connection;
use super::episode_cache::{EpisodeCache, EpisodeChange};
use super::fault::{TxnError, corrupt};
use super::query::query;
use super::rows;
use super::totals::{NewNodeFilter, NodeScore, RunTotals, sum_of};
use super::value::Value;
use super::{MAX_SEQ, place, seq_of};
use crate::queue::{Interrupts, Queued};
use crate::recent::CommittedEvent;
use crate::row::{CommandChange, Failure, Labels, NodeKey, Row, Scoring};
use crate::{Appended, StoreError};

/// What the writer must know of a run to append to it.
#[derive(Debug, Clone)]
pub(super) struct RunState {
    pub run_no: i64,
    pub head: u64,
    pub status: Status,
    pub has_task_id: bool,
    pub has_run_type: bool,
    pub totals: RunTotals,
    pub rules: FailureRules,
    pub evidence: Evidence,
    /// Its alerts, and the most severe of them.
    pub alerts: u64,
    pub alert_severity: Option<Severity>,
    /// Whether it lost contact: no writer was heard of in time.
    pub contact_lost: bool,
}

impl RunState {
    /// The rule its steps are judged by.
    pub(super) fn rule(&self) -> FailureRule {
        self.evidence.rule(self.rules)
    }
}

/// What a group adds to a run's row of `progress`.
#[derive(Debug, Default)]
pub(super) struct Delta {
    pub updated_at: i64,
    /// Episodes that no event had named before.
    pub episodes: u64,
    pub last_step: Option<(u64, i64)>,
    /// The greatest step of the events whose steps count ([`Kind::counts_steps`]).
    pub max_step: Option<u64>,
    /// When a writer of the run last reported.
    pub contact_at: Option<i64>,
    /// Whether it lost contact. Anything else that changes a run is a sign of life.
    pub contact_lost: bool,
    pub labels: Labels,
}

#[derive(Debug)]
pub(super) struct RunChanges {
    pub state: RunState,
    /// `None` where the group only looked at the run.
    pub delta: Option<Delta>,
    /// Nodes that staged events score again, or later, or whose episode they end: the totals do not
    /// have them yet. `true`: to be judged again from its snapshot, not from its row.
    pub revisits: BTreeMap<NodeKey, bool>,
    /// Episodes that staged events name.
    pub episodes: HashMap<Arc<str>, EpisodeChange>,
    /// The rule that what is stored was judged by, where another one is in force now.
    pub judged_by: Option<FailureRule>,
}

/// An event with its place in the log, not yet written.
pub(super) struct PendingEvent {
    pub place: i64,
    pub run_no: i64,
    pub received_at: i64,
    /// Those of the node in its current state; `None` in a snapshot that another replaces.
    pub root: Option<f64>,
    pub failure: Option<Failure>,
    /// Whether the totals of the run count this snapshot.
    pub counted: bool,
    pub row: Arc<Row>,
}

impl PendingEvent {
    /// The event once its group is committed.
    pub(super) fn committed(&self) -> CommittedEvent {
        CommittedEvent {
            seq: seq_of(self.place),
            received_at: Timestamp::from_micros(self.received_at),
            row: Arc::clone(&self.row),
        }
    }
}

/// What a committed group has changed.
pub(super) struct Written {
    pub runs: Vec<(RunId, RunState)>,
    /// The events of these runs, in the order of each log.
    pub events: Vec<PendingEvent>,
    pub deleted: Vec<RunId>,
    /// Whether a list of runs may look different now.
    pub visible: bool,
}

/// An open transaction.
pub(super) struct Group<'a> {
    pub db: &'a mut Connection,
    known: &'a HashMap<RunId, RunState>,
    new_nodes: &'a mut NewNodeFilter,
    pub episodes: &'a mut EpisodeCache,
    pub touched: BTreeMap<RunId, RunChanges>,
    pub staged: Vec<PendingEvent>,
    /// Those that are written.
    pub written: Vec<PendingEvent>,
    pub deleted: Vec<RunId>,
    pub visible: bool,
    /// What a recount is stopped for.
    pub interrupts: &'a Interrupts,
    look_up: bool,
    /// Ids this group appends, where it looks up.
    taken_ids: HashSet<(i64, [u8; 16])>,
}

impl<'a> Group<'a> {
    pub(super) fn new(
        db: &'a mut Connection,
        known: &'a HashMap<RunId, RunState>,
        new_nodes: &'a mut NewNodeFilter,
        episodes: &'a mut EpisodeCache,
        look_up: bool,
        interrupts: &'a Interrupts,
    ) -> Self {
        Self {
            db,
            known,
            new_nodes,
            episodes,
            touched: BTreeMap::new(),
            staged: Vec::new(),
            written: Vec::new(),
            deleted: Vec::new(),
            visible: false,
            interrupts,
            look_up,
            taken_ids: HashSet::new(),
        }
    }

    /// What is known of a run; `None` where there is no such run.
    pub(super) async fn state(&mut self, run: &RunId) -> Result<Option<RunState>, TxnError> {
        if let Some(touched) = self.touched.get(run) {
            return Ok(Some(touched.state.clone()));
        }
        let known = match self.known.get(run) {
            // What other servers may have written since is not known.
            Some(state) if !self.deleted.contains(run) && !self.db.dialect().is_shared() => {
                Some(state.clone())
            }
            _ => self.stored_states(&[run]).await?.pop().map(|(_, state)| state),
        };
        if let Some(state) = &known {
            self.touched.insert(run.clone(), RunChanges::new(state.clone()));
        }
        Ok(known)
    }

    /// Like [`Group::state`], where the run must exist.
    pub(super) async fn existing(&mut self, run: &RunId) -> Result<RunState, TxnError> {
        match self.state(run).await? {
            Some(state) => Ok(state),
            None => Err(TxnError::Refused(self.absent(run).await?)),
        }
    }

    /// Where other servers write the same database: takes the runs that the requests are about, so that
    /// nobody else appends to them until this transaction ends. Every server takes them in one order, so that
    /// none waits for another one that waits for it.
    pub(super) async fn lock(&mut self, group: &[Queued]) -> Result<(), TxnError> {
        if !self.db.dialect().is_shared() {
            return Ok(());
        }
        let runs: BTreeSet<&RunId> = group.iter().filter_map(|queued| queued.work.run()).collect();
        let runs: Vec<&RunId> = runs.into_iter().collect();
        if !runs.is_empty() {
            for (run, state) in self.stored_states(&runs).await? {
                self.touched.insert(run, RunChanges::new(state));
            }
        }
        Ok(())
    }

    /// What the database has of those runs that are there. Of a run that another server has written, nothing
    /// is remembered.
    async fn stored_states(&mut self, runs: &[&RunId]) -> Result<Vec<(RunId, RunState)>, TxnError> {
        let dialect = self.db.dialect();
        let sql = format!(
            "SELECT r.id, r.run_no, p.head, p.status, r.task_id IS NOT NULL AS has_task_id,
                 r.run_type IS NOT NULL AS has_run_type,
                 p.steps, p.failing, p.scored_count, p.root_sum, p.last_root, p.last_root_place, p.top_step,
                 r.rules, p.evidence, p.contact_lost, p.alerts, p.alert_severity
             FROM runs r JOIN progress p USING (run_no) WHERE {} ORDER BY r.run_no {}",
            dialect.is_one_of("r.id", "?1"),
            dialect.locks("r, p")
        );
        let ids = runs.iter().map(|run| run.as_str().to_owned()).collect();
        let rows = query(AssertSqlSafe(sql)).bind(Value::Texts(ids)).all(&mut *self.db).await?;
        let mut states = Vec::new();
        for row in &rows {
            let run = RunId::new(row.try_get::<String, _>("id")?).map_err(|e| TxnError::Fault(corrupt(e)))?;
            let state = state_of(row)?;
            let is_known = |known: &RunState| (known.run_no, known.head) == (state.run_no, state.head);
            if dialect.is_shared() && !self.known.get(&run).is_some_and(is_known) {
                self.new_nodes.forget(state.run_no);
                self.episodes.forget(state.run_no);
            }
            states.push((run, state));
        }
        Ok(states)
    }

    /// Gives the events of one request their places. The run must exist.
    pub(super) async fn stage(
        &mut self,
        run: &RunId,
        rows: &[Arc<Row>],
        now: Timestamp,
    ) -> Result<Appended, TxnError> {
        let state = self.existing(run).await?;
        let repeated = if self.look_up { self.repeated(state.run_no, rows).await? } else { HashSet::new() };
        let new_rows = (rows.len() - repeated.len()) as u64;
        if state.head + new_rows > MAX_SEQ {
            return Err(TxnError::Refused(StoreError::Conflict(format!(
                "the run's log is full at {} events",
                state.head
            ))));
        }
        let first = self.staged.len();
        let mut appended = Appended { duplicates: repeated.len() as u64, ..Appended::default() };
        for (index, row) in rows.iter().enumerate() {
            if repeated.contains(&index) {
                continue;
            }
            let seq = state.head + appended.accepted;
            appended.accepted += 1;
            appended.first_seq.get_or_insert(seq);
            appended.last_seq = Some(seq);
            let place = place(state.run_no, seq);
            self.queue_command(state.run_no, seq, row, now).await?;
            self.staged.push(PendingEvent {
                place,
                run_no: state.run_no,
                received_at: now.micros(),
                root: row.root,
                failure: None,
                counted: false,
                row: Arc::clone(row),
            });
        }
        if appended.accepted > 0 {
            self.visible = true;
            if let (Some(touched), Some(staged)) = (self.touched.get_mut(run), self.staged.get_mut(first..)) {
                staged.iter_mut().for_each(|staged| touched.fold(staged, self.new_nodes, now));
            }
        }
        Ok(appended)
    }

    /// Which of the rows are in the log already, or come earlier in this group.
    async fn repeated(&mut self, run_no: i64, rows: &[Arc<Row>]) -> Result<HashSet<usize>, TxnError> {
        let ids = rows.iter().map(|row| row.id.to_vec()).collect();
        let asked = self.db.dialect().byte_strings("?2");
        let stored: Vec<Vec<u8>> =
            query(AssertSqlSafe(format!("SELECT id FROM events WHERE run_no = ?1 AND id IN {asked}")))
                .bind(run_no)
                .bind(Value::ByteStrings(ids))
                .values(&mut *self.db)
                .await?;
        let stored: HashSet<Vec<u8>> = stored.into_iter().collect();
        let mut repeated = HashSet::new();
        for (index, row) in rows.iter().enumerate() {
            let again = stored.contains(row.id.as_slice()) || self.taken_ids.contains(&(run_no, row.id));
            if again {
                repeated.insert(index);
                continue;
            }
            self.taken_ids.insert((run_no, row.id));
        }
        Ok(repeated)
    }

    async fn queue_command(
        &mut self,
        run_no: i64,
        seq: u64,
        row: &Row,
        now: Timestamp,
    ) -> Result<(), TxnError> {
        match &row.command {
            Some(CommandChange::Issued(id)) => {
                super::command_table::queue(self.db, run_no, seq, id, row, now).await
            }
            Some(CommandChange::Applied(id)) => super::command_table::settle(self.db, run_no, seq, id).await,
            None => Ok(()),
        }
    }
}

/// What a row has of its run.
fn state_of(row: &DbRow) -> Result<RunState, TxnError> {
    let status: &str = row.try_get("status")?;
    Ok(RunState {
        run_no: row.try_get("run_no")?,
        head: row.try_get::<i64, _>("head")?.unsigned_abs(),
        status: status.parse().map_err(|e| TxnError::Fault(corrupt(e)))?,
        has_task_id: row.try_get("has_task_id")?,
        has_run_type: row.try_get("has_run_type")?,
        totals: RunTotals {
            steps: row.try_get::<i64, _>("steps")?.unsigned_abs(),
            failing: row.try_get::<i64, _>("failing")?.unsigned_abs(),
            roots: sum_of(row.try_get("root_sum")?, row.try_get::<i64, _>("scored_count")?.unsigned_abs()),
            last_root: row.try_get::<Option<f64>, _>("last_root")?.zip(row.try_get("last_root_place")?),
            top_step: row.try_get("top_step")?,
        },
        rules: rows::rules(row.try_get("rules")?)?,
        evidence: rows::evidence(row.try_get("evidence")?),
        alerts: row.try_get::<i64, _>("alerts")?.unsigned_abs(),
        alert_severity: row.try_get::<Option<&str>, _>("alert_severity")?.map(rows::severity).transpose()?,
        contact_lost: row.try_get("contact_lost")?,
    })
}

impl RunChanges {
    pub(super) fn new(state: RunState) -> Self {
        Self { state, delta: None, revisits: BTreeMap::new(), episodes: HashMap::new(), judged_by: None }
    }

    /// Brings what is known of the run forward by one event.
    fn fold(&mut self, staged: &mut PendingEvent, new_nodes: &mut NewNodeFilter, now: Timestamp) {
        self.judge(staged);
        self.score(staged, new_nodes);
        if let Some(episode) = &staged.row.episode {
            self.episodes.entry(Arc::clone(episode)).or_default().take(&staged.row);
        }
        let row = &staged.row;
        self.state.head += 1;
        self.state.status = match (row.status, self.state.status) {
            (Some(status), _) => status,
            // The first thing that happens in a run sets it running.
            (None, Status::Pending) if row.kind != Kind::RunStarted => Status::Running,
            (None, status) => status,
        };
        let is_first = self.delta.is_none();
        let delta = self.delta.get_or_insert_default();
        if row.kind == Kind::AlertRaised {
            self.state.alerts += 1;
            self.state.alert_severity = self.state.alert_severity.max(row.severity);
        }
        if matches!(row.kind, Kind::AlertRaised | Kind::CommandIssued) {
            // The server raises alerts and issues commands: they do not show that somebody writes the run.
            delta.contact_lost = delta.contact_lost || (is_first && self.state.contact_lost);
        } else {
            delta.updated_at = delta.updated_at.max(now.micros());
            delta.contact_lost = false;
            self.state.contact_lost = false;
        }
        if row.kind.counts_steps(row.episode.is_some()) {
            delta.max_step = delta.max_step.max(row.step);
        }
        if row.kind == Kind::SnapshotScored
            && let Some(step) = row.step.filter(|s| delta.last_step.is_none_or(|(last, _)| *s >= last))
        {
            delta.last_step = Some((step, staged.place));
        }
        if let Some(task_id) = row.labels.task_id.as_ref().filter(|_| !self.state.has_task_id) {
            delta.labels.task_id = Some(Arc::clone(task_id));
            self.state.has_task_id = true;
        }
        if let Some(run_type) = row.labels.run_type.as_ref().filter(|_| !self.state.has_run_type) {
            delta.labels.run_type = Some(Arc::clone(run_type));
            self.state.has_run_type = true;
        }
    }
}

impl RunChanges {
    /// Judges a snapshot by the rule in force, which what it shows may change for the whole run.
    fn judge(&mut self, staged: &mut PendingEvent) {
        let (row, before) = (&staged.row, self.state.rule());
        self.state.evidence = self.state.evidence.join(row.evidence);
        let rule = self.state.rule();
        if rule != before {
            self.judged_by.get_or_insert(before);
        }
        staged.failure = Failure::of(rule, row.root, row.declared, row.medical);
    }

    /// Counts a snapshot of a new node; notes any other node that is scored, to be looked at in the end.
    fn score(&mut self, staged: &mut PendingEvent, new_nodes: &mut NewNodeFilter) {
        let Some((scoring, step)) = staged.row.scoring.as_ref().zip(staged.row.step) else { return };
        let RunState { run_no, totals, .. } = &mut self.state;
        let is_new = new_nodes.is_new(*run_no, staged.row.episode.as_deref(), step, totals.top_step);
        totals.observe_step(step);
        match scoring {
            Scoring::Snapshot if is_new => {
                let PendingEvent { place, root, failure, .. } = *staged;
                totals.add(NodeScore { place, root, failure });
                staged.counted = true;
            }
            _ => {
                self.revisits.entry((step, staged.row.episode.clone())).or_insert(false);
            }
        }
    }
}
