//! Live: followers of a run's log. Live is a replay that has reached the end: one code path gives the past
//! from the log and the present from the tail, and a viewer that falls behind is simply given the past again.

mod rules;
mod sse;
mod tail;
mod ws;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

pub use rules::RuleChanges;
pub use tail::{Batch, Follower, Tails};
pub use ws::{CLOSED_GONE, close, drain, farewell, goodbye};

use crate::api::run_id;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// Largest message of a viewer, bytes.
const MESSAGE_BYTES: usize = 64 << 10;

/// How frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One event a text frame, as `GET .../events` writes it.
    #[default]
    Json,
    /// The film's facts, packed by its codec. A text frame `{"head":N,"rules":...}` comes first, whenever the
    /// run asks for other rules, and in silence as a sign of life.
    Binary,
}

/// Where to resume, and how to write.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveQuery {
    after: Option<u64>,
    #[serde(default)]
    format: Format,
}

/// GET `/runs/{run}/live`: a WebSocket where the client asks for an upgrade, server-sent events otherwise.
pub async fn live(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let id = run_id(&run)?;
    let head = state.store.head(&id).await?.ok_or_else(|| ApiError::no_run(&run))?;
    match upgrade {
        Ok(upgrade) => {
            within("after", query.after, head)?;
            let follower = state.tails.follow(&id, query.after).await?;
            let rules = state.rule_changes.subscribe(state.store.clone(), id);
            let viewer = ws::Viewer { follower, rules, format: query.format };
            Ok(bounded(upgrade).on_upgrade(move |socket| ws::serve(socket, viewer, head, state.stopping)))
        }
        Err(rejection) if headers.contains_key(axum::http::header::UPGRADE) => Err(no_upgrade(&rejection)),
        Err(_) => {
            let last = sse::last_event_id(&headers)?;
            within("Last-Event-ID", last, head)?;
            within("after", query.after.filter(|_| last.is_none()), head)?;
            let after = last.or(query.after);
            let follower = state.tails.follow(&id, after).await?;
            Ok(sse::respond(follower, state.stopping))
        }
    }
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
        format!("this is no WebSocket: {}", rejection.body_text()),
    )
}

/// Refuses to go on behind an event that the log does not have: the run is another one, created anew under
/// the id of a deleted one, or its log is an older copy. Waiting there would look as if nothing happened.
pub fn within(field: &str, after: Option<u64>, head: u64) -> Result<(), ApiError> {
    match after.filter(|after| *after >= head) {
        Some(after) => Err(ApiError::beyond_head(field, after, head)),
        None => Ok(()),
    }
}
