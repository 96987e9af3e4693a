//! The changes of the list of runs, as the server announces them over a WebSocket.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use futures::future::{Either, select};
use futures::{StreamExt, pin_mut};
use gauntlet_app::ports::Changes;
use gloo_net::websocket::{Message, futures::WebSocket};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use crate::socket::{BACKOFF_SECS, SILENCE_MS, STOP_CHECK_MS, StopOnDrop, socket_url};

/// The server this page came from.
pub(crate) struct HttpChanges;

impl Changes for HttpChanges {
    fn follow(&self, on: Rc<dyn Fn()>) -> Box<dyn Any> {
        let stopped = Rc::new(Cell::new(false));
        spawn_local(follow(on, Rc::clone(&stopped)));
        Box::new(StopOnDrop(stopped))
    }
}

/// Connects again and again, until the page stops following.
async fn follow(on: Rc<dyn Fn()>, stopped: Rc<Cell<bool>>) {
    let (mut failures, mut known) = (0, None);
    while !stopped.get() {
        if listen(&on, &stopped, &mut known).await {
            failures = 0;
        }
        let retry_secs = BACKOFF_SECS[usize::min(failures, BACKOFF_SECS.len() - 1)];
        failures += 1;
        TimeoutFuture::new(retry_secs * 1000).await;
        // What changed meanwhile is not known.
        known = None;
    }
}

/// Listens until the connection is lost; whether there was one.
async fn listen(on: &Rc<dyn Fn()>, stopped: &Rc<Cell<bool>>, known: &mut Option<String>) -> bool {
    let Ok(mut socket) = WebSocket::open(&socket_url("/api/v1/changes")) else { return false };
    let mut has_spoken = false;
    let mut silent_ms = 0;
    while silent_ms < SILENCE_MS && !stopped.get() {
        let message = {
            let (timeout, next) = (TimeoutFuture::new(STOP_CHECK_MS), socket.next());
            pin_mut!(timeout, next);
            match select(next, timeout).await {
                Either::Left((message, _)) => message,
                Either::Right(_) => {
                    silent_ms += STOP_CHECK_MS;
                    continue;
                }
            }
        };
        match message {
            Some(Ok(message)) => {
                (has_spoken, silent_ms) = (true, 0);
                // Repeated as a sign of life.
                if let Message::Text(number) = message
                    && known.as_ref() != Some(&number)
                {
                    *known = Some(number);
                    on();
                }
            }
            Some(Err(_)) | None => break,
        }
    }
    has_spoken
}
