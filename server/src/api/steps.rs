//! Steps: everything about one, and the list of failing ones.

use axum::extract::State;
use gauntlet_api::{Page, StepDetails, StepListQuery, StepQuery, StepRow};
use gauntlet_engine::steps;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::{ExistingRun, Json, Path, Query};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// The part of the path that names a step.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct StepPart {
    /// The step's number.
    pub step: u64,
}

/// GET `/runs/{run}/steps/{step}`: its snapshots with scores and texts, and its other events, by the part:
/// those of one episode, then those of the next.
pub async fn read(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Path(StepPart { step }): Path<StepPart>,
    Query(query): Query<StepQuery>,
) -> Result<Json<StepDetails>, ApiError> {
    Ok(Json(steps::details(&state.store, &run, step, &query).await?))
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Events", "Everything about a step")
        .description(
            "Several episodes may have a step of that number: their events follow each other, not mixed. \
             A step of many events comes in parts.",
        )
        .status(200, "How many events each episode has of it, and a part of the events, episode by episode.")
        .status(404, "There is no such run, step or episode.")
}

/// GET `/runs/{run}/steps`: `failing` is `any`, or a failure kind, or a rubric path.
pub async fn list(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Query(query): Query<StepListQuery>,
) -> Result<Json<Page<StepRow>>, ApiError> {
    Ok(Json(state.films.steps(&run, &query).await?))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Events", "List scored steps").status(200, "A page.")
}
