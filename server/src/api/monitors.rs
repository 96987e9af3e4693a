//! Monitors of a project: list, save, delete, and try on recorded runs; the alerts of its runs.

use axum::extract::State;
use gauntlet_api::{ListedMonitor, MonitorRequest, MonitorTrial, Page, ProjectTrial};
use gauntlet_engine::monitors;
use gauntlet_model::ProjectAlert;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{NoContent, ProjectPart};
use crate::error::ApiError;
use crate::extract::{ExistingRun, Json, Path};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Alerts that are listed, the newest.
const ALERTS: u32 = 100;

/// The parts of the path that name a monitor.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct MonitorPart {
    /// The project.
    project: String,
    /// The monitor's name.
    name: String,
}

/// GET `/projects/{project}/monitors`.
pub async fn list(
    State(state): State<AppState>,
    Path(part): Path<ProjectPart>,
) -> Result<Json<Page<ListedMonitor>>, ApiError> {
    Ok(Json(Page { items: monitors::list(&state.store, &part.project).await?, next_cursor: None }))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Monitors", "List the monitors of a project")
        .description("All of them on one page: a project has at most 100.")
        .status(200, "The monitors, by name.")
}

/// PUT `/projects/{project}/monitors/{name}`.
pub async fn put(
    State(state): State<AppState>,
    Path(part): Path<MonitorPart>,
    Json(asked): Json<MonitorRequest>,
) -> Result<Json<ListedMonitor>, ApiError> {
    Ok(Json(monitors::put(&state.store, &part.project, &part.name, asked).await?))
}

/// How [`put`] is described.
pub fn put_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Monitors", "Save a monitor")
        .description(
            "Saves the rule under a name, or replaces the one of that name. It watches what is received from \
             now on, and appends `alert.raised` to a run where the rule begins to hold.",
        )
        .status(200, "Saved.")
        .status(422, "It is not a rule; the message says where in it.")
}

/// DELETE `/projects/{project}/monitors/{name}`: 204.
pub async fn delete(
    State(state): State<AppState>,
    Path(part): Path<MonitorPart>,
) -> Result<NoContent, ApiError> {
    monitors::delete(&state.store, &part.project, &part.name).await?;
    Ok(NoContent)
}

/// How [`delete`] is described.
pub fn delete_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Monitors", "Delete a monitor")
        .description("Alerts that it raised stay in the logs of their runs.")
        .status(204, "Deleted.")
        .status(404, "The project has no monitor of that name.")
}

/// POST `/runs/{run}/monitors/try`.
pub async fn attempt(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Json(asked): Json<MonitorRequest>,
) -> Result<Json<MonitorTrial>, ApiError> {
    Ok(Json(monitors::attempt(&state.store, &run, asked).await?))
}

/// How [`attempt`] is described.
pub fn attempt_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Monitors", "Try a rule on a run")
        .description("Evaluates the rule over everything the run has logged. Nothing is saved or raised.")
        .status(200, "Where it would have raised an alert.")
        .status(422, "It is not a rule that can be tried; the message says why.")
}

/// POST `/projects/{project}/monitor-trials`.
pub async fn attempt_all(
    State(state): State<AppState>,
    Path(part): Path<ProjectPart>,
    Json(asked): Json<MonitorRequest>,
) -> Result<Json<ProjectTrial>, ApiError> {
    Ok(Json(monitors::attempt_all(&state.store, &part.project, asked).await?))
}

/// How [`attempt_all`] is described.
pub fn attempt_all_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Monitors", "Try a rule on the runs of a project")
        .description(
            "Evaluates the rule over the newest 20 runs of the project, 200,000 events at most. Nothing is \
             saved or raised.",
        )
        .status(200, "Where it would have raised an alert.")
        .status(422, "It is not a rule that can be tried; the message says why.")
}

/// GET `/projects/{project}/alerts`.
pub async fn alerts(
    State(state): State<AppState>,
    Path(part): Path<ProjectPart>,
) -> Result<Json<Page<ProjectAlert>>, ApiError> {
    let items = state.store.alerts(&part.project, ALERTS).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// How [`alerts`] is described.
pub fn alerts_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Monitors", "List the newest alerts of a project")
        .description("The newest 100 alerts of the project's runs, those of monitors and of programs.")
        .status(200, "The alerts, the newest first.")
}
