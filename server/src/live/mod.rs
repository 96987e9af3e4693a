//! Live: followers of a run's log. Live is a replay that has reached the end: one code path gives the past
//! from the log and the present from the tail, and a viewer that falls behind is simply given the past again.

mod list;
mod sse;
mod ws;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use gauntlet_api::LiveQuery;
use schemars::{Schema, json_schema};

pub use list::{changes, changes_docs};
pub use ws::{CLOSED_GONE, close, drain, farewell, goodbye};

use crate::error::ApiError;
use crate::extract::{Query, RunPath};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Largest message of a viewer, bytes.
const MESSAGE_BYTES: usize = 64 << 10;

/// GET `/runs/{run}/live`: a WebSocket where the client asks for an upgrade, server-sent events otherwise.
pub async fn live(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let head = state.store.head(&run).await?.ok_or_else(|| ApiError::no_run(run.as_str()))?;
    let project = state.store.run(&run).await?.ok_or_else(|| ApiError::no_run(run.as_str()))?.project;
    let settings = state.settings_changes.subscribe(state.store.clone(), run.clone(), project);
    match upgrade {
        Ok(upgrade) => {
            within("after", query.after, head)?;
            let follower = state.tails.follow(&run, query.after).await?;
            let viewer = ws::Viewer { follower, settings, format: query.format };
            Ok(bounded(upgrade).on_upgrade(move |socket| ws::serve(socket, viewer, head, state.stopping)))
        }
        Err(rejection) if headers.contains_key(axum::http::header::UPGRADE) => Err(no_upgrade(&rejection)),
        Err(_) => {
            let last = sse::last_event_id(&headers)?;
            within("Last-Event-ID", last, head)?;
            within("after", query.after.filter(|_| last.is_none()), head)?;
            let after = last.or(query.after);
            let follower = state.tails.follow(&run, after).await?;
            Ok(sse::respond(follower, settings, state.stopping))
        }
    }
}

/// One server-sent event, with its fields.
fn event_schema() -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "id": { "type": "string" },
            "event": { "type": "string" },
            "data": { "type": "string" },
        },
    })
}

/// How [`live`] is described.
pub fn live_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Events", "Follow a run")
        .description(
            "A WebSocket where the request asks for an upgrade, else server-sent events. First \
             everything after `after`, then what comes. A slow reader falls behind and catches up \
             from the log. Whenever the run asks for other rules or its project has other effects, a \
             WebSocket sends a text frame with a `LiveHello`, which has no `seq`, and server-sent \
             events hold one named `rules` or `effects`, without `id`, whose `data` is a `LiveHello`. \
             Where the run is deleted, a WebSocket is closed with the code 4410, and server-sent events \
             end with one named `end`, whose `data` is an error; after any other code reconnecting may \
             work, but 1011 (the log is damaged).",
        )
        .status(101, "A WebSocket.")
        .content(200, "text/event-stream", event_schema())
        .status(200, "Server-sent events: `id` is the sequence number, `data` the event.")
        .status(409, "The log has no event `after`: the run is another one under the same id.")
        .status(422, "`Last-Event-ID` is not a number.")
}

/// An upgrade for viewers, of whom nothing but a goodbye is expected: the library would hold messages of 64
/// MiB.
pub fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.max_message_size(MESSAGE_BYTES).max_frame_size(MESSAGE_BYTES)
}

/// A request for a WebSocket that is none, in the API's own words.
pub fn no_upgrade(rejection: &WebSocketUpgradeRejection) -> ApiError {
    ApiError::new(
        rejection.status(),
        "bad_request",
        format!("this is not a WebSocket: {}", rejection.body_text()),
    )
}

/// Refuses to go on after an event that the log does not have: the run is another one, created again under
/// the id of a deleted one, or its log is an older copy. Waiting there would look as if nothing happened.
pub fn within(field: &str, after: Option<u64>, head: u64) -> Result<(), ApiError> {
    match after.filter(|after| *after >= head) {
        Some(after) => Err(ApiError::beyond_head(field, after, head)),
        None => Ok(()),
    }
}
