//! Writers of a run: they report that they live and how they ended; the server decides when the run has ended.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gauntlet_model::{WriterAnswer, WriterId, WriterReport};

use super::run_id;
use crate::body;
use crate::error::ApiError;
use crate::extract::Path;
use crate::state::{AppState, now};

/// Largest report, bytes: a summary is small.
const REPORT_BYTES: usize = 1 << 20;

/// PUT `/runs/{run}/writers/{writer}`: 200 with the run's status and its writers, 404 where there is no such run, 410
/// where it was deleted. Safe to repeat.
pub async fn report(
    State(state): State<AppState>,
    Path((run, writer)): Path<(String, String)>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<Json<WriterAnswer>, ApiError> {
    let run = run_id(&run)?;
    let writer = WriterId::new(writer)?;
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes.min(REPORT_BYTES)).await?;
    let report: WriterReport = body::json(&bytes)?;
    report.check()?;
    Ok(Json(state.store.put_writer(&run, &writer, report, now()).await?))
}
