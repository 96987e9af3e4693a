//! The live tail: binary frames with packed facts, and text frames with the head of the log.

use gauntlet_api::LiveHello;
use gauntlet_app::ports::{FeedState, FeedUpdate};
use gauntlet_film::codec;
use gloo_net::websocket::{Message, futures::WebSocket};

use super::Follow;
use super::http::{FetchError, path};
use crate::socket::{next_message, socket_url};

/// Follows from past the last delivered event, until the connection is lost.
pub(crate) async fn follow(feed: &Follow, mut head: u64) -> Result<(), FetchError> {
    let mut socket = WebSocket::open(&url(feed)).map_err(|_| FetchError::Failed)?;
    let mut live = false;
    while let Some(message) = next_message(&mut socket, &feed.stopped).await {
        match message {
            Message::Bytes(bytes) => {
                let facts = codec::decode(&bytes).map_err(|_| FetchError::Failed)?;
                if let Some(last) = facts.iter().map(|f| f.seq).max() {
                    feed.deliver(facts, last);
                }
            }
            Message::Text(text) => {
                let message: LiveHello = serde_json::from_str(&text).map_err(|_| FetchError::Failed)?;
                head = head.max(message.head);
                let effects = message.effects_version.map(FeedUpdate::Effects);
                let settings = [message.rules.map(FeedUpdate::Rules), effects];
                settings.into_iter().flatten().for_each(|update| feed.report(update));
            }
        }
        if !live && feed.next_seq() >= head {
            live = true;
            feed.report(FeedUpdate::State(FeedState::Live));
        }
    }
    Ok(())
}

fn url(feed: &Follow) -> String {
    let after = feed.after.get().map_or(String::new(), |seq| format!("&after={seq}"));
    socket_url(&format!("{}/live?format=binary{after}", path(&feed.run)))
}
