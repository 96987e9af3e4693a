//! The changes of the list of runs, as the server announces them over a WebSocket.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use gauntlet_app::ports::{Changes, ListUpdate};
use gloo_net::websocket::{Message, futures::WebSocket};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use crate::socket::{BACKOFF_SECS, StopOnDrop, next_message, socket_url};

/// The server this page came from.
pub(crate) struct HttpChanges;

impl Changes for HttpChanges {
    fn follow(&self, on: Rc<dyn Fn(ListUpdate)>) -> Box<dyn Any> {
        let stopped = Rc::new(Cell::new(false));
        spawn_local(follow(on, Rc::clone(&stopped)));
        Box::new(StopOnDrop(stopped))
    }
}

/// Connects again and again, until the page stops following.
async fn follow(on: Rc<dyn Fn(ListUpdate)>, stopped: Rc<Cell<bool>>) {
    let (mut failures, mut known) = (0, None);
    while !stopped.get() {
        if listen(&on, &stopped, &mut known).await {
            failures = 0;
        }
        if !stopped.get() {
            on(ListUpdate::Lost);
        }
        let retry_secs = BACKOFF_SECS[usize::min(failures, BACKOFF_SECS.len() - 1)];
        failures += 1;
        TimeoutFuture::new(retry_secs * 1000).await;
        // Something may have changed in between, so the next number counts as new.
        known = None;
    }
}

/// Listens until the connection is lost; whether a message came.
async fn listen(on: &Rc<dyn Fn(ListUpdate)>, stopped: &Rc<Cell<bool>>, known: &mut Option<String>) -> bool {
    let Ok(mut socket) = WebSocket::open(&socket_url("/api/v1/changes")) else { return false };
    let mut has_sent = false;
    while let Some(message) = next_message(&mut socket, stopped).await {
        has_sent = true;
        // The server repeats the number as a heartbeat.
        if let Message::Text(number) = message
            && known.as_ref() != Some(&number)
        {
            *known = Some(number);
            on(ListUpdate::Changed);
        }
    }
    has_sent
}
