//! Commands: a person intervenes, the training side fetches and acknowledges.

use std::time::Duration;

use axum::extract::State;
use gauntlet_api::{
    CommandAck, CommandAcked, CommandCreated, CommandQuery, CommandRequest, PendingCommand, PendingCommands,
};
use gauntlet_engine::clock::{new_event_id, now};
use gauntlet_model::CommandIssued;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Created;
use crate::error::ApiError;
use crate::extract::{Caller, ExistingRun, Json, JsonOrDefault, Path, Query, RunPath};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// POST `/runs/{run}/commands`: 201 with the command's id.
pub async fn create(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Caller(caller): Caller,
    Json(request): Json<CommandRequest>,
) -> Result<Created<CommandCreated>, ApiError> {
    let command = CommandIssued {
        command_id: request.id.unwrap_or_else(|| new_event_id().to_string()),
        action: request.action,
        parameters: request.parameters,
        author: caller.author(request.author, "anonymous"),
    };
    let command_id = state.films.issue_command(&run, command).await?;
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
