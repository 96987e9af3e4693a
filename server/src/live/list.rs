//! The list of runs over a WebSocket: that something in it has changed, not what.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures::{SinkExt, StreamExt};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::ws::{PING, close, drain, farewell, goodbye};
use super::{bounded, no_upgrade};
use crate::error::ApiError;
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Least time between two messages to one viewer: the changes within it are one message.
const MESSAGE_INTERVAL: Duration = Duration::from_secs(1);

/// GET `/changes`: a WebSocket.
pub async fn changes(
    State(state): State<AppState>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|rejection| no_upgrade(&rejection))?;
    let changes = state.store.subscribe_all();
    Ok(bounded(upgrade).on_upgrade(move |socket| serve(socket, changes, state.stopping)))
}

/// How [`changes`] is described.
pub fn changes_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Follow the list of runs")
        .description(
            "A WebSocket with a number as text: at once, and whenever any run was created, written, changed \
             or deleted, at most once a second. The number differs after each change; it is repeated every \
             20 s as a sign of life. It does not say what changed: a client reads its list again.",
        )
        .status(101, "A WebSocket.")
        .status(400, "The request does not ask for a WebSocket.")
}

async fn serve(socket: WebSocket, mut changes: watch::Receiver<u64>, stopping: CancellationToken) {
    let (mut sink, stream) = socket.split();
    let mut gone = tokio::spawn(drain(stream));
    let work = async {
        loop {
            let number = *changes.borrow_and_update();
            if sink.send(Message::text(number.to_string())).await.is_err() {
                return;
            }
            tokio::time::sleep(MESSAGE_INTERVAL).await;
            // Ends early only with the server.
            _ = tokio::time::timeout(PING, changes.changed()).await;
        }
    };
    let frame = tokio::select! {
        () = work => goodbye(None),
        code = &mut gone => farewell(code.unwrap_or(close_code::AWAY)),
        () = stopping.cancelled() => goodbye(None),
    };
    gone.abort();
    close(sink, frame).await;
}
