//! Runs: create, list, read, change, delete.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gauntlet_model::{RunPatch, RunSpec, Status};
use gauntlet_store::{RunQuery, Sort};
use serde::{Deserialize, Serialize};

use super::paging::Limit;
use super::{run_id, summary};
use crate::body;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::{AppState, new_run_id, now};

/// POST `/runs`: 201 with the run; 200 where it exists with the same content; 409 with other content.
pub async fn create(
    State(state): State<AppState>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<Response, ApiError> {
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes).await?;
    let spec: RunSpec = body::json(&bytes)?;
    let id = match &spec.id {
        Some(id) => id.clone(),
        None => new_run_id()?,
    };
    let created = state.store.create_run(spec, id, now()).await?;
    let status = if created.new { StatusCode::CREATED } else { StatusCode::OK };
    let place = format!("/api/v1/runs/{}", created.run.id);
    let mut response = (status, Json(created.run)).into_response();
    if let Ok(place) = place.parse() {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// What a list can be narrowed by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    cursor: Option<String>,
    #[serde(default)]
    limit: Limit<50, 200>,
    project: Option<String>,
    status: Option<String>,
    q: Option<String>,
    tag: Option<String>,
    sort: Option<String>,
}

/// GET `/runs`: a page, newest first.
pub async fn list(
    State(state): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let status = query.status.filter(|s| !s.is_empty()).map(|s| s.parse::<Status>()).transpose()?;
    let sort = query.sort.filter(|s| !s.is_empty()).map(|s| s.parse::<Sort>()).transpose()?;
    let page = state
        .store
        .runs(RunQuery {
            cursor: query.cursor.filter(|c| !c.is_empty()),
            limit: query.limit.get(),
            project: query.project,
            status,
            q: query.q,
            tag: query.tag,
            sort: sort.unwrap_or_default(),
        })
        .await?;
    #[derive(Serialize)]
    struct Listed<T> {
        items: Vec<T>,
        next_cursor: Option<String>,
    }
    Ok(Json(Listed { items: page.items, next_cursor: page.next_cursor }))
}

/// GET `/runs/{run}`.
pub async fn read(
    State(state): State<AppState>,
    Path(run): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    summary(&state.store, &run).await.map(Json)
}

/// PATCH `/runs/{run}`: name, tags, notes, status, rules.
pub async fn change(
    State(state): State<AppState>,
    Path(run): Path<String>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<impl IntoResponse, ApiError> {
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes).await?;
    let patch: RunPatch = body::json(&bytes)?;
    patch.check()?;
    let (id, has_rules) = (run_id(&run)?, patch.rules.is_some());
    let changed = state.store.patch_run(&id, patch, now()).await?;
    if has_rules {
        state.rule_changes.publish(&id);
    }
    Ok(Json(changed))
}

/// The name said back, so that nobody deletes the wrong run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    name: Option<String>,
}

/// DELETE `/runs/{run}?name=`: 204. The name must be the run's.
pub async fn delete(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(confirm): Query<Confirm>,
) -> Result<StatusCode, ApiError> {
    let found = summary(&state.store, &run).await?;
    let id = &found.id;
    if confirm.name.as_deref() != Some(found.name.as_str()) {
        let said = confirm.name.unwrap_or_default();
        let message =
            format!("deleting asks for the run's name: ?name= says {said:?}, the run is {:?}", found.name);
        return Err(ApiError::new(StatusCode::CONFLICT, "name_mismatch", message));
    }
    tracing::warn!(target: "audit", run = %id, name = found.name, events = found.head, "run deleted");
    state.store.delete_run(id, now()).await?;
    state.films.forget(id);
    Ok(StatusCode::NO_CONTENT)
}
