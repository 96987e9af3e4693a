//! Histories of rubrics and measurements, thinned so that no spike is lost: of one run, or of several.

use std::sync::PoisonError;

use axum::extract::State;
use gauntlet_api::{Series, SeriesBatch, SeriesPoint, SeriesQuery, SeriesRequest};
use gauntlet_engine::series;
use gauntlet_model::FieldError;

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
    let path = query.path.unwrap_or_else(|| "root".to_owned());
    let most = query.points.get("points")? as usize;
    let film = state.films.get(&run).await?;
    let film = film.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(rubric) = film.paths().iter().find(|p| p.path == path).map(|p| p.id) else {
        let known: Vec<_> = film.paths().iter().map(|p| p.path.as_str()).collect();
        let message = format!("{path:?} is not a rubric of this run; it has: {}", known.join(", "));
        return Err(FieldError::new("path", message).into());
    };
    let (first, last) = (query.from.unwrap_or(0), query.to.unwrap_or(u64::MAX));
    let measured = film.measurements(rubric, first, last, most);
    let points = if measured.is_empty() {
        let from = query.from.map_or(0, |step| film.position_of(step));
        let to = query.to.map_or(film.len(), |step| film.position_of(step.saturating_add(1)));
        let series = film.series(rubric, from, to, most);
        series.iter().map(|p| SeriesPoint { step: p.step, value: p.value, failed: p.failed }).collect()
    } else {
        measured.iter().map(|m| SeriesPoint { step: m.step, value: m.value, failed: false }).collect()
    };
    Ok(Json(Series { path, points, head: film.head() }))
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
        .status(
            422,
            "More is asked for than one answer may hold, none of the runs has such a path, or a number is \
             out of range; `details` names the field.",
        )
}
