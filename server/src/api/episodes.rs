//! Episodes of a run: what was attempted, how it ended, how its steps were scored.

use axum::extract::State;
use gauntlet_api::{Episode, EpisodeListQuery, Page};

use crate::error::ApiError;
use crate::extract::{Json, Query, RunPath};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// GET `/runs/{run}/episodes`: in the order of their first events, those that were begun before those that
/// only have scores. The cursor is the last episode of the page before.
pub async fn list(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Query(query): Query<EpisodeListQuery>,
) -> Result<Json<Page<Episode>>, ApiError> {
    Ok(Json(state.films.episodes(&run, &query).await?))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "List the episodes of a run").status(200, "A page.")
}
