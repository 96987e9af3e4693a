//! Named lists of runs: list, save, rename, delete.

use axum::extract::State;
use gauntlet_api::{ListViewQuery, ListViewRename, ListViewRequest, Page};
use gauntlet_engine::clock::now;
use gauntlet_model::ListView;
use schemars::JsonSchema;
use serde::Deserialize;

use super::NoContent;
use crate::error::ApiError;
use crate::extract::{Json, Path, Query};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// The part of the path that names a view.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ViewPart {
    /// The view's name.
    name: String,
}

/// GET `/views?project=`.
pub async fn list(
    State(state): State<AppState>,
    Query(of): Query<ListViewQuery>,
) -> Result<Json<Page<ListView>>, ApiError> {
    let items = state.store.list_views(&of.project).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "List the named lists of runs")
        .description("Those of a project, or of the list of all runs; at most 200, on one page.")
        .status(200, "The views, by name.")
}

/// PUT `/views/{name}?project=`.
pub async fn put(
    State(state): State<AppState>,
    Path(part): Path<ViewPart>,
    Query(of): Query<ListViewQuery>,
    Json(asked): Json<ListViewRequest>,
) -> Result<Json<ListView>, ApiError> {
    let view = ListView { name: part.name, query: asked.query, saved_at: now() };
    state.store.put_list_view(&of.project, view.clone()).await?;
    Ok(Json(view))
}

/// How [`put`] is described.
pub fn put_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Name a list of runs")
        .description("Saves what the address of a list says, in place of another view of that name.")
        .status(200, "Saved.")
        .status(422, "The name or the query cannot be stored.")
}

/// PATCH `/views/{name}?project=`: 204.
pub async fn rename(
    State(state): State<AppState>,
    Path(part): Path<ViewPart>,
    Query(of): Query<ListViewQuery>,
    Json(asked): Json<ListViewRename>,
) -> Result<NoContent, ApiError> {
    state.store.rename_list_view(&of.project, &part.name, &asked.name).await?;
    Ok(NoContent)
}

/// How [`rename`] is described.
pub fn rename_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Rename a list of runs")
        .status(204, "Renamed.")
        .status(404, "There is no view of that name.")
        .status(409, "There is a view of the new name already.")
}

/// DELETE `/views/{name}?project=`: 204.
pub async fn delete(
    State(state): State<AppState>,
    Path(part): Path<ViewPart>,
    Query(of): Query<ListViewQuery>,
) -> Result<NoContent, ApiError> {
    state.store.delete_list_view(&of.project, &part.name).await?;
    Ok(NoContent)
}

/// How [`delete`] is described.
pub fn delete_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Delete a named list of runs")
        .status(204, "Deleted.")
        .status(404, "There is no view of that name.")
}
