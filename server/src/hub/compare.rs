//! `GET /gauntlet/comparison` and `GET /gauntlet/evolution/{task_id}`: two sessions, paired by step.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use gauntlet_model::{RunId, Snapshot};
use gauntlet_store::Store;
use serde_json::{Value, json};

use super::query::Parameters;
use super::snapshots;
use crate::error::ApiError;
use crate::extract::Path;
use crate::state::AppState;

/// Two named sessions side by side.
pub async fn comparison(State(state): State<AppState>, uri: Uri) -> Result<Response, ApiError> {
    let asked = Parameters::of(&uri);
    let (sft, grpo) =
        match asked.needed("sft_session").and_then(|sft| Ok((sft, asked.needed("grpo_session")?))) {
            Ok(both) => both,
            Err(refusal) => return Ok(refusal.into_response()),
        };
    let pairs = pairs(&state.store, RunId::new(&sft).ok(), RunId::new(&grpo).ok()).await?;
    Ok(Json(json!({ "sft": sft, "grpo": grpo, "pairs": pairs })).into_response())
}

/// The newest SFT and the newest GRPO session of a task side by side.
pub async fn evolution(
    State(state): State<AppState>,
    Path(task): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let sft = state.store.newest_of_task(&task, "sft").await?;
    let grpo = state.store.newest_of_task(&task, "grpo").await?;
    let pairs = pairs(&state.store, sft, grpo).await?;
    Ok(Json(json!({ "task_id": task, "pairs": pairs })))
}

/// The steps both have; `delta` is what GRPO's root score gained over SFT's.
async fn pairs(store: &Store, sft: Option<RunId>, grpo: Option<RunId>) -> Result<Vec<Value>, ApiError> {
    let (Some(sft), Some(grpo)) = (sft, grpo) else { return Ok(Vec::new()) };
    let sft = snapshots(store, &sft).await?;
    let grpo = snapshots(store, &grpo).await?;
    let mut grpo: BTreeMap<u64, Snapshot> = grpo.into_iter().map(|s| (s.step, s)).collect();
    let paired = sft.into_iter().filter_map(|sft| Some((grpo.remove(&sft.step)?, sft)));
    let pairs = paired.map(|(grpo, sft)| {
        let delta = grpo.scores.root().zip(sft.scores.root()).map(|(g, s)| g - s);
        json!({ "step": sft.step, "sft": sft, "grpo": grpo, "delta": delta })
    });
    Ok(pairs.collect())
}
