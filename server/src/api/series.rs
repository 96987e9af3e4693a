//! A rubric's history, thinned so that no spike is lost.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use gauntlet_model::FieldError;
use serde::Deserialize;
use serde_json::json;

use super::run_id;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// Which rubric, which steps, how many points at most.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesQuery {
    path: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
    points: Option<u32>,
}

/// GET `/runs/{run}/series?path=&from=&to=&points=`: `from` and `to` are steps, both included.
pub async fn read(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(query): Query<SeriesQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let id = run_id(&run)?;
    let path = query.path.as_deref().unwrap_or("root");
    let points = query.points.unwrap_or(2000).clamp(2, 20_000);
    let film = state.films.get(&id).await?;
    let film = film.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(rubric) = film.paths().iter().find(|p| p.path == path).map(|p| p.id) else {
        let known: Vec<_> = film.paths().iter().map(|p| p.path.as_str()).collect();
        let message = format!("{path:?} is not a rubric of this run; it has: {}", known.join(", "));
        return Err(ApiError::invalid(&FieldError::new("path", message)));
    };
    let (first, last) = (query.from.unwrap_or(0), query.to.unwrap_or(u64::MAX));
    let measured = film.measurements(rubric, first, last, points as usize);
    if !measured.is_empty() {
        let points: Vec<_> =
            measured.iter().map(|m| json!({ "step": m.step, "value": m.value, "failed": false })).collect();
        return Ok(Json(json!({ "path": path, "points": points, "head": film.head() })));
    }
    let from = query.from.map_or(0, |step| film.position_of(step));
    let to = query.to.map_or(film.len(), |step| film.position_of(step.saturating_add(1)));
    let series = film.series(rubric, from, to, points as usize);
    let series: Vec<_> =
        series.iter().map(|p| json!({ "step": p.step, "value": p.value, "failed": p.failed })).collect();
    Ok(Json(json!({ "path": path, "points": series, "head": film.head() })))
}
