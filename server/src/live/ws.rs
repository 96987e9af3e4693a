//! Live over a WebSocket. Each viewer has a task of its own, so one that stops reading delays no other.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseCode, CloseFrame, Message, WebSocket, close_code};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use gauntlet_api::LiveFormat;
use gauntlet_store::StoreError;
use tokio_util::sync::CancellationToken;
use tungstenite::error::CapacityError;

use crate::settings_changes::SettingsWatch;
use crate::tail::{Batch, Follower};

/// Close code: the run was deleted; coming back makes no sense. (HTTP's 410, in the range for applications.)
pub const CLOSED_GONE: u16 = 4410;
/// How often an idle connection is probed.
pub(super) const PING: Duration = Duration::from_secs(20);

type Sink = SplitSink<WebSocket, Message>;

/// What one viewer is served from.
pub(super) struct Viewer {
    /// Its place in the log.
    pub follower: Follower,
    /// The settings that its run is shown by.
    pub settings: SettingsWatch,
    /// How frames are written.
    pub format: LiveFormat,
}

/// Serves one viewer until it leaves or the server stops. `head` is where the log ends for now.
pub(super) async fn serve(socket: WebSocket, viewer: Viewer, head: u64, stopping: CancellationToken) {
    let Viewer { mut follower, mut settings, format } = viewer;
    let is_binary = format == LiveFormat::Binary;
    let (mut sink, stream) = socket.split();
    let mut gone = tokio::spawn(drain(stream));
    let work = async {
        if is_binary && sink.send(Message::text(settings.hello(head).await)).await.is_err() {
            return None;
        }
        loop {
            let sent = tokio::select! {
                next = follower.next() => match next {
                    Ok(batch) => send(&mut sink, batch, format).await,
                    Err(error) => {
                        tracing::info!(%error, "a viewer's run ended");
                        return Some(error);
                    }
                },
                _ = settings.changed() => {
                    sink.send(Message::text(settings.hello(follower.position()).await)).await
                }
                // A page cannot see pings: a frame shows it that the connection lives.
                () = tokio::time::sleep(PING) => match is_binary {
                    true => sink.send(Message::text(settings.hello(follower.position()).await)).await,
                    false => sink.send(Message::Ping(bytes::Bytes::new())).await,
                },
            };
            if sent.is_err() {
                return None;
            }
        }
    };
    let frame = tokio::select! {
        end = work => goodbye(end.as_ref()),
        code = &mut gone => farewell(code.unwrap_or(close_code::AWAY)),
        () = stopping.cancelled() => goodbye(None),
    };
    gone.abort();
    close(sink, frame).await;
}

/// The close frame for an end: whether it is worth coming back, and why not. `None` where it is.
pub fn goodbye(end: Option<&StoreError>) -> CloseFrame {
    match end {
        Some(StoreError::Gone(why) | StoreError::NotFound(why)) => {
            CloseFrame { code: CLOSED_GONE, reason: clip(why).into() }
        }
        Some(error @ StoreError::Corrupt { .. }) => {
            CloseFrame { code: close_code::ERROR, reason: clip(&error.to_string()).into() }
        }
        _ => farewell(close_code::AWAY),
    }
}

/// The close frame for what the viewer did.
pub fn farewell(code: CloseCode) -> CloseFrame {
    let reason = if code == close_code::AWAY { "reconnect to go on" } else { "this is not understood" };
    CloseFrame { code, reason: reason.into() }
}

/// What of a text fits the reason of a close frame: 123 bytes.
fn clip(text: &str) -> String {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= 123).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

/// Says goodbye, without waiting long for one that does not read.
pub async fn close(mut sink: Sink, goodbye: CloseFrame) {
    let bye = sink.send(Message::Close(Some(goodbye)));
    let _ = tokio::time::timeout(Duration::from_millis(500), bye).await;
}

/// Reads what the viewer says, which is nothing, until it leaves. Returns the code to close with.
pub async fn drain(mut stream: SplitStream<WebSocket>) -> CloseCode {
    loop {
        match stream.next().await {
            None | Some(Ok(Message::Close(_))) => return close_code::AWAY,
            Some(Ok(_)) => {}
            Some(Err(error)) if is_too_long(&error) => return close_code::SIZE,
            Some(Err(_)) => return close_code::PROTOCOL,
        }
    }
}

/// Whether a message was refused for its size: axum passes the WebSocket library's error on.
fn is_too_long(error: &axum::Error) -> bool {
    let inner = error.source().and_then(|source| source.downcast_ref::<tungstenite::Error>());
    matches!(inner, Some(tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. })))
}

/// Writes a batch. Only what is still to be written is held while the viewer takes its time.
async fn send(sink: &mut Sink, batch: Arc<Batch>, format: LiveFormat) -> Result<(), axum::Error> {
    match format {
        LiveFormat::Binary => {
            let frame = batch.binary();
            drop(batch);
            sink.send(Message::Binary(frame)).await
        }
        LiveFormat::Json => {
            let texts = batch.json().to_vec();
            drop(batch);
            for text in texts {
                sink.feed(Message::Text(text)).await?;
            }
            sink.flush().await
        }
    }
}
