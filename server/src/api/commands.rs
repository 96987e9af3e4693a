//! Commands: a person intervenes, the training side fetches and acknowledges.

use std::time::Duration;

use axum::extract::State;
use gauntlet_api::{
    CommandAck, CommandAcked, CommandCreated, CommandQuery, CommandRequest, PendingCommand, PendingCommands,
};
use gauntlet_engine::clock::{new_event_id, now};
use gauntlet_model::{Action, CommandIssued, FieldError, Object, RunId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Created;
use crate::error::ApiError;
use crate::extract::{ExistingRun, Json, JsonOrDefault, Path, Query, RunPath};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// POST `/runs/{run}/commands`: 201 with the command's id.
pub async fn create(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Json(request): Json<CommandRequest>,
) -> Result<Created<CommandCreated>, ApiError> {
    let command = CommandIssued {
        command_id: request.id.unwrap_or_else(|| new_event_id().to_string()),
        action: request.action,
        parameters: request.parameters,
        author: request.author.unwrap_or_else(|| "anonymous".to_owned()),
    };
    let command_id = issue(&state, &run, command).await?;
    Ok(Created(CommandCreated { command_id }))
}

/// How [`create`] is described.
pub fn create_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Commands", "Issue a command")
        .description("`action` is `pause`, `resume`, `tweak`, `answer` or `stop`.")
        .status(201, "Queued until it is acknowledged.")
        .status(409, "There is another command under that id.")
        .status(410, "The run was deleted.")
        .status(422, "It is not a command; nothing was queued.")
}

/// Checks a command against the run and queues it. Answers its id.
pub async fn issue(state: &AppState, run: &RunId, command: CommandIssued) -> Result<String, ApiError> {
    match command.action {
        Action::Tweak => tweak_is_typed(&command.parameters)?,
        Action::Answer => answer_is_offered(state, run, &command.parameters).await?,
        Action::Pause | Action::Resume | Action::Stop => {}
    }
    let id = command.command_id.clone();
    let (action, author) = (command.action.as_str(), &command.author);
    tracing::info!(target: "audit", %run, command = id, action, author, "command issued");
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

/// GET `/runs/{run}/commands?wait=30`: the commands not yet acknowledged, oldest first; waits for one if
/// asked.
pub async fn pending(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Query(query): Query<CommandQuery>,
) -> Result<Json<PendingCommands>, ApiError> {
    let wait = Duration::from_secs(query.wait.get("wait")?.into());
    let mut changes = state.store.subscribe(&run);
    let until = tokio::time::Instant::now() + wait;
    loop {
        changes.borrow_and_update();
        let commands = state.store.pending_commands(&run).await?;
        if !commands.is_empty() || tokio::time::Instant::now() >= until {
            let answered = |c: gauntlet_store::PendingCommand| PendingCommand {
                command: c.command,
                issued_at: c.issued_at,
            };
            return Ok(Json(PendingCommands { commands: commands.into_iter().map(answered).collect() }));
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep_until(until) => {}
            () = state.stopping.cancelled() => return Ok(Json(PendingCommands::default())),
        }
    }
}

/// How [`pending`] is described.
pub fn pending_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Commands", "Fetch the pending commands")
        .status(200, "In order, again and again until acknowledged.")
}

/// The part of the path that names a command.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CommandPart {
    /// The command's id.
    command: String,
}

/// POST `/runs/{run}/commands/{command}/ack`: the training side applied it. Safe to repeat.
pub async fn acknowledge(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Path(CommandPart { command }): Path<CommandPart>,
    JsonOrDefault(ack): JsonOrDefault<CommandAck>,
) -> Result<Json<CommandAcked>, ApiError> {
    let result = ack.result.unwrap_or_else(|| "ok".to_owned());
    state.store.acknowledge_command(&run, &command, &result, now()).await?;
    Ok(Json(CommandAcked { status: "ok".to_owned() }))
}

/// How [`acknowledge`] is described.
pub fn acknowledge_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Commands", "Acknowledge a command")
        .status(200, "Acknowledged; it is not delivered again.")
        .status(404, "There is no such run or command.")
        .status(410, "The run was deleted.")
}
