//! Writes a group's events and projections: many rows a statement.

use std::sync::LazyLock;

use gauntlet_model::Severity;

use super::body;
use super::fault::TxnError;
use super::group::{Delta, Group, PendingEvent, RunChanges, RunState, Written};
use super::insert_many::InsertMany;
use super::query::query;
use super::step_column;
use super::value::Value;

pub(super) static INSERT_EVENTS: LazyLock<InsertMany<13>> = LazyLock::new(|| {
    let head = "INSERT INTO events (place, run_no, id, received_at, at, kind, version, episode, step, root, \
                failure, origin, body)";
    InsertMany::new(head, "")
});

static MERGE_PROGRESS: LazyLock<InsertMany<21>> = LazyLock::new(|| {
    let head = "INSERT INTO progress (run_no, status, updated_at, head, steps, episodes, failing, \
                scored_count, mean_root, root_sum, last_root, last_root_place, top_step, last_step, \
                last_step_place, max_step, contact_at, contact_lost, evidence, alerts, alert_severity)";
    let merge = "ON CONFLICT (run_no) DO UPDATE SET
        status = excluded.status,
        updated_at = CASE WHEN excluded.updated_at > progress.updated_at
            THEN excluded.updated_at ELSE progress.updated_at END,
        head = excluded.head,
        steps = excluded.steps,
        episodes = progress.episodes + excluded.episodes,
        failing = excluded.failing,
        scored_count = excluded.scored_count,
        mean_root = excluded.mean_root,
        root_sum = excluded.root_sum,
        last_root = excluded.last_root,
        last_root_place = excluded.last_root_place,
        top_step = excluded.top_step,
        last_step_place = CASE WHEN excluded.last_step >= coalesce(progress.last_step, 0)
            THEN excluded.last_step_place ELSE progress.last_step_place END,
        last_step = CASE WHEN excluded.last_step >= coalesce(progress.last_step, 0)
            THEN excluded.last_step ELSE progress.last_step END,
        max_step = CASE WHEN excluded.max_step > coalesce(progress.max_step, -1)
            THEN excluded.max_step ELSE progress.max_step END,
        contact_at = coalesce(excluded.contact_at, progress.contact_at),
        contact_lost = excluded.contact_lost,
        evidence = excluded.evidence,
        alerts = excluded.alerts,
        alert_severity = excluded.alert_severity";
    InsertMany::new(head, merge)
});

fn event_values(staged: &PendingEvent) -> [Value; 13] {
    let row = &staged.row;
    [
        staged.place.into(),
        staged.run_no.into(),
        row.id.as_slice().into(),
        staged.received_at.into(),
        row.at.into(),
        row.kind.as_str().into(),
        i64::from(row.kind.version()).into(),
        row.episode.clone().into(),
        row.step.map(step_column).into(),
        staged.root.into(),
        staged.failure.map(|f| f.as_str()).into(),
        row.origin.then_some(1_i64).into(),
        body::column(&row.body).into(),
    ]
}

fn progress_values((state, delta): &(&RunState, &Delta)) -> [Value; 21] {
    let totals = &state.totals;
    [
        state.run_no.into(),
        state.status.as_str().into(),
        delta.updated_at.into(),
        (state.head as i64).into(),
        (totals.steps as i64).into(),
        (delta.episodes as i64).into(),
        (totals.failing as i64).into(),
        (totals.roots.count() as i64).into(),
        totals.roots.mean().unwrap_or_default().into(),
        totals.root_sum().into(),
        totals.last_root.map(|(root, _)| root).into(),
        totals.last_root.map(|(_, place)| place).into(),
        totals.top_step.map(step_column).into(),
        delta.last_step.map(|(step, _)| step_column(step)).into(),
        delta.last_step.map(|(_, place)| place).into(),
        delta.max_step.map(step_column).into(),
        delta.contact_at.into(),
        delta.contact_lost.into(),
        i64::from(state.evidence.bits()).into(),
        (state.alerts as i64).into(),
        state.alert_severity.map(Severity::as_str).into(),
    ]
}

impl Group<'_> {
    /// Writes the events staged so far.
    pub(super) async fn write_events(&mut self) -> Result<(), TxnError> {
        self.follow_episodes().await?;
        self.revisit().await?;
        let staged = std::mem::take(&mut self.staged);
        INSERT_EVENTS.write(self.db, &staged, event_values).await?;
        self.written.extend(staged);
        self.rejudge().await
    }

    /// Writes everything; what is left is to commit.
    pub(super) async fn finish(mut self) -> Result<Written, TxnError> {
        self.write_events().await?;
        let changed: Vec<(&RunState, &Delta)> =
            self.touched.values().filter_map(|t| Some((&t.state, t.delta.as_ref()?))).collect();
        MERGE_PROGRESS.write(self.db, &changed, progress_values).await?;
        for (state, delta) in changed {
            if delta.labels.task_id.is_none() && delta.labels.run_type.is_none() {
                continue;
            }
            query(
                "UPDATE runs SET task_id = coalesce(task_id, ?2), run_type = coalesce(run_type, ?3)
                    WHERE run_no = ?1",
            )
            .bind(state.run_no)
            .bind(delta.labels.task_id.clone())
            .bind(delta.labels.run_type.clone())
            .execute(&mut *self.db)
            .await?;
        }
        let runs = self.touched.into_iter().map(|(run, RunChanges { state, .. })| (run, state)).collect();
        Ok(Written { runs, events: self.written, deleted: self.deleted, visible: self.visible })
    }
}
