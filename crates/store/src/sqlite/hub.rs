//! What only the origin's paths ask for.

use gauntlet_model::{Object, RunId};
use serde::Deserialize;
use sqlx::{Row as _, SqlitePool};

use super::complete::Complete;
use super::fault::{corrupt, fault};
use crate::{Session, StoreError};

/// Of a snapshot, its metadata alone.
#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    metadata: Object,
}

/// Every run that has a scored snapshot, the oldest first.
pub(crate) async fn sessions(readers: &SqlitePool) -> Result<Vec<Session>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.id, e.body, p.steps FROM progress p JOIN runs r USING (run_no)
         JOIN events e ON e.place = p.last_step_place ORDER BY p.run_no",
    )
    .all(readers)
    .await
    .map_err(fault)?;
    let session = |row: &sqlx::sqlite::SqliteRow| {
        let run: String = row.try_get(0).map_err(fault)?;
        let steps: i64 = row.try_get(2).map_err(fault)?;
        // A snapshot that cannot be read hides no session, not even its own.
        let body: Option<&str> = row.try_get(1).ok();
        let described = body.and_then(|body| serde_json::from_str(body).ok());
        let described = described.unwrap_or(Described { metadata: Object::new() });
        Ok(Session {
            run: RunId::new(run).map_err(corrupt)?,
            metadata: described.metadata,
            steps: steps.unsigned_abs(),
        })
    };
    rows.iter().map(session).collect()
}

/// The newest run that named this task and this sort of run.
pub(crate) async fn newest_of_task(
    readers: &SqlitePool,
    task_id: &str,
    run_type: &str,
) -> Result<Option<RunId>, StoreError> {
    let found: Option<String> =
        sqlx::query("SELECT id FROM runs WHERE task_id = ?1 AND run_type = ?2 ORDER BY run_no DESC LIMIT 1")
            .bind(task_id)
            .bind(run_type)
            .value(readers)
            .await
            .map_err(fault)?;
    found.map(RunId::new).transpose().map_err(corrupt)
}
