//! Live over a WebSocket. Each viewer has a task of its own, so one that stops reading holds up nobody.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio_util::sync::CancellationToken;

use super::{Batch, Follower, Format};

/// How often an idle connection is probed.
const PING: Duration = Duration::from_secs(20);

type Sink = SplitSink<WebSocket, Message>;

/// Serves one viewer until it leaves or the server stops.
pub async fn serve(
    socket: WebSocket,
    mut follower: Follower,
    format: Format,
    head: u64,
    stopping: CancellationToken,
) {
    let (mut sink, stream) = socket.split();
    let gone = CancellationToken::new();
    tokio::spawn(drain(stream, gone.clone()));
    let work = async {
        if format == Format::Binary && sink.send(hello(head)).await.is_err() {
            return;
        }
        loop {
            let sent = match tokio::time::timeout(PING, follower.next()).await {
                Ok(Ok(batch)) => send(&mut sink, &batch, format).await,
                Ok(Err(error)) => {
                    tracing::info!(%error, "a viewer's run ended");
                    return;
                }
                // A page cannot see pings: it is told in a frame that the connection lives.
                Err(_) if format == Format::Binary => sink.send(hello(follower.position())).await,
                Err(_) => sink.send(Message::Ping(bytes::Bytes::new())).await,
            };
            if sent.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = gone.cancelled() => {}
        () = stopping.cancelled() => {}
    }
    close(sink).await;
}

/// Where the log ends for now.
fn hello(head: u64) -> Message {
    Message::text(format!("{{\"head\":{head}}}"))
}

/// Says goodbye, without waiting long for one that does not read.
pub async fn close(mut sink: Sink) {
    let goodbye = CloseFrame { code: close_code::AWAY, reason: "reconnect to go on".into() };
    let bye = sink.send(Message::Close(Some(goodbye)));
    let _ = tokio::time::timeout(Duration::from_millis(500), bye).await;
}

/// Reads what the viewer says, which is nothing, until it leaves.
pub async fn drain(mut stream: SplitStream<WebSocket>, gone: CancellationToken) {
    while let Some(Ok(message)) = stream.next().await {
        if matches!(message, Message::Close(_)) {
            break;
        }
    }
    gone.cancel();
}

async fn send(sink: &mut Sink, batch: &Batch, format: Format) -> Result<(), axum::Error> {
    match format {
        Format::Binary => sink.send(Message::Binary(batch.binary())).await,
        Format::Json => {
            for text in batch.json() {
                sink.feed(Message::Text(text.clone())).await?;
            }
            sink.flush().await
        }
    }
}
