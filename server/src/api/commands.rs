//! Commands: a person intervenes, the training side fetches and acknowledges.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use gauntlet_model::{Action, CommandIssued, FieldError, Object, RunId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{existing, run_id};
use crate::body;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::{AppState, new_event_id, now};

/// Longest wait of a long poll, seconds.
const MAX_WAIT_SECS: u64 = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default)]
    id: Option<String>,
    action: Action,
    #[serde(default)]
    parameters: Object,
    #[serde(default)]
    author: Option<String>,
}

/// POST `/runs/{run}/commands` `{action, parameters?, author?, id?}`: 201 with the command's id.
pub async fn issue(
    State(state): State<AppState>,
    Path(run): Path<String>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<impl IntoResponse, ApiError> {
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes).await?;
    let order: Order = body::json(&bytes)?;
    let command = CommandIssued {
        command_id: order.id.unwrap_or_else(|| new_event_id().to_string()),
        action: order.action,
        parameters: order.parameters,
        author: order.author.unwrap_or_else(|| "anonymous".to_owned()),
    };
    let id = give(&state, &run_id(&run)?, command).await?;
    Ok((StatusCode::CREATED, Json(json!({ "command_id": id }))))
}

/// Checks a command against the run and queues it. Answers its id.
pub async fn give(state: &AppState, run: &RunId, command: CommandIssued) -> Result<String, ApiError> {
    match command.action {
        Action::Tweak => tweak_is_typed(&command.parameters)?,
        Action::Answer => answer_is_offered(state, run, &command.parameters).await?,
        Action::Pause | Action::Resume | Action::Stop => {}
    }
    let id = command.command_id.clone();
    tracing::info!(target: "audit", %run, command = id, action = command.action.as_str(), author = command.author, "command issued");
    state.store.issue_command(run, command, now()).await?;
    Ok(id)
}

/// A tweak names parameters and their new plain values.
fn tweak_is_typed(parameters: &Object) -> Result<(), ApiError> {
    if parameters.is_empty() {
        let field = FieldError::new("parameters", "is empty; a tweak names at least one parameter");
        return Err(ApiError::invalid(&field));
    }
    let odd = parameters.iter().find(|(_, v)| v.is_null() || v.is_object() || v.is_array());
    odd.map_or(Ok(()), |(name, value)| {
        let message = format!("is {value}; a parameter is a number, a boolean or a text");
        Err(ApiError::invalid(&FieldError::new(format!("parameters.{name}"), message)))
    })
}

/// An answer is one of the options the paused step offers.
async fn answer_is_offered(state: &AppState, run: &RunId, parameters: &Object) -> Result<(), ApiError> {
    let refuse = |message: String| Err(ApiError::invalid(&FieldError::new("parameters.answer", message)));
    let Some(answer) = parameters.get("answer").and_then(Value::as_str) else {
        return refuse("is missing; an answer is a text".to_owned());
    };
    let film = state.films.get(run).await?;
    let film = film.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match film.pending_challenge() {
        None => refuse("nothing is being asked: the run is not paused at a challenge".to_owned()),
        Some((_, asked)) if !asked.options.is_empty() && !asked.options.iter().any(|o| o == answer) => {
            refuse(format!("{answer:?} is not one of: {}", asked.options.join(", ")))
        }
        Some(_) => Ok(()),
    }
}

/// How long to wait for a command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    wait: Option<u64>,
}

/// GET `/runs/{run}/commands?wait=30`: the commands not yet acknowledged, oldest first; waits for one if asked.
pub async fn pending(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(wait): Query<Wait>,
) -> Result<impl IntoResponse, ApiError> {
    let id = existing(&state.store, &run).await?;
    let mut changes = state.store.subscribe(&id);
    let until = tokio::time::Instant::now() + Duration::from_secs(wait.wait.unwrap_or(0).min(MAX_WAIT_SECS));
    loop {
        changes.borrow_and_update();
        let commands = state.store.pending_commands(&id).await?;
        if !commands.is_empty() || tokio::time::Instant::now() >= until {
            let commands: Vec<_> = commands
                .iter()
                .map(|c| {
                    json!({
                        "command_id": c.command.command_id, "action": c.command.action,
                        "parameters": c.command.parameters, "author": c.command.author, "issued_at": c.issued_at,
                    })
                })
                .collect();
            return Ok(Json(json!({ "commands": commands })));
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep_until(until) => {}
            () = state.stopping.cancelled() => return Ok(Json(json!({ "commands": [] }))),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ack {
    #[serde(default)]
    result: Option<String>,
}

/// POST `/runs/{run}/commands/{id}/ack` `{result?}`: the training side did it. Saying it twice is fine.
pub async fn ack(
    State(state): State<AppState>,
    Path((run, command)): Path<(String, String)>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<impl IntoResponse, ApiError> {
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes).await?;
    let ack: Ack = if bytes.is_empty() { Ack { result: None } } else { body::json(&bytes)? };
    let result = ack.result.unwrap_or_else(|| "ok".to_owned());
    state.store.acknowledge_command(&run_id(&run)?, &command, &result, now()).await?;
    Ok(Json(json!({ "status": "ok" })))
}
