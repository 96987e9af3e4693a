//! Whether the process runs, and whether it can write.

use std::time::Duration;

use axum::extract::State;
use gauntlet_api::{Health, Readiness};

use crate::error::ApiError;
use crate::extract::Json;
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// The longest wait for the log; longer, and the server is not ready.
const LOG_TIMEOUT: Duration = Duration::from_secs(3);

/// GET `/healthz`: the process runs.
pub async fn alive(State(state): State<AppState>) -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        up_secs: state.started.elapsed().as_secs(),
    })
}

/// How [`alive`] is described.
pub fn alive_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Server", "Whether it runs").status(200, "It runs.")
}

/// GET `/readyz`: the log takes writes, in its folder and in time; 503 where it does not.
pub async fn ready(State(state): State<AppState>) -> Result<Json<Readiness>, ApiError> {
    check(&state).await?;
    Ok(Json(Readiness { status: "ready".to_owned() }))
}

/// Whether the log takes writes, in its folder and in time.
pub(crate) async fn check(state: &AppState) -> Result<(), ApiError> {
    let answered = tokio::time::timeout(LOG_TIMEOUT, state.store.ping()).await;
    Ok(answered.map_err(|_| ApiError::unavailable("the log does not answer"))??)
}

/// How [`ready`] is described.
pub fn ready_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Server", "Whether it can write")
        .status(200, "It can.")
        .status(503, "The log cannot be written now.")
}
