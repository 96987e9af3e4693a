//! `GET /gauntlet/comparison` and `GET /gauntlet/evolution/{task_id}`: two sessions, paired by step. Written
//! pair by pair: together the sessions may be larger than what one request may hold.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use gauntlet_engine::pairs;
use gauntlet_model::RunId;
use gauntlet_store::Store;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::Refusal;
use super::answers::{Comparison, Evolution, Pair};
use super::query::Parameters;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Two named sessions side by side.
pub async fn comparison(State(state): State<AppState>, uri: Uri) -> Result<Response, ApiError> {
    let asked = Parameters::of(&uri);
    let (sft, grpo) =
        match asked.needed("sft_session").and_then(|sft| Ok((sft, asked.needed("grpo_session")?))) {
            Ok(both) => both,
            Err(refusal) => return Ok(refusal.into_response()),
        };
    let begin = format!("{{\"sft\":{},\"grpo\":{}", json!(sft), json!(grpo));
    paired(state.store, begin, RunId::new(&sft).ok(), RunId::new(&grpo).ok()).await
}

/// The parameters of [`comparison`]. Both have to be there; others are ignored.
#[derive(Debug, JsonSchema)]
#[allow(dead_code, reason = "describes what Parameters reads")]
struct ComparisonQuery {
    /// The one.
    sft_session: String,
    /// The other.
    grpo_session: String,
}

/// How [`comparison`] is described.
pub fn comparison_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "Two sessions side by side")
        .takes::<Query<ComparisonQuery>>()
        .json::<Comparison>(200)
        .status(200, "Paired by step.")
        .json::<Refusal>(422)
        .status(422, "A session is not named.")
}

/// The part of the path that names a task.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TaskPart {
    /// The task's id.
    task: String,
}

/// The newest SFT and the newest GRPO session of a task side by side.
pub async fn evolution(
    State(state): State<AppState>,
    Path(TaskPart { task }): Path<TaskPart>,
) -> Result<Response, ApiError> {
    let sft = state.store.newest_of_task(&task, "sft").await?;
    let grpo = state.store.newest_of_task(&task, "grpo").await?;
    let begin = format!("{{\"task_id\":{}", json!(task));
    paired(state.store, begin, sft, grpo).await
}

/// How [`evolution`] is described.
pub fn evolution_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "A task before and after").json::<Evolution>(200).status(200, "Paired by step.")
}

/// An object that begins like this, with the pairs as its last member.
async fn paired(
    store: Store,
    begin: String,
    sft: Option<RunId>,
    grpo: Option<RunId>,
) -> Result<Response, ApiError> {
    let pairs = match (sft, grpo) {
        (Some(sft), Some(grpo)) => pairs::steps_of_both(&store, &sft, &grpo).await?,
        _ => Vec::new(),
    };
    let first = pairs.first().map(|pair| pair.step);
    let pairs = stream::iter(pairs).then(move |pair| {
        let store = store.clone();
        async move {
            // Too late for another answer: what is sent breaks off, which its reader sees.
            let step = pair.step;
            let snapshots = pair.snapshots(&store).await;
            let value = snapshots
                .map_err(|error| std::io::Error::other(ApiError::from(error).message().to_owned()))?;
            let Some((sft, grpo)) = value else { return Err(std::io::Error::other("a session was deleted")) };
            // What GRPO's root score gained over SFT's.
            let delta = grpo.scores.root().zip(sft.scores.root()).map(|(grpo, sft)| grpo - sft);
            let value = Pair { step, sft, grpo, delta };
            let comma = if Some(step) == first { "" } else { "," };
            Ok(format!("{comma}{}", serde_json::to_string(&value)?))
        }
    });
    let begin = stream::iter([Ok(format!("{begin},\"pairs\":["))]);
    let all = begin.chain(pairs).chain(stream::iter([Ok("]}".to_owned())]));
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(all)).into_response())
}
