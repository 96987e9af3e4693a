//! Whether the process lives, and whether it can write.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::state::AppState;

/// GET `/healthz`: alive.
pub async fn alive(State(state): State<AppState>) -> Json<Value> {
    let up_secs = state.started.elapsed().as_secs();
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION"), "up_secs": up_secs }))
}

/// The longest wait for the log; longer, and the server is not ready.
const PATIENCE: Duration = Duration::from_secs(3);

/// GET `/readyz`: the log takes writes, in its folder and in time; 503 where it does not.
pub async fn ready(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let answered = tokio::time::timeout(PATIENCE, state.store.ping()).await;
    answered.map_err(|_| ApiError::unavailable("the log does not answer"))??;
    Ok(Json(json!({ "status": "ready" })))
}
