//! Import: a file in one request, or in slices that a killed client goes on with.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use gauntlet_model::RunId;
use serde::{Deserialize, Serialize};

use crate::body;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;
use gauntlet_engine::imports::{Announced, Phase, Reading, View};

/// The file's name, which names the run, and how the file is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    name: Option<String>,
    #[serde(default)]
    map: String,
    #[serde(default)]
    partial: bool,
}

/// What an import made.
#[derive(Debug, Serialize, Deserialize)]
pub struct Imported {
    /// The new run.
    pub run: RunId,
    /// Its name.
    pub name: String,
    /// Scored steps.
    pub steps: u64,
    /// Episodes.
    pub episodes: u64,
    /// What was unusual in the file, though it could be read.
    pub warnings: Vec<String>,
}

impl Imported {
    /// What came of a file, once it is done.
    pub fn of(view: &View) -> Option<Self> {
        let run = view.run.clone().filter(|_| view.phase == Phase::Done)?;
        let (name, warnings) = (view.run_name.clone(), view.warnings.clone());
        Some(Self { run, name, steps: view.steps, episodes: view.episodes, warnings })
    }
}

/// POST `/import?name=&map=&partial=`: the body is the whole file.
pub async fn post(
    State(state): State<AppState>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<impl IntoResponse, ApiError> {
    let bytes = body::read_bytes(&state.memory, &headers, raw, state.limits.import_bytes).await?;
    let name = named.name.filter(|n| !n.trim().is_empty()).unwrap_or_else(|| "imported".to_owned());
    let reading = Reading { map: named.map, partial: named.partial };
    let view = state.imports.import(name, bytes, reading).await?;
    let imported = Imported::of(&view)
        .ok_or_else(|| ApiError::new(StatusCode::GONE, "cancelled", "the import was given up"))?;
    Ok((StatusCode::CREATED, Json(imported)))
}

/// POST `/imports` `{name, size_bytes?, key?, map?, partial?}`: announces a file that comes in slices. 201, or 200 with how far it
/// has come where a file of that key is under way.
pub async fn announce(
    State(state): State<AppState>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<impl IntoResponse, ApiError> {
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes).await?;
    let announced: Announced = body::json(&bytes)?;
    let (view, new) = state.imports.announce(announced).await?;
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}

/// Where a slice begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    offset: u64,
    #[serde(default)]
    last: bool,
}

/// PUT `/imports/{id}?offset=&last=`: the body is a slice. 409 says where the next one begins.
pub async fn receive(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(slice): Query<Slice>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<Json<View>, ApiError> {
    let bytes = body::read_bytes(&state.memory, &headers, raw, state.limits.body_bytes).await?;
    Ok(Json(state.imports.receive(&id, slice.offset, slice.last, &bytes).await?))
}

/// GET `/imports`: every file under way, the oldest first.
pub async fn list(State(state): State<AppState>) -> impl IntoResponse {
    Json(serde_json::json!({ "items": state.imports.list() }))
}

/// GET `/imports/{id}`: how far a file has come.
pub async fn read(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<View>, ApiError> {
    Ok(Json(state.imports.view(&id)?))
}

/// DELETE `/imports/{id}`: forgets a file that is done; gives up one that is not, and its run with it.
pub async fn remove(State(state): State<AppState>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    state.imports.remove(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
