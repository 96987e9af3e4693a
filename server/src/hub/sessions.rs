//! `GET /gauntlet/sessions` and `GET /gauntlet/data/{sid}`.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use gauntlet_engine::pairs::{places, snapshot};
use gauntlet_model::RunId;
use serde_json::json;

use super::SessionPart;
use super::answers::{Session, SessionData, Sessions};
use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Every session with the metadata of its last step and its number of steps.
pub async fn list(State(state): State<AppState>) -> Result<Json<Sessions>, ApiError> {
    let sessions = state.store.sessions().await?.into_iter();
    let sessions =
        sessions.map(|s| Session { session_id: s.run, metadata: s.metadata, step_count: s.steps }).collect();
    Ok(Json(Sessions { sessions }))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "List sessions").status(200, "All of them.")
}

/// A session's snapshots by step; an unknown session has none. Read and written one by one: a session may be
/// larger than what one request may hold.
pub async fn data(
    State(state): State<AppState>,
    Path(SessionPart { sid }): Path<SessionPart>,
) -> Result<Response, ApiError> {
    let run = RunId::new(&sid).ok();
    let places = match &run {
        Some(run) => places(&state.store, run).await?.0.into_values().collect(),
        None => Vec::new(),
    };
    let begin = format!("{{\"session_id\":{},\"snapshots\":[", json!(sid));
    let first = places.first().copied();
    let snapshots = stream::iter(places).then(move |seq| {
        let (store, run) = (state.store.clone(), run.clone());
        async move {
            let found = match &run {
                Some(run) => snapshot(&store, run, seq).await,
                None => Ok(None),
            };
            // Too late for another answer: what is sent breaks off, which its reader sees.
            let found = found.map_err(|error| std::io::Error::other(error.to_string()))?;
            let Some(found) = found else { return Err(std::io::Error::other("the session was deleted")) };
            let comma = if Some(seq) == first { "" } else { "," };
            Ok(format!("{comma}{}", serde_json::to_string(&found)?))
        }
    });
    let all = stream::iter([Ok(begin)]).chain(snapshots).chain(stream::iter([Ok("]}".to_owned())]));
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kind, Body::from_stream(all)).into_response())
}

/// How [`data`] is described.
pub fn data_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "Every snapshot of a session").json::<SessionData>(200).status(200, "By step.")
}
