//! `/v1/traces` and `/v1/logs`: what any OpenTelemetry exporter sends, kept as runs, episodes, steps and scores.
//!
//! A request is answered after the commit, so a 200 means that it is on disk. What cannot be kept is named in
//! `partialSuccess`, while the rest is kept. A refusal is a `google.rpc.Status` in the encoding of the request.

mod homes;
mod keep;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gauntlet_otlp::{
    Arrived, DecodeError, Encoding, Intake, Outcome, Signal, answer, decode_logs, decode_traces, read_logs,
    read_traces, refusal,
};

pub use homes::Homes;

use crate::body;
use crate::error::ApiError;
use crate::state::AppState;

/// POST `/v1/traces`: an `ExportTraceServiceRequest`.
pub async fn traces(State(state): State<AppState>, headers: HeaderMap, raw: Body) -> Response {
    respond(state, headers, raw, Signal::Traces).await
}

/// POST `/v1/logs`: an `ExportLogsServiceRequest`.
pub async fn logs(State(state): State<AppState>, headers: HeaderMap, raw: Body) -> Response {
    respond(state, headers, raw, Signal::Logs).await
}

async fn respond(state: AppState, headers: HeaderMap, raw: Body, signal: Signal) -> Response {
    let media_type = body::media_type(&headers);
    let Some(encoding) = Encoding::of(&media_type) else {
        let message =
            format!("Content-Type {media_type:?} is neither application/x-protobuf nor application/json");
        return ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
            .into_response();
    };
    let result = async {
        let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes).await?;
        let intake = read(&state, encoding, signal, bytes).await?;
        keep::keep(&state, intake).await
    };
    match result.await {
        Ok(outcome) => written(StatusCode::OK, encoding, answer(encoding, signal, &outcome)),
        Err(error) => refused(encoding, error),
    }
}

/// Reads a request and sorts it into runs.
async fn read(
    state: &AppState,
    encoding: Encoding,
    signal: Signal,
    bytes: Bytes,
) -> Result<Intake, ApiError> {
    let arrived = apart(move || -> Result<Arrived, DecodeError> {
        Ok(match signal {
            Signal::Traces => read_traces(&decode_traces(encoding, &bytes)?),
            Signal::Logs => read_logs(&decode_logs(encoding, &bytes)?),
        })
    });
    let arrived = arrived.await?.map_err(|e| ApiError::bad_request(e.to_string()))?;
    state.homes.recall(&state.store, arrived.traces()).await?;
    let homes = state.homes.clone();
    apart(move || arrived.sorted(&mut |trace, run| homes.settle(trace, run))).await
}

/// Does what takes a while for a large request on a thread that nobody else waits for.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| {
        tracing::error!(error = %e, "reading an OTLP request stopped");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request could not be read")
    })
}

/// An error in the protocol's own words; status and `Retry-After` stay.
fn refused(encoding: Encoding, error: ApiError) -> Response {
    let message = error.message().to_owned();
    let plain = error.into_response();
    // gRPC's numbers: INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE, INTERNAL.
    let code = match plain.status() {
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS => 8,
        StatusCode::SERVICE_UNAVAILABLE => 14,
        status if status.is_server_error() => 13,
        _ => 3,
    };
    let mut response = written(plain.status(), encoding, refusal(encoding, code, &message));
    if let Some(wait) = plain.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    response
}

fn written(status: StatusCode, encoding: Encoding, bytes: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(encoding.media_type()))], bytes).into_response()
}

/// What is left to say of a request whose batches are kept one after another.
pub(crate) fn merge(into: &mut Outcome, more: Outcome) {
    into.rejected += more.rejected;
    more.message.lines().for_each(|line| into.say(line));
}
