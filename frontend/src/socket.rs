//! What every WebSocket to the server has: its address, when it counts as dead, when it is tried again.

use std::cell::Cell;
use std::rc::Rc;

use futures::future::{Either, select};
use futures::{StreamExt, pin_mut};
use gloo_net::websocket::{Message, futures::WebSocket};
use gloo_timers::future::TimeoutFuture;

/// The server sends something at least every 20 s. After this time without a message, milliseconds, the
/// connection is dead without having closed, as after a laptop has slept.
const SILENCE_MS: u32 = 45_000;
/// Time between two checks whether the page has stopped following, milliseconds.
const STOP_CHECK_MS: u32 = 250;
/// Seconds before each attempt to reconnect; the last one repeats.
pub(crate) const BACKOFF_SECS: [u32; 5] = [1, 1, 2, 4, 8];

/// Ends what it belongs to when it is dropped.
pub(crate) struct StopOnDrop(pub(crate) Rc<Cell<bool>>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

/// The next message of a connection; `None` where it is lost or dead, or once `stopped` is set.
pub(crate) async fn next_message(socket: &mut WebSocket, stopped: &Cell<bool>) -> Option<Message> {
    let mut silent_ms = 0;
    while silent_ms < SILENCE_MS && !stopped.get() {
        let (timeout, next) = (TimeoutFuture::new(STOP_CHECK_MS), socket.next());
        pin_mut!(timeout, next);
        match select(next, timeout).await {
            Either::Left((message, _)) => return message?.ok(),
            Either::Right(_) => silent_ms += STOP_CHECK_MS,
        }
    }
    None
}

/// The address of a WebSocket of this server.
pub(crate) fn socket_url(path: &str) -> String {
    let location = web_sys::window().map(|w| w.location());
    let part = |f: fn(&web_sys::Location) -> Result<String, wasm_bindgen::JsValue>| {
        location.as_ref().and_then(|l| f(l).ok()).unwrap_or_default()
    };
    let scheme = if part(web_sys::Location::protocol) == "https:" { "wss" } else { "ws" };
    format!("{scheme}://{}{path}", part(web_sys::Location::host))
}
