//! Commands: a person intervenes, the training side fetches and acknowledges.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use gauntlet_api::{
    CommandAck, CommandAcked, CommandCreated, CommandQuery, CommandRequest, PendingCommand, PendingCommands,
};
use gauntlet_engine::clock::{new_event_id, now};
use gauntlet_model::{
    Action, Body, CommandIssued, DeclaredParameter, FieldError, Kind, Object, RunId, RunSummary,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Created;
use crate::error::ApiError;
use crate::extract::{ExistingRun, Json, JsonOrDefault, Path, Query, RunPath};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Commands and acknowledgements read from the log at a time.
const COMMANDS_READ: u32 = 1000;
/// What the result of a command begins with where the training side refused it; every SDK says so.
const REFUSED: &str = "refused";

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
        Action::Tweak => tweak_fits(state, run, &command.parameters).await?,
        Action::Answer => answer_is_offered(state, run, &command.parameters).await?,
        Action::Pause | Action::Resume | Action::Stop => {}
    }
    let id = command.command_id.clone();
    let (action, author) = (command.action.as_str(), &command.author);
    tracing::info!(target: "audit", %run, command = id, action, author, "command issued");
    state.store.issue_command(run, command, now()).await?;
    Ok(id)
}

/// A tweak names parameters that the run declares, with new values of their types and in their ranges.
async fn tweak_fits(state: &AppState, run: &RunId, parameters: &Object) -> Result<(), ApiError> {
    let summary = state.store.run(run).await?;
    let declared = summary.map(|run| DeclaredParameter::of_metadata(&run.metadata)).unwrap_or_default();
    DeclaredParameter::check_tweak(&declared, parameters).map_err(|error| ApiError::invalid(&error))
}

/// The parameters that the run declares, with the values that tweaks have given them since: those that the
/// training side acknowledged and did not refuse.
pub async fn parameters(state: &AppState, run: &RunSummary) -> Result<Vec<DeclaredParameter>, ApiError> {
    let mut declared = DeclaredParameter::of_metadata(&run.metadata);
    if declared.is_empty() {
        return Ok(declared);
    }
    let kinds = [Kind::CommandIssued, Kind::CommandApplied];
    let (mut tweaks, mut after) = (HashMap::new(), None);
    loop {
        let slice = state.store.read(&run.id, after, COMMANDS_READ, Some(&kinds)).await?;
        for record in &slice.records {
            match record.event().map(|event| event.body().clone()) {
                Ok(Body::CommandIssued(issued)) if issued.action == Action::Tweak => {
                    tweaks.insert(issued.command_id, issued.parameters);
                }
                Ok(Body::CommandApplied(applied)) if !applied.result.starts_with(REFUSED) => {
                    let set = tweaks.remove(&applied.command_id).unwrap_or_default();
                    for parameter in &mut declared {
                        if let Some(value) = set.get(&parameter.name) {
                            parameter.value = value.clone();
                        }
                    }
                }
                _ => {}
            }
        }
        after = slice.next_after;
        if after.is_none_or(|after| after + 1 >= slice.head) {
            return Ok(declared);
        }
    }
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
