//! Writers of a run: they report that they live and how they ended; the server decides when the run has
//! ended.

use axum::extract::State;
use gauntlet_engine::clock::now;
use gauntlet_model::{WriterAnswer, WriterId, WriterReport};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::{Json, Path, RunPath};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Largest report, bytes: a summary is small.
const REPORT_BYTES: usize = 1 << 20;

/// The part of the path that names a writer.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WriterPart {
    /// The writer's id: 1 to 64 bytes.
    writer: String,
}

/// PUT `/runs/{run}/writers/{writer}`: 200 with the run's status and its writers, 404 where there is no such
/// run, 410 where it was deleted. Safe to repeat.
pub async fn report(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Path(part): Path<WriterPart>,
    Json(report): Json<WriterReport, REPORT_BYTES>,
) -> Result<Json<WriterAnswer>, ApiError> {
    let writer = WriterId::new(part.writer)?;
    report.check()?;
    Ok(Json(state.store.put_writer(&run, &writer, report, now()).await?))
}

/// How [`report`] is described.
pub fn report_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Report that a writer lives, or has ended")
        .description(
            "Each process that writes a run draws an id (12 hexadecimal digits) and reports `running` when \
             it begins and then every `interval_secs` (10 where it is absent), and `finished` once \
             everything it wrote was delivered. When the last writer that runs has finished, the server \
             appends `run.finished`: the worst `status` of those that finished (failed, timed_out, \
             cancelled, completed), the `summary` of the last, the `exit_code` inside of it. A writer not \
             heard of for three intervals is lost and is not waited for. Where all are lost and none \
             finished, the run's `contact` says `lost`. A writer that begins in a run that has ended sets it \
             `running` again.",
        )
        .status(200, "Noted.")
        .status(410, "The run was deleted; stop sending for it.")
}
