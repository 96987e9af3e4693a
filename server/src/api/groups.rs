//! Groups of rollouts, and two runs task by task.

use axum::extract::State;
use gauntlet_api::{
    CorrelationQuery, Correlations, GroupHistory, GroupQuery, StepGroups, TaskComparison, TaskQuery,
};
use gauntlet_engine::{correlations, groups, tasks};
use gauntlet_model::RunId;

use super::steps::StepPart;
use crate::error::ApiError;
use crate::extract::{ExistingRun, Json, Path, Query};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// GET `/runs/{run}/groups`.
pub async fn history(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
) -> Result<Json<GroupHistory>, ApiError> {
    Ok(Json(groups::history(&state.films, &state.prompts, &run).await?))
}

/// How [`history`] is described.
pub fn history_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Film", "Groups of rollouts over training")
        .description(
            "How many groups each step has, how many of them teach nothing because their rewards are all the \
             same, and how many are solved at least once.",
        )
        .status(200, "The steps that have a group, in columns.")
}

/// GET `/runs/{run}/steps/{step}/groups`.
pub async fn of_step(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Path(part): Path<StepPart>,
    Query(query): Query<GroupQuery>,
) -> Result<Json<StepGroups>, ApiError> {
    let reader = groups::Reader { store: &state.store, films: &state.films, prompts: &state.prompts };
    Ok(Json(reader.of_step(&run, part.step, &query).await?))
}

/// How [`of_step`] is described.
pub fn of_step_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Events", "The groups of a step")
        .description(
            "The rollouts of each prompt side by side, with rewards and advantages, the best first. A group \
             is the rollouts with the same `group` in their metadata, else with the same observation. A step \
             of many groups comes in parts.",
        )
        .status(200, "A part of the groups.")
        .status(404, "There is no such run, or it has no scored snapshot of that step.")
}

/// GET `/runs/{run}/correlations?from=&to=`.
pub async fn correlations(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Query(query): Query<CorrelationQuery>,
) -> Result<Json<Correlations>, ApiError> {
    let (from, to) = (query.from.unwrap_or(0), query.to.unwrap_or(u64::MAX));
    Ok(Json(correlations::read(&state.films, &run, from, to).await?))
}

/// How [`correlations`] is described.
pub fn correlations_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Film", "Which rubrics move together")
        .description(
            "Spearman's rank correlation of each pair of rubrics over a range of steps, and which rubrics \
             are saturated. Two rubrics of which one falls as the other rises are a sign of reward hacking.",
        )
        .status(200, "The coefficients, a row for each rubric.")
        .status(422, "`from` is above `to`.")
}

/// GET `/compare/tasks?a=&b=`.
pub async fn compare(
    State(state): State<AppState>,
    Query(query): Query<TaskQuery>,
) -> Result<Json<TaskComparison>, ApiError> {
    let (a, b) = (RunId::new(query.a)?, RunId::new(query.b)?);
    let limit = query.limit.get("limit")? as usize;
    Ok(Json(tasks::compare(&state.store, &state.films, &state.prompts, (&a, &b), limit).await?))
}

/// How [`compare`] is described.
pub fn compare_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Two runs task by task")
        .description("Which tasks one of two runs solves and the other fails.")
        .status(200, "How many tasks both attempt, and those that one of them solves alone.")
        .status(404, "There is no such run.")
}
