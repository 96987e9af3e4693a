//! Two runs in one scene: what the run page shows of a step and of its counterpart in another run.

use gauntlet_app::api::BesideQuery;
use gauntlet_app::compare::{SideBySide, side_by_side};
use gauntlet_engine::beside;
use gauntlet_model::RunId;

use crate::attempt;
use crate::error::ApiError;
use crate::extract::run_id;
use crate::state::AppState;

/// Both snapshots as HTML.
pub(crate) async fn html(state: &AppState, query: BesideQuery) -> Result<String, ApiError> {
    let (run, other) = (run_id(&query.run)?, run_id(&query.other)?);
    let places = ((&run, query.step, query.seq), (&other, query.other_step, query.other_seq));
    let rubrics = beside::rubrics(&state.films, places.0, places.1).await?;
    let task = async |run: &RunId, seq: u64| {
        state.prompts.look(run, |index| index.get(seq).and_then(|prompt| prompt.task)).await
    };
    let tasks = (task(&run, query.seq).await?, task(&other, query.other_seq).await?);
    let actions = (
        attempt::action_at(&state.store, &run, query.seq).await?,
        attempt::action_at(&state.store, &other, query.other_seq).await?,
    );
    let names = [name(state, &run).await?, name(state, &other).await?];
    let work = move || {
        side_by_side(SideBySide {
            names,
            other: (other, query.other_step),
            rubrics,
            is_same_prompt: tasks.0.zip(tasks.1).map(|(task, other)| task == other),
            action: attempt::html(&actions.1, &actions.0, attempt::MAX_COMPARE_TIME),
        })
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(error.to_string()))
}

async fn name(state: &AppState, run: &RunId) -> Result<String, ApiError> {
    let summary = state.store.run(run).await?;
    Ok(summary.ok_or_else(|| ApiError::no_run(run.as_str()))?.name)
}
