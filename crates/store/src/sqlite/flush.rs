//! Writes a group's events and projections: many rows a statement, a few statement shapes, all prepared once.

use std::sync::{Arc, LazyLock};

use gauntlet_model::Severity;
use sqlx::AssertSqlSafe;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};

use super::body;
use super::fault::TxnError;
use super::group::{Delta, Group, PendingEvent, RunChanges, RunState, Written};
use super::step_column;

/// Rows a statement, the most first: any count is a sum of these, so only these shapes are ever prepared.
const SIZES: [usize; 4] = [100, 20, 5, 1];

const EVENT_COLUMNS: usize = 13;
static INSERT_EVENTS: LazyLock<[Arc<str>; 4]> = LazyLock::new(|| {
    let head = "INSERT INTO events (place, run_no, id, received_at, at, kind, version, episode, step, root, \
                failure, origin, body) VALUES ";
    shapes(head, EVENT_COLUMNS, "")
});

const PROGRESS_COLUMNS: usize = 21;
static MERGE_PROGRESS: LazyLock<[Arc<str>; 4]> = LazyLock::new(|| {
    let head = "INSERT INTO progress (run_no, status, updated_at, head, steps, episodes, failing, \
                scored_count, mean_root, root_sum, last_root, last_root_place, top_step, last_step, \
                last_step_place, max_step, contact_at, contact_lost, evidence, alerts, \
                alert_severity) VALUES ";
    let merge = " ON CONFLICT (run_no) DO UPDATE SET
        status = excluded.status,
        updated_at = max(updated_at, excluded.updated_at),
        head = excluded.head,
        steps = excluded.steps,
        episodes = episodes + excluded.episodes,
        failing = excluded.failing,
        scored_count = excluded.scored_count,
        mean_root = excluded.mean_root,
        root_sum = excluded.root_sum,
        last_root = excluded.last_root,
        last_root_place = excluded.last_root_place,
        top_step = excluded.top_step,
        last_step_place = CASE WHEN excluded.last_step >= coalesce(last_step, 0)
            THEN excluded.last_step_place ELSE last_step_place END,
        last_step = CASE WHEN excluded.last_step >= coalesce(last_step, 0)
            THEN excluded.last_step ELSE last_step END,
        max_step = CASE WHEN excluded.max_step > coalesce(max_step, -1)
            THEN excluded.max_step ELSE max_step END,
        contact_at = coalesce(excluded.contact_at, contact_at),
        contact_lost = excluded.contact_lost,
        evidence = excluded.evidence,
        alerts = excluded.alerts,
        alert_severity = excluded.alert_severity";
    shapes(head, PROGRESS_COLUMNS, merge)
});

pub(super) fn shapes(head: &str, columns: usize, tail: &str) -> [Arc<str>; 4] {
    SIZES.map(|rows| {
        let row = format!("({})", vec!["?"; columns].join(","));
        Arc::from(format!("{head}{}{tail}", vec![row; rows].join(",")))
    })
}

pub(super) type Bound = Query<'static, Sqlite, SqliteArguments>;

/// Runs one statement for every full chunk of the largest size, then of the next, down to single rows.
pub(super) async fn write_all<T>(
    db: &mut SqliteConnection,
    shapes: &[Arc<str>; 4],
    mut rows: &[T],
    bind: impl Fn(Bound, &T) -> Bound,
) -> Result<(), TxnError> {
    for (size, sql) in SIZES.into_iter().zip(shapes) {
        while rows.len() >= size {
            let (chunk, rest) = rows.split_at(size);
            rows = rest;
            let statement = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
            chunk.iter().fold(statement, &bind).execute(&mut *db).await?;
        }
    }
    Ok(())
}

fn bind_event(statement: Bound, staged: &PendingEvent) -> Bound {
    let row = &staged.row;
    statement
        .bind(staged.place)
        .bind(staged.run_no)
        .bind(row.id.to_vec())
        .bind(staged.received_at)
        .bind(row.at)
        .bind(row.kind.as_str())
        .bind(i64::from(row.kind.version()))
        .bind(row.episode.clone())
        .bind(row.step.map(step_column))
        .bind(staged.root)
        .bind(staged.failure.map(|f| f.as_str()))
        .bind(row.origin.then_some(1_i64))
        .bind(body::column(&row.body))
}

fn bind_progress(statement: Bound, (state, delta): &(&RunState, &Delta)) -> Bound {
    let totals = &state.totals;
    statement
        .bind(state.run_no)
        .bind(state.status.as_str())
        .bind(delta.updated_at)
        .bind(state.head as i64)
        .bind(totals.steps as i64)
        .bind(delta.episodes as i64)
        .bind(totals.failing as i64)
        .bind(totals.roots.count() as i64)
        .bind(totals.roots.mean().unwrap_or_default())
        .bind(totals.root_sum())
        .bind(totals.last_root.map(|(root, _)| root))
        .bind(totals.last_root.map(|(_, place)| place))
        .bind(totals.top_step.map(step_column))
        .bind(delta.last_step.map(|(step, _)| step_column(step)))
        .bind(delta.last_step.map(|(_, place)| place))
        .bind(delta.max_step.map(step_column))
        .bind(delta.contact_at)
        .bind(i64::from(delta.contact_lost))
        .bind(i64::from(state.evidence.bits()))
        .bind(state.alerts as i64)
        .bind(state.alert_severity.map(Severity::as_str))
}

impl Group<'_> {
    /// Writes the events staged so far.
    pub(super) async fn write_events(&mut self) -> Result<(), TxnError> {
        self.follow_episodes().await?;
        self.revisit().await?;
        let staged = std::mem::take(&mut self.staged);
        write_all(self.db, &INSERT_EVENTS, &staged, bind_event).await?;
        self.written.extend(staged);
        self.rejudge().await
    }

    /// Writes everything; what is left is to commit.
    pub(super) async fn finish(mut self) -> Result<Written, TxnError> {
        self.write_events().await?;
        let changed: Vec<(&RunState, &Delta)> =
            self.touched.values().filter_map(|t| Some((&t.state, t.delta.as_ref()?))).collect();
        write_all(self.db, &MERGE_PROGRESS, &changed, bind_progress).await?;
        for (state, delta) in changed {
            if delta.labels.task_id.is_none() && delta.labels.run_type.is_none() {
                continue;
            }
            sqlx::query(
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
