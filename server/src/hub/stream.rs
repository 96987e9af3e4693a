//! `POST /gauntlet/stream/{sid}`: a snapshot in; `ok` once it is durable.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use gauntlet_model::{FieldError, MAX_BODY_BYTES, RunId, Snapshot};
use serde_json::{Value, json};

use super::{refusal, refuse};
use crate::body;
use crate::error::ApiError;
use crate::extract::Path;
use crate::state::{AppState, new_event_id, now};

/// Takes one snapshot. (session, step) identifies it: sent again, it is `ok` and stored once; a changed one is `ok` as
/// well and replaces what is shown of the step.
pub async fn post(
    State(state): State<AppState>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    raw: Body,
) -> Result<Response, ApiError> {
    let run = match RunId::new(&sid) {
        Ok(run) => run,
        Err(error) => {
            return Ok(refuse("value_error", &FieldError::new("sid", error.message), Value::String(sid)));
        }
    };
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes.min(MAX_BODY_BYTES)).await?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(e) => {
            let error = FieldError::new("", format!("the body is not UTF-8: {e}"));
            return Ok(refuse("json_invalid", &error, Value::Null));
        }
    };
    let snapshot = match Snapshot::from_json(text) {
        Ok(snapshot) => snapshot,
        Err(error) => return Ok(refusal(&error)),
    };
    let event = match snapshot.into_event(new_event_id(), now()) {
        Ok(event) => event,
        Err(error) => {
            let at = error.field.strip_prefix("body.").unwrap_or(&error.field).to_owned();
            let input = serde_json::from_str::<Value>(text).ok();
            let input = input.and_then(|v| v.get(&at).cloned()).unwrap_or(Value::Null);
            return Ok(refuse("value_error", &FieldError::new(at, error.message), input));
        }
    };
    state.store.append_origin(&run, event, now()).await?;
    Ok(Json(json!({ "status": "ok" })).into_response())
}
