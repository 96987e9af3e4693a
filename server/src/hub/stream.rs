//! `POST /gauntlet/stream/{sid}`: a snapshot in; `ok` once it is durable.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use gauntlet_engine::clock::{new_event_id, now};
use gauntlet_model::{FieldError, MAX_BODY_BYTES, RunId, Snapshot};
use serde_json::Value;

use super::answers::{Accepted, PostedSnapshot};
use super::{Refusal, SessionPart};
use crate::body;
use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Takes one snapshot. (session, step) identifies it: sent again, it is `ok` and stored once; a changed one
/// is `ok` as well and replaces what is shown of the step.
pub async fn post(
    State(state): State<AppState>,
    Path(SessionPart { sid }): Path<SessionPart>,
    headers: HeaderMap,
    raw: Body,
) -> Result<Response, ApiError> {
    let run = match RunId::new(&sid) {
        Ok(run) => run,
        Err(error) => {
            let error = FieldError::new("sid", error.message);
            return Ok(Refusal::of_field("value_error", &error, Value::String(sid)).into_response());
        }
    };
    body::require_json(&headers)?;
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes.min(MAX_BODY_BYTES)).await?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(e) => {
            let error = FieldError::new("", format!("the body is not UTF-8: {e}"));
            return Ok(Refusal::of_field("json_invalid", &error, Value::Null).into_response());
        }
    };
    let snapshot = match Snapshot::from_json(text) {
        Ok(snapshot) => snapshot,
        Err(error) => return Ok(Refusal::of_snapshot(&error).into_response()),
    };
    let event = match snapshot.into_event(new_event_id(), now()) {
        Ok(event) => event,
        Err(error) => {
            let at = error.field.strip_prefix("body.").unwrap_or(&error.field).to_owned();
            let input = serde_json::from_str::<Value>(text).ok();
            let input = input.and_then(|v| v.get(&at).cloned()).unwrap_or(Value::Null);
            let error = FieldError::new(at, error.message);
            return Ok(Refusal::of_field("value_error", &error, input).into_response());
        }
    };
    state.store.append_origin(&run, event, now()).await?;
    Ok(Json::<Accepted>(Accepted::OK).into_response())
}

/// How [`post`] is described.
pub fn post_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "Post a snapshot")
        .description(
            "Answered when it is on the disk. Posted again it is stored once; a changed one of the same step \
             replaces what is shown.",
        )
        .takes::<Json<PostedSnapshot>>()
        .json::<Accepted>(200)
        .status(200, "Kept.")
        .status(410, "The session was deleted.")
        .json::<Refusal>(422)
        .status(422, "It is not a snapshot.")
}
