//! Histories of rubrics and measurements, thinned so that no spike is lost: of one run, or of several.

use axum::extract::State;
use gauntlet_api::{Series, SeriesBatch, SeriesQuery, SeriesRequest};
use gauntlet_engine::series;

use crate::error::ApiError;
use crate::extract::{Json, Query, RunPath};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// GET `/runs/{run}/series`: of a rubric, or of a measurement. `from` and `to` are steps, both included.
pub async fn read(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Query(query): Query<SeriesQuery>,
) -> Result<Json<Series>, ApiError> {
    Ok(Json(state.films.series(&run, query).await?))
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Film", "A rubric's history")
        .description("Thinned so that every minimum and maximum stays.")
        .status(200, "The history.")
        .status(
            422,
            "The run has no such rubric; the message names those it has. Or a number is out of range.",
        )
}

/// POST `/series`: many histories of many runs in one answer. Changes nothing; the request is a body for its
/// length.
pub async fn batch(
    State(state): State<AppState>,
    Json(request): Json<SeriesRequest>,
) -> Result<Json<SeriesBatch>, ApiError> {
    Ok(Json(series::read(&state.films, &request).await?))
}

/// How [`batch`] is described.
pub fn batch_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Film", "Histories of several runs")
        .description(
            "What charts draw: of each run and path the mean and the range over the rollouts of each step, \
             in columns, thinned so that every minimum and maximum stays. The answer also names the paths \
             of each run.",
        )
        .status(200, "The histories.")
        .status(404, "There is no such run.")
        .status(
            422,
            "More is asked for than one answer may hold, none of the runs has such a path, or a number is \
             out of range; `details` names the field.",
        )
}
