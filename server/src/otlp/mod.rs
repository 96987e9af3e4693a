//! `/v1/traces`, `/v1/logs` and `/v1/metrics`, and the same over gRPC: what any OpenTelemetry exporter sends,
//! kept as runs, episodes, steps, scores and measurements.
//!
//! A request is answered after the commit, so a 200 means that it is on disk. What cannot be kept is named in
//! `partialSuccess`, while the rest is kept. A refusal is a `google.rpc.Status` in the encoding of the
//! request.

mod append;
mod grpc;
mod open;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gauntlet_engine::clock::now;
use gauntlet_otlp::{
    DecodeError, Encoding, PartialSuccess, Signal, answer, decode_logs, decode_metrics, decode_traces,
    read_logs, read_metrics, read_traces, refusal,
};
use schemars::json_schema;

pub use grpc::Grpc;
pub use open::{close_quiet, watch_quiet};

use crate::body;
use crate::error::ApiError;
use crate::openapi::{Describe, Docs, JSON, binary};
use crate::state::AppState;

/// The media type of the protocol's binary encoding.
const PROTOBUF: &str = "application/x-protobuf";

/// POST `/v1/traces`: an `ExportTraceServiceRequest`.
pub async fn traces(State(state): State<AppState>, headers: HeaderMap, raw: Body) -> Response {
    respond(state, headers, raw, Signal::Traces).await
}

/// POST `/v1/logs`: an `ExportLogsServiceRequest`.
pub async fn logs(State(state): State<AppState>, headers: HeaderMap, raw: Body) -> Response {
    respond(state, headers, raw, Signal::Logs).await
}

/// POST `/v1/metrics`: an `ExportMetricsServiceRequest`.
pub async fn metrics(State(state): State<AppState>, headers: HeaderMap, raw: Body) -> Response {
    respond(state, headers, raw, Signal::Metrics).await
}

/// How [`traces`] is described.
pub fn traces_docs(op: Docs<'_>) -> Docs<'_> {
    signal_docs(op, "Send spans", "rejectedSpans").description(
        "An `ExportTraceServiceRequest`, plain or gzip. Each trace becomes an episode, each span a step, \
         each `gen_ai.evaluation.result` a score; docs/opentelemetry.md says which attribute goes where. \
         Answered when it is on the disk; sent again, it is kept once.",
    )
}

/// How [`logs`] is described.
pub fn logs_docs(op: Docs<'_>) -> Docs<'_> {
    signal_docs(op, "Send log records", "rejectedLogRecords").description(
        "An `ExportLogsServiceRequest`, plain or gzip. Evaluations become scores, other records steps.",
    )
}

/// How [`metrics`] is described.
pub fn metrics_docs(op: Docs<'_>) -> Docs<'_> {
    signal_docs(op, "Send metrics", "rejectedDataPoints").description(
        "An `ExportMetricsServiceRequest`, plain or gzip. Each point is a measurement of a step.",
    )
}

/// What the three signals have in common. Both encodings are those of the protocol, so no type of ours
/// describes them.
fn signal_docs<'op>(op: Docs<'op>, summary: &str, rejected: &str) -> Docs<'op> {
    let object = || json_schema!({ "type": "object" });
    let answer = json_schema!({
        "type": "object",
        "properties": {
            "partialSuccess": {
                "type": "object",
                "properties": { rejected: { "type": "string" }, "errorMessage": { "type": "string" } },
            },
        },
    });
    let described = op
        .titled("OpenTelemetry", summary)
        .body(PROTOBUF, binary())
        .body(JSON, object())
        .content(200, PROTOBUF, binary())
        .content(200, JSON, answer)
        .status(200, "Kept, but for what `partialSuccess` names; in the encoding of the request.");
    let refusals = [
        (400, "It cannot be read."),
        (408, "The body arrived too slowly, or not to its end."),
        (413, "It is over the limit."),
        (500, "Something failed here."),
        (503, "No room in the queue; `Retry-After` says when to come back."),
    ];
    // A `google.rpc.Status`.
    let refused = refusals.into_iter().fold(described, |op, (status, about)| {
        op.content(status, PROTOBUF, binary()).content(status, JSON, object()).status(status, about)
    });
    refused.status(415, "Neither protobuf nor JSON.")
}

async fn respond(state: AppState, headers: HeaderMap, raw: Body, signal: Signal) -> Response {
    let media_type = body::media_type(&headers);
    let Some(encoding) = Encoding::from_media_type(&media_type) else {
        let message =
            format!("Content-Type {media_type:?} is neither application/x-protobuf nor application/json");
        return ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
            .into_response();
    };
    let result = async {
        let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes).await?;
        take(&state, encoding, signal, bytes).await
    };
    match result.await {
        Ok(outcome) => written(StatusCode::OK, encoding, answer(encoding, signal, &outcome)),
        Err(error) => refused(encoding, error),
    }
}

/// Stores what a request holds. Returns what could not be stored.
async fn take(
    state: &AppState,
    encoding: Encoding,
    signal: Signal,
    bytes: Bytes,
) -> Result<PartialSuccess, ApiError> {
    let received = now();
    // Keeps the request's share of the memory until everything that was read from it is on the disk.
    let _held = bytes.clone();
    let unreadable = |e: DecodeError| ApiError::bad_request(e.to_string());
    let trace_runs = state.trace_runs.clone();
    if signal == Signal::Metrics {
        let arrived =
            run_blocking(move || decode_metrics(encoding, bytes).map(|d| read_metrics(d, received)));
        let arrived = arrived.await?.map_err(unreadable)?;
        let services = trace_runs.services(&state.store, arrived.services(), received).await?;
        let (measured, outcome) = run_blocking(move || arrived.route(&services)).await?;
        return append::append_measurements(state, measured, outcome).await;
    }
    let arrived = run_blocking(move || match signal {
        Signal::Logs => decode_logs(encoding, bytes).map(|d| read_logs(d, received)),
        Signal::Traces | Signal::Metrics => decode_traces(encoding, bytes).map(|d| read_traces(d, received)),
    });
    let arrived = arrived.await?.map_err(unreadable)?;
    trace_runs.recall(&state.store, arrived.traces()).await?;
    let services = trace_runs.services(&state.store, arrived.services(), received).await?;
    let intake =
        run_blocking(move || arrived.route(&services, &mut |trace, run| trace_runs.settle(trace, run)))
            .await?;
    append::append(state, intake).await
}

/// Runs what takes long for a large request on a thread that may block.
async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| {
        tracing::error!(error = %e, "reading an OTLP request stopped");
        ApiError::internal("the request could not be read")
    })
}

/// An error in the protocol's own words; status and `Retry-After` stay.
fn refused(encoding: Encoding, error: ApiError) -> Response {
    let message = error.message().to_owned();
    let plain = error.into_response();
    let code = grpc::code(plain.status()) as i32;
    let mut response = written(plain.status(), encoding, refusal(encoding, code, &message));
    if let Some(wait) = plain.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    response
}

fn written(status: StatusCode, encoding: Encoding, bytes: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(encoding.media_type()))], bytes).into_response()
}

/// Merges the partial successes of a request whose batches are appended one after another.
pub(crate) fn merge(into: &mut PartialSuccess, more: PartialSuccess) {
    into.rejected += more.rejected;
    more.message.lines().for_each(|line| into.warn(line));
}
