//! Answers that are made in memory, such as a page of events: those that wait for their clients to read them
//! have one budget, so that many clients that do not read cost each other time and the server no memory.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gauntlet_engine::memory::Share;
use hyper::body::{Frame, SizeHint};

use crate::error::ApiError;
use crate::state::AppState;

/// Answers of at most this many bytes are not counted: about what a connection takes anyway.
const UNCOUNTED_BYTES: u64 = 256 << 10;

/// Counts a large answer of JSON until it is sent or dropped; 503 where those that others have not read leave
/// no room for it. What is streamed, such as an export, and files of the pages take no memory of their own.
pub async fn bound(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let Some(size) = response.body().size_hint().exact().filter(|size| is_json && *size > UNCOUNTED_BYTES)
    else {
        return response;
    };
    let mut share = state.answers.share();
    // One answer always finds room where nobody else waits.
    let counted = usize::try_from(size).unwrap_or(usize::MAX).min(state.limits.memory_bytes / 2);
    match share.grow_to(counted) {
        Ok(()) => response.map(|body| Body::new(Held { body, _share: share })),
        Err(_) => {
            ApiError::busy("others have not read their answers yet and memory is short").into_response()
        }
    }
}

/// An answer that holds its share of the memory.
struct Held {
    body: Body,
    _share: Share,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
