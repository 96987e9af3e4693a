//! Runs: create, list, read, change, delete.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::{ListedRun, Page, RunColumns, RunColumnsQuery, RunDeleteQuery, RunListQuery};
use gauntlet_engine::clock::{new_run_id, now};
use gauntlet_model::{DEFAULT_PROJECT, FieldError, RunId, RunPatch, RunSpec, RunSummary, Status};
use gauntlet_store::{Conditions, Order, RunColumn, RunField, RunQuery};

use super::NoContent;
use crate::access::may_project;
use crate::error::ApiError;
use crate::extract::{Caller, Json, LoadedRun, Query, RunPath};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// POST `/runs`: 201 with the run and its `Location`; 200 where it exists with the same content; 409 with
/// other content.
pub async fn create(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Json(spec): Json<RunSpec>,
) -> Result<Response, ApiError> {
    let id = match &spec.id {
        Some(id) => id.clone(),
        None => new_run_id()?,
    };
    may_project(&caller, spec.project.as_deref().unwrap_or(DEFAULT_PROJECT))?;
    let created = state.store.create_run(spec, id, now()).await?;
    let status = if created.new { StatusCode::CREATED } else { StatusCode::OK };
    let place = format!("/api/v1/runs/{}", created.run.id);
    let mut response = (status, Json::<RunSummary>(created.run)).into_response();
    if let Ok(place) = place.parse() {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// How [`create`] is described.
pub fn create_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Create a run")
        .description(
            "Safe to repeat: the same id with the same content answers 200 and changes nothing. A run that \
             was deleted is created again.",
        )
        .json::<RunSummary>(201)
        .status(201, "Created.")
        .json::<RunSummary>(200)
        .status(200, "It was there already, with the same content.")
        .status(409, "There is a run of that id with other content.")
}

/// Most columns of a list.
const MAX_COLUMNS: usize = 40;
/// Most keys of configurations, and most paths, that are named as columns.
const MAX_NAMED: u32 = 1_000;

/// The columns that a text names.
///
/// # Errors
///
/// Where one is not a column, where one is there twice, or where there are too many.
pub fn columns(text: &str) -> Result<Vec<RunColumn>, FieldError> {
    let columns = RunColumn::list("columns", text)?;
    match columns.len() {
        count if count > MAX_COLUMNS => Err(FieldError::new(
            "columns",
            format!("has {count} columns; at most {MAX_COLUMNS} can be shown"),
        )),
        _ => Ok(columns),
    }
}

/// GET `/runs`: a page, newest first.
pub async fn list(
    State(state): State<AppState>,
    Query(query): Query<RunListQuery>,
) -> Result<Json<Page<ListedRun>>, ApiError> {
    let columns = query.columns.map(|text| columns(&text)).transpose()?.unwrap_or_default();
    let names: Vec<String> = columns.iter().map(RunColumn::to_string).collect();
    let page = state
        .store
        .runs(RunQuery {
            cursor: query.cursor,
            limit: query.limit.get("limit")?,
            project: query.project,
            status: query.status.map(|word| word.parse::<Status>()).transpose()?,
            q: query.q,
            tag: query.tag,
            filter: query.filter.map(|text| text.parse::<Conditions>()).transpose()?.unwrap_or_default(),
            group: None,
            order: query.sort.map(|word| word.parse::<Order>()).transpose()?.unwrap_or_default(),
            columns,
        })
        .await?;
    let listed =
        |(run, cells)| ListedRun { run, columns: names.iter().cloned().zip::<Vec<_>>(cells).collect() };
    let items = page.items.into_iter().zip(page.cells).map(listed).collect();
    Ok(Json(Page { items, next_cursor: page.next_cursor }))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "List runs")
        .status(200, "A page.")
        .status(422, "A column, a condition, the limit or the cursor cannot be used; the message says why.")
}

/// GET `/columns`: what runs can be listed by.
pub async fn list_columns(
    State(state): State<AppState>,
    Query(query): Query<RunColumnsQuery>,
) -> Result<Json<RunColumns>, ApiError> {
    let (config, paths) = state.store.run_columns(query.project.as_deref(), MAX_NAMED).await?;
    let fields = RunField::ALL.map(|field| field.as_str().to_owned()).to_vec();
    Ok(Json(RunColumns { fields, config, paths }))
}

/// How [`list_columns`] is described.
pub fn list_columns_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "List the columns of runs")
        .description("What `columns`, `sort` and `filter` of a list can name: at most 1,000 keys and paths.")
        .status(200, "The columns.")
}

/// GET `/runs/{run}`.
pub async fn read(LoadedRun(run): LoadedRun) -> Json<RunSummary> {
    Json(run)
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Read a run").status(200, "The run.")
}

/// PATCH `/runs/{run}`: name, tags, notes, status, rules.
pub async fn change(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Json(patch): Json<RunPatch>,
) -> Result<Json<RunSummary>, ApiError> {
    Ok(Json(self::patch(&state, &run, patch).await?))
}

/// Changes a run, and tells its viewers of new rules.
pub async fn patch(state: &AppState, run: &RunId, patch: RunPatch) -> Result<RunSummary, ApiError> {
    patch.check()?;
    let has_rules = patch.rules.is_some();
    let changed = state.store.patch_run(run, patch, now()).await?;
    if has_rules {
        state.settings_changes.publish_rules(run);
    }
    Ok(changed)
}

/// How [`change`] is described.
pub fn change_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Change name, tags, notes, status or rules")
        .status(200, "The run as it is now.")
        .status(410, "The run was deleted.")
}

/// DELETE `/runs/{run}?name=`: 204. The name must be the run's, so that nobody deletes the wrong one.
pub async fn delete(
    State(state): State<AppState>,
    LoadedRun(run): LoadedRun,
    Query(query): Query<RunDeleteQuery>,
) -> Result<NoContent, ApiError> {
    remove(&state, &run, &query.name.unwrap_or_default()).await?;
    Ok(NoContent)
}

/// Deletes a run; `given` is its name, repeated.
pub async fn remove(state: &AppState, run: &RunSummary, given: &str) -> Result<(), ApiError> {
    if given != run.name {
        let message =
            format!("deleting asks for the run's name: ?name= says {given:?}, the run is {:?}", run.name);
        return Err(ApiError::new(StatusCode::CONFLICT, "name_mismatch", message));
    }
    tracing::warn!(target: "audit", run = %run.id, name = run.name, events = run.head, "run deleted");
    state.store.delete_run(&run.id, now()).await?;
    state.films.forget(&run.id);
    state.prompts.forget(&run.id);
    Ok(())
}

/// How [`delete`] is described.
pub fn delete_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Delete a run")
        .description("What is sent for it afterwards answers 410, until the run is created again.")
        .status(204, "Deleted.")
        .status(409, "`name` is not the run's.")
}
