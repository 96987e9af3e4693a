//! Bodies on their way in: none is longer than its route allows, and none arrives so slowly that it holds its
//! connection and its memory for long. Around every route; what a body becomes is bounded where it is
//! decoded.

use std::time::Duration;

use aide::axum::ApiRouter;
use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use crate::error::ApiError;

/// The longest time without a byte.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(20);
/// The time any body may take.
const BASE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes a second that a body needs on the average after that.
const LEAST_PER_SEC: u64 = 2048;

/// Why a body is not read any further.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It arrives too slowly, or has stopped arriving.
    #[error("the body arrives too slowly")]
    TooSlow,
    /// It is longer than this many bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
}

/// Bounds the bodies of these routes: at most `limit` bytes, as they are on the wire, and in time.
pub fn bounded<S: Clone + Send + Sync + 'static>(
    routes: impl Into<ApiRouter<S>>,
    limit: u64,
) -> ApiRouter<S> {
    let bound = move |request: Request, next: Next| bound(limit, request, next);
    routes
        .into()
        .layer(middleware::from_fn(bound))
        .layer(DefaultBodyLimit::max(usize::try_from(limit).unwrap_or(usize::MAX)))
}

async fn bound(limit: u64, request: Request, next: Next) -> Response {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > limit) {
        return ApiError::too_large(limit).into_response();
    }
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    next.run(request.map(|body| paced(body, limit))).await
}

/// The body, ending with [`Refused`] where it is too long or too slow.
fn paced(body: Body, limit: u64) -> Body {
    let start = (body.into_data_stream(), Instant::now(), 0_u64);
    Body::from_stream(stream::try_unfold(start, move |(mut chunks, began, received)| async move {
        let earned = began + BASE_TIMEOUT + Duration::from_secs(received / LEAST_PER_SEC);
        let until = earned.min(Instant::now() + SILENCE_TIMEOUT);
        let chunk = timeout_at(until, chunks.next()).await.map_err(|_| axum::Error::new(Refused::TooSlow))?;
        let Some(chunk) = chunk.transpose()? else { return Ok(None) };
        let received = received + chunk.len() as u64;
        if received > limit {
            return Err(axum::Error::new(Refused::TooLarge(limit)));
        }
        Ok(Some((chunk, (chunks, began, received))))
    }))
}
