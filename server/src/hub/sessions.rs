//! `GET /gauntlet/sessions` and `GET /gauntlet/data/{sid}`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use gauntlet_model::RunId;
use serde_json::{Value, json};

use super::{places, snapshot};
use crate::error::ApiError;
use crate::extract::Path;
use crate::state::AppState;

/// Every session with the metadata of its last step and its number of steps.
pub async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let sessions: Vec<_> = state
        .store
        .sessions()
        .await?
        .into_iter()
        .map(|s| json!({ "session_id": s.run, "metadata": s.metadata, "step_count": s.steps }))
        .collect();
    Ok(Json(json!({ "sessions": sessions })))
}

/// A session's snapshots by step; an unknown session has none. Read and written one by one: a session may be larger
/// than what one request may hold.
pub async fn data(State(state): State<AppState>, Path(sid): Path<String>) -> Result<Response, ApiError> {
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
