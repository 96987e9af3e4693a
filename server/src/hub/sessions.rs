//! `GET /gauntlet/sessions` and `GET /gauntlet/data/{sid}`.

use axum::Json;
use axum::extract::State;
use gauntlet_model::RunId;
use serde_json::{Value, json};

use super::snapshots;
use crate::error::ApiError;
use crate::extract::Path;
use crate::state::AppState;

/// Every session with the metadata of its last step and its number of steps.
pub async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let sessions: Vec<_> = state
        .store
        .sessions()
        .await?
        .into_iter()
        .map(|s| json!({ "session_id": s.run, "metadata": s.metadata, "step_count": s.steps }))
        .collect();
    Ok(Json(json!({ "sessions": sessions })))
}

/// A session's snapshots by step; an unknown session has none.
pub async fn data(State(state): State<AppState>, Path(sid): Path<String>) -> Result<Json<Value>, ApiError> {
    let snapshots = match RunId::new(&sid) {
        Ok(run) => snapshots(&state.store, &run).await?.0,
        Err(_) => Vec::new(),
    };
    Ok(Json(json!({ "session_id": sid, "snapshots": snapshots })))
}
