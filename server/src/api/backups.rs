//! Backups: start one, list them.

use axum::extract::State;
use gauntlet_api::{BackupRequest, Page};
use gauntlet_model::Backup;

use super::Accepted;
use crate::error::ApiError;
use crate::extract::{Caller, Json};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Who asks where nobody is asked for a key.
const LOCAL: &str = "local";

/// GET `/backups`.
pub async fn list(State(state): State<AppState>) -> Result<Json<Page<Backup>>, ApiError> {
    Ok(Json(Page { items: state.backups.list().await?, next_cursor: None }))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Server", "List the backups")
        .description("Those that the servers of this database made, make or are to make: the newest 200.")
        .status(200, "The backups, the newest first.")
}

/// POST `/backups`: 202.
pub async fn create(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Json(asked): Json<BackupRequest>,
) -> Result<Accepted<Backup>, ApiError> {
    Ok(Accepted(state.backups.ask(asked.kind, &caller.author(None, LOCAL)).await?))
}

/// How [`create`] is described.
pub fn create_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Server", "Make a backup now")
        .description(
            "Into the folder that is configured, while writers go on. One at a time is made; the list says \
             how it goes.",
        )
        .status(202, "A server makes it now.")
        .status(409, "One is waiting or going on already, or no folder for backups is configured.")
}
