//! `GET /gauntlet/comparison` and `GET /gauntlet/evolution/{task_id}`: two sessions, paired by step.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use gauntlet_model::{RunId, Snapshot};
use gauntlet_store::Store;
use serde::Deserialize;
use serde_json::{Value, json};

use super::snapshots;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// The two sessions.
#[derive(Debug, Deserialize)]
pub struct Sessions {
    sft_session: String,
    grpo_session: String,
}

/// Two named sessions side by side.
pub async fn comparison(
    State(state): State<AppState>,
    Query(query): Query<Sessions>,
) -> Result<Json<Value>, ApiError> {
    let sft = RunId::new(&query.sft_session).ok();
    let grpo = RunId::new(&query.grpo_session).ok();
    let pairs = pairs(&state.store, sft, grpo).await?;
    Ok(Json(json!({ "sft": query.sft_session, "grpo": query.grpo_session, "pairs": pairs })))
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
    let (sft, _) = snapshots(store, &sft).await?;
    let (grpo, _) = snapshots(store, &grpo).await?;
    let mut grpo: BTreeMap<u32, Snapshot> = grpo.into_iter().map(|s| (s.step, s)).collect();
    let paired = sft.into_iter().filter_map(|sft| Some((grpo.remove(&sft.step)?, sft)));
    let pairs = paired.map(|(grpo, sft)| {
        let delta = grpo.scores.root().zip(sft.scores.root()).map(|(g, s)| g - s);
        json!({ "step": sft.step, "sft": sft, "grpo": grpo, "delta": delta })
    });
    Ok(pairs.collect())
}
