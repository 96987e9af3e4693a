//! `WS /ws/gauntlet/{sid}`: the stored snapshots by step, then each new one as it becomes durable.

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures::{SinkExt, StreamExt};
use gauntlet_engine::pairs::{places, snapshot};
use gauntlet_model::{Kind, RunId, Snapshot};
use gauntlet_store::StoreError;
use schemars::JsonSchema;
use serde::Deserialize;

use super::SessionPart;
use crate::error::ApiError;
use crate::extract::{Path, Query, run_id};
use crate::live::{bounded, close, drain, farewell, goodbye, no_upgrade};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Whether stored snapshots are sent.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Replay {
    /// `0` for new snapshots only.
    replay: Option<String>,
}

/// Upgrades; the session need not exist yet.
pub async fn watch(
    State(state): State<AppState>,
    Path(SessionPart { sid }): Path<SessionPart>,
    Query(query): Query<Replay>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|rejection| no_upgrade(&rejection))?;
    let run = run_id(&sid)?;
    let replay = !matches!(query.replay.as_deref(), Some("0" | "false"));
    Ok(bounded(upgrade).on_upgrade(move |socket| serve(socket, state, run, replay)))
}

/// How [`watch`] is described.
pub fn watch_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "Follow a session")
        .description("A WebSocket: the stored snapshots in order, then each new one, one text frame each.")
        .status(101, "A WebSocket.")
        .status(400, "The request does not ask for a WebSocket.")
        .status(404, "The session has a name that no run can have.")
}

async fn serve(socket: WebSocket, state: AppState, run: RunId, replay: bool) {
    let (mut sink, stream) = socket.split();
    let mut gone = tokio::spawn(drain(stream));
    let stopping = state.stopping.clone();
    let work = async {
        // Nothing is missed between the two: the follower goes on exactly where the replay ended.
        let after = if replay {
            let (stored, after) = places(&state.store, &run).await?;
            for seq in stored.into_values() {
                if let Some(snapshot) = snapshot(&state.store, &run, seq).await? {
                    feed(&mut sink, &snapshot).await?;
                }
            }
            sink.flush().await.map_err(broken)?;
            after
        } else {
            state.store.head(&run).await?.and_then(|head| head.checked_sub(1))
        };
        let mut follower = state.tails.follow(&run, after).await?;
        loop {
            let batch = follower.next().await?;
            for record in batch.records().iter().filter(|r| r.kind == Kind::SnapshotScored) {
                let event = record.event().ok();
                if let Some(snapshot) = event.and_then(|e| Snapshot::of_event(run.as_str(), &e)) {
                    feed(&mut sink, &snapshot).await?;
                }
            }
            sink.flush().await.map_err(broken)?;
        }
        #[allow(unreachable_code, reason = "gives the block its type")]
        Ok::<(), StoreError>(())
    };
    let frame = tokio::select! {
        ended = work => {
            let end = ended.inspect_err(|error| tracing::debug!(%error, "a hub viewer ended")).err();
            goodbye(end.as_ref())
        }
        code = &mut gone => farewell(code.unwrap_or(close_code::AWAY)),
        () = stopping.cancelled() => goodbye(None),
    };
    gone.abort();
    close(sink, frame).await;
}

async fn feed(
    sink: &mut (impl futures::Sink<Message, Error = axum::Error> + Unpin),
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(snapshot).map_err(|e| broken(axum::Error::new(e)))?;
    sink.feed(Message::text(text)).await.map_err(broken)
}

fn broken(error: axum::Error) -> StoreError {
    StoreError::unavailable_for("the viewer is gone", error)
}
