//! Whether the process lives, and whether it can write.

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

/// GET `/readyz`: the log takes writes; 503 where it does not.
pub async fn ready(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    state.store.ping().await?;
    Ok(Json(json!({ "status": "ready" })))
}
