//! What only the origin's paths ask for.

use std::sync::Arc;

use gauntlet_model::{Object, RunId, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::body;
use super::columns::DbRow;
use super::connection::Pool;
use super::fault::{TxnError, corrupt, fault};
use super::group::Group;
use super::query::query;
use super::step_column;
use crate::row::Row;
use crate::{Appended, OriginSession, StoreError};

impl Group<'_> {
    /// Appends a snapshot that an origin client posted, unless the log has the very same of that step: such
    /// clients post again what was answered too late. A changed one is an event of its own, and what is shown
    /// from then on.
    pub(super) async fn post(
        &mut self,
        run: &RunId,
        rows: &[Arc<Row>; 1],
        now: Timestamp,
    ) -> Result<Appended, TxnError> {
        let [row] = rows;
        let state = self.existing(run).await?;
        let is_same = |body: &str| body == &*row.body || same_json(body, &row.body);
        let staged = self.staged.iter().filter(|staged| staged.run_no == state.run_no);
        let mut is_repeat =
            staged.filter(|s| s.row.origin && s.row.step == row.step).any(|s| is_same(&s.row.body));
        if !is_repeat {
            let posted = query("SELECT body FROM events WHERE run_no = ?1 AND step = ?2 AND origin = 1")
                .bind(state.run_no)
                .bind(row.step.map(step_column))
                .all(&mut *self.db)
                .await?;
            is_repeat = posted.iter().filter_map(|row| body::of(row, "body").ok()).any(|body| is_same(&body));
        }
        match is_repeat {
            true => Ok(Appended { duplicates: 1, ..Appended::default() }),
            false => self.stage(run, rows, now).await,
        }
    }
}

/// Whether two texts are the same JSON: the order of keys does not matter.
fn same_json(one: &str, other: &str) -> bool {
    match (serde_json::from_str::<Value>(one), serde_json::from_str::<Value>(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Of a snapshot, its metadata alone.
#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    metadata: Object,
}

/// Every run that has a scored snapshot, the oldest first.
pub(crate) async fn sessions(readers: &Pool) -> Result<Vec<OriginSession>, StoreError> {
    let rows = query(
        "SELECT r.id, e.body, p.steps FROM progress p JOIN runs r USING (run_no)
         JOIN events e ON e.place = p.last_step_place ORDER BY p.run_no",
    )
    .all(readers)
    .await
    .map_err(fault)?;
    let session = |row: &DbRow| {
        let run: String = row.try_get("id").map_err(fault)?;
        let steps: i64 = row.try_get("steps").map_err(fault)?;
        // A snapshot that cannot be read hides no session, not even its own.
        let body = body::of(row, "body").ok();
        let described = body.and_then(|body| serde_json::from_str(&body).ok());
        let described = described.unwrap_or(Described { metadata: Object::new() });
        Ok(OriginSession {
            run: RunId::new(run).map_err(corrupt)?,
            metadata: described.metadata,
            steps: steps.unsigned_abs(),
        })
    };
    rows.iter().map(session).collect()
}

/// The newest run that named this task and this sort of run.
pub(crate) async fn newest_of_task(
    readers: &Pool,
    task_id: &str,
    run_type: &str,
) -> Result<Option<RunId>, StoreError> {
    let found: Option<String> =
        query("SELECT id FROM runs WHERE task_id = ?1 AND run_type = ?2 ORDER BY run_no DESC LIMIT 1")
            .bind(task_id)
            .bind(run_type)
            .value(readers)
            .await
            .map_err(fault)?;
    found.map(RunId::new).transpose().map_err(corrupt)
}
