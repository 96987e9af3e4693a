//! The live tail: binary frames with packed facts, and text frames with the head of the log.

use futures::future::{Either, select};
use futures::{StreamExt, pin_mut};
use gauntlet_api::LiveHello;
use gauntlet_app::ports::{FeedState, FeedUpdate};
use gauntlet_film::codec;
use gloo_net::websocket::{Message, futures::WebSocket};
use gloo_timers::future::TimeoutFuture;

use super::Follow;
use super::http::{FetchError, path};

/// The server sends something at least every 20 s. After this time without a message, milliseconds, the
/// connection is dead without having closed, as after a laptop has slept.
const SILENCE_MS: u32 = 45_000;
/// Time between two checks whether the page has stopped following, milliseconds.
const STOP_CHECK_MS: u32 = 250;

/// Follows from behind the last delivered event, until the connection is lost.
pub(crate) async fn follow(feed: &Follow, mut head: u64) -> Result<(), FetchError> {
    let mut socket = WebSocket::open(&url(feed)).map_err(|_| FetchError::Failed)?;
    let mut live = false;
    let mut silent_ms = 0;
    while silent_ms < SILENCE_MS && !feed.stopped.get() {
        let message = {
            let timeout = TimeoutFuture::new(STOP_CHECK_MS);
            let next = socket.next();
            pin_mut!(timeout, next);
            match select(next, timeout).await {
                Either::Left((message, _)) => message,
                Either::Right(_) => {
                    silent_ms += STOP_CHECK_MS;
                    continue;
                }
            }
        };
        silent_ms = 0;
        match message {
            Some(Ok(Message::Bytes(bytes))) => {
                let facts = codec::decode(&bytes).map_err(|_| FetchError::Failed)?;
                if let Some(last) = facts.iter().map(|f| f.seq).max() {
                    feed.deliver(facts, last);
                }
            }
            Some(Ok(Message::Text(text))) => {
                let message: LiveHello = serde_json::from_str(&text).map_err(|_| FetchError::Failed)?;
                head = head.max(message.head);
                let effects = message.effects_version.map(FeedUpdate::Effects);
                let settings = [message.rules.map(FeedUpdate::Rules), effects];
                settings.into_iter().flatten().for_each(|update| feed.report(update));
            }
            Some(Err(_)) | None => return Ok(()),
        }
        if !live && feed.next_seq() >= head {
            live = true;
            feed.report(FeedUpdate::State(FeedState::Live));
        }
    }
    Ok(())
}

fn url(feed: &Follow) -> String {
    let location = web_sys::window().map(|w| w.location());
    let part = |f: fn(&web_sys::Location) -> Result<String, wasm_bindgen::JsValue>| {
        location.as_ref().and_then(|l| f(l).ok()).unwrap_or_default()
    };
    let scheme = if part(web_sys::Location::protocol) == "https:" { "wss" } else { "ws" };
    let after = feed.after.get().map_or(String::new(), |seq| format!("&after={seq}"));
    format!("{scheme}://{}{}/live?format=binary{after}", part(web_sys::Location::host), path(&feed.run))
}
