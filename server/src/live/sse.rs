//! Live as server-sent events: `id` is the sequence number, so a browser resumes by itself.

use std::convert::Infallible;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use gauntlet_model::FieldError;
use tokio_util::sync::CancellationToken;

use super::{Follower, next_batch};
use crate::error::ApiError;

/// The last event the client has, if it says so. What is not a number is refused.
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or("?").trim();
    let seq = text.parse().map_err(|_| {
        ApiError::invalid(&FieldError::new("Last-Event-ID", format!("{text:?} is not a sequence number")))
    })?;
    Ok(Some(seq))
}

/// The events, until the client leaves or the server stops.
pub fn respond(follower: Follower, stopping: CancellationToken) -> Response {
    let batches = stream::unfold((follower, stopping), |(mut follower, stopping)| async move {
        let batch = next_batch(&mut follower, &stopping).await?;
        let events: Vec<_> = batch
            .records()
            .iter()
            .zip(batch.json())
            .map(|(record, text)| {
                let event = Event::default().id(record.seq.to_string()).event(record.kind.as_str());
                Ok::<_, Infallible>(event.data(text.as_str()))
            })
            .collect();
        Some((stream::iter(events), (follower, stopping)))
    });
    Sse::new(batches.flatten()).keep_alive(KeepAlive::default()).into_response()
}
