//! API keys: create, list, revoke.

use axum::extract::State;
use gauntlet_api::{CreatedKey, KeyRequest, Page};
use gauntlet_engine::clock::now;
use gauntlet_engine::keys;
use gauntlet_model::ApiKey;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Created;
use crate::error::ApiError;
use crate::extract::{Caller, Json, Path};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Who creates and revokes keys where nobody is asked for one.
const LOCAL: &str = "local";

/// The part of the path that names a key.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct KeyPart {
    /// The key's id.
    id: String,
}

/// GET `/keys`.
pub async fn list(State(state): State<AppState>) -> Result<Json<Page<ApiKey>>, ApiError> {
    Ok(Json(Page { items: keys::list(&state.store).await?, next_cursor: None }))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Keys", "List the API keys")
        .description("All of them on one page, those that are revoked or have expired included.")
        .status(200, "The keys, the newest first, without their secrets.")
}

/// POST `/keys`: 201 with the secret.
pub async fn create(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Json(asked): Json<KeyRequest>,
) -> Result<Created<CreatedKey>, ApiError> {
    let by = caller.author(None, LOCAL);
    let (created, stored) = keys::create(&state.store, asked, &by, now()).await?;
    state.access.put(stored);
    Ok(Created(created))
}

/// How [`create`] is described.
pub fn create_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Keys", "Create an API key")
        .description("`secret` is what its holder presents. It is answered here only, and not stored.")
        .status(201, "Created; in force at once.")
        .status(422, "A field breaks a rule; nothing was created.")
}

/// DELETE `/keys/{id}`.
pub async fn revoke(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Path(part): Path<KeyPart>,
) -> Result<Json<ApiKey>, ApiError> {
    let at = now();
    let key = keys::revoke(&state.store, &part.id, &caller.author(None, LOCAL), at).await?;
    state.access.revoke(&part.id, at);
    Ok(Json(key))
}

/// How [`revoke`] is described.
pub fn revoke_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Keys", "Revoke an API key")
        .description("It is refused from now on, and the sessions that began with it end. It stays listed.")
        .status(200, "Revoked.")
        .status(404, "There is no key of that id.")
}
