//! `POST` and `GET /gauntlet/command/{sid}`: the origin's command queue.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use gauntlet_engine::clock::{new_event_id, now};
use gauntlet_model::{Action, CommandIssued, FieldError, Object, RunId, RunSpec};
use serde_json::Value;

use super::answers::{Accepted, Command};
use super::{Refusal, SessionPart};
use crate::body;
use crate::error::ApiError;
use crate::extract::{Caller, Json, Path};
use crate::guard::MayChange;
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Queues a RESUME or a TWEAK. Anything else is 422 and queues nothing.
pub async fn post(
    State(state): State<AppState>,
    Path(SessionPart { sid }): Path<SessionPart>,
    Caller(caller): Caller,
    headers: HeaderMap,
    raw: Body,
) -> Result<Response, ApiError> {
    let run = match RunId::new(&sid) {
        Ok(run) => run,
        Err(e) => {
            let error = FieldError::new("sid", e.message);
            return Ok(Refusal::of_field("value_error", &error, Value::String(sid)).into_response());
        }
    };
    body::require_json(&headers)?;
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes).await?;
    let (action, parameters) = match parse(&bytes) {
        Ok(order) => order,
        Err((kind, error, input)) => return Ok(Refusal::of_field(kind, &error, *input).into_response()),
    };
    if state.store.head(&run).await?.is_none() {
        // The origin takes commands for a session before its first snapshot; a deleted one does not come back
        // by one.
        if state.store.is_gone(&run).await? {
            return Err(ApiError::gone(&sid));
        }
        state.store.create_run(RunSpec::named(&sid), run.clone(), now()).await?;
    }
    let command = CommandIssued {
        command_id: new_event_id().to_string(),
        action,
        parameters,
        author: caller.author(None, "hub client"),
    };
    state.store.issue_command(&run, command, now()).await?;
    Ok(Json::<Accepted>(Accepted::OK).into_response())
}

/// How [`post`] is described.
pub fn post_docs(op: Docs<'_>) -> Docs<'_> {
    let op = op.titled("Hub", "Queue a command").takes::<Json<Command>>().json::<Accepted>(200);
    op.status(200, "Queued.")
        .status(410, "The session was deleted.")
        .json::<Refusal>(422)
        .status(422, "It is not a command.")
}

type Unreadable = (&'static str, FieldError, Box<Value>);

fn parse(bytes: &[u8]) -> Result<(Action, Object), Unreadable> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|e| ("json_invalid", FieldError::new("", e.to_string()), Box::new(Value::Null)))?;
    let Value::Object(order) = value else {
        return Err((
            "value_error",
            FieldError::new("", "a command is an object with an action"),
            Box::new(value),
        ));
    };
    if let Some(key) = order.keys().find(|k| !matches!(k.as_str(), "action" | "tweak")) {
        let error = FieldError::new(key, format!("unknown field `{key}`, expected `action` or `tweak`"));
        return Err(("extra_forbidden", error, Box::new(order[key].clone())));
    }
    let action = order.get("action").cloned().unwrap_or(Value::Null);
    let tweak = order.get("tweak").cloned().unwrap_or(Value::Null);
    match (action.as_str(), tweak) {
        (Some("RESUME"), Value::Null) => Ok((Action::Resume, Object::new())),
        (Some("RESUME"), Value::Object(tweak)) => Ok((Action::Resume, tweak)),
        (Some("TWEAK"), Value::Object(tweak)) => Ok((Action::Tweak, tweak)),
        (Some("RESUME" | "TWEAK"), tweak) => {
            let error = FieldError::new("tweak", "is not an object of parameters and values");
            Err((if tweak.is_null() { "missing" } else { "value_error" }, error, Box::new(tweak)))
        }
        _ if action.is_null() => {
            Err(("missing", FieldError::new("action", "missing field `action`"), Box::new(action)))
        }
        _ => Err(("value_error", FieldError::new("action", "is neither RESUME nor TWEAK"), Box::new(action))),
    }
}

/// The oldest pending command, taken off the queue; `{"action":"NONE"}` where there is none. Only what the
/// origin's clients understand is handed to them. HEAD takes nothing: its answer could not carry the command.
pub async fn pop(
    _: MayChange,
    State(state): State<AppState>,
    Path(SessionPart { sid }): Path<SessionPart>,
    method: Method,
) -> Result<Json<Command>, ApiError> {
    let of = |action: &str, tweak: Option<Object>| Json(Command { action: action.to_owned(), tweak });
    let none = of("NONE", None);
    if method == Method::HEAD {
        return Ok(none);
    }
    let Ok(run) = RunId::new(&sid) else { return Ok(none) };
    if state.store.head(&run).await?.is_none() {
        return Ok(none);
    }
    let Some(command) = state.store.pop_command(&run, now()).await? else { return Ok(none) };
    let command = command.command;
    Ok(match command.action {
        Action::Tweak => of("TWEAK", Some(command.parameters)),
        Action::Resume => of("RESUME", Some(command.parameters).filter(|tweak| !tweak.is_empty())),
        // An answer lets an origin client go on; it knows no other word for it.
        Action::Answer => of("RESUME", None),
        other => of(&other.as_str().to_uppercase(), None),
    })
}

/// How [`pop`] is described.
pub fn pop_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "Take the oldest command").status(200, "It; the action `NONE` where there is none.")
}
