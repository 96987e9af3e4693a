//! Live as server-sent events: `id` is the sequence number, so a browser resumes by itself.

use std::convert::Infallible;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use gauntlet_api::ErrorBody;
use gauntlet_model::FieldError;
use gauntlet_store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::settings_changes::SettingsWatch;
use crate::tail::Follower;

/// The last event the client has, if it says so. What is not a number is refused.
pub(super) fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or("?").trim();
    let seq = text.parse().map_err(|_| {
        ApiError::invalid(&FieldError::new("Last-Event-ID", format!("{text:?} is not a sequence number")))
    })?;
    Ok(Some(seq))
}

/// The events, and one named `rules` or `effects` whenever these change, until the client leaves or the
/// server stops.
pub(super) fn respond(follower: Follower, settings: SettingsWatch, stopping: CancellationToken) -> Response {
    let batches = stream::unfold(Some((follower, settings, stopping)), |state| async move {
        let (mut follower, mut settings, stopping) = state?;
        let next = tokio::select! {
            () = stopping.cancelled() => return None,
            next = follower.next() => next,
            name = settings.changed() => {
                // Without an id: it is not an event of the log, so a client resumes where it was.
                let event = Event::default().event(name).data(settings.hello(follower.position()).await);
                return Some((stream::iter(vec![Ok(event)]), Some((follower, settings, stopping))));
            }
        };
        let batch = match next {
            Ok(batch) => batch,
            Err(error) => {
                tracing::info!(%error, "a viewer's run ended");
                return Some((stream::iter(vec![Ok(farewell(error))]), None));
            }
        };
        let events: Vec<_> = batch
            .records()
            .iter()
            .zip(batch.json())
            .map(|(record, text)| {
                let event = Event::default().id(record.seq.to_string()).event(record.kind.as_str());
                Ok::<_, Infallible>(event.data(text.as_str()))
            })
            .collect();
        Some((stream::iter(events), Some((follower, settings, stopping))))
    });
    Sse::new(batches.flatten()).keep_alive(KeepAlive::default()).into_response()
}

/// The last event of a stream that ends, named `end`, with what any other answer would say. A client that
/// comes back after it is refused with the same.
fn farewell(error: StoreError) -> Event {
    let body = ErrorBody { error: ApiError::from(error).info().clone() };
    Event::default().event("end").data(serde_json::to_string(&body).unwrap_or_default())
}
