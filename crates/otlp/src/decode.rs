//! From bytes to requests and from outcomes to bytes, in either encoding of OTLP.

use prost::Message;
use prost::bytes::Bytes;
use serde::Serialize;

use crate::encoding::{DecodeError, Encoding, PartialSuccess};
use crate::parts::{self, ResourceGroup, ScopeGroup};
use crate::proto::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, LogRecord, Metric,
    ResourceLogs, ResourceMetrics, ResourceSpans, ScopeLogs, ScopeMetrics, ScopeSpans, Span,
};

/// A request as far as it could be read, and what could not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded<T> {
    /// What was read.
    pub request: T,
    /// How many spans, log records or metrics could not be read, and why; how many texts were repaired.
    pub outcome: PartialSuccess,
}

impl<T> From<T> for Decoded<T> {
    fn from(request: T) -> Self {
        Self { request, outcome: PartialSuccess::default() }
    }
}

/// Spans from the body of a request.
pub fn traces(
    encoding: Encoding,
    bytes: impl Into<Bytes>,
) -> Result<Decoded<ExportTraceServiceRequest>, DecodeError> {
    let (groups, outcome) = parts::read(encoding, bytes.into(), "ExportTraceServiceRequest")?;
    let scope_group =
        |s: ScopeGroup<Span>| ScopeSpans { scope: s.scope, spans: s.items, ..ScopeSpans::default() };
    let resource_group = |r: ResourceGroup<Span>| ResourceSpans {
        resource: r.resource,
        scope_spans: r.scopes.into_iter().map(scope_group).collect(),
        ..ResourceSpans::default()
    };
    let resource_spans = groups.into_iter().map(resource_group).collect();
    Ok(Decoded { request: ExportTraceServiceRequest { resource_spans }, outcome })
}

/// Log records from the body of a request.
pub fn logs(
    encoding: Encoding,
    bytes: impl Into<Bytes>,
) -> Result<Decoded<ExportLogsServiceRequest>, DecodeError> {
    let (groups, outcome) = parts::read(encoding, bytes.into(), "ExportLogsServiceRequest")?;
    let scope_group =
        |s: ScopeGroup<LogRecord>| ScopeLogs { scope: s.scope, log_records: s.items, ..ScopeLogs::default() };
    let resource_group = |r: ResourceGroup<LogRecord>| ResourceLogs {
        resource: r.resource,
        scope_logs: r.scopes.into_iter().map(scope_group).collect(),
        ..ResourceLogs::default()
    };
    let resource_logs = groups.into_iter().map(resource_group).collect();
    Ok(Decoded { request: ExportLogsServiceRequest { resource_logs }, outcome })
}

/// Metrics from the body of a request.
pub fn metrics(
    encoding: Encoding,
    bytes: impl Into<Bytes>,
) -> Result<Decoded<ExportMetricsServiceRequest>, DecodeError> {
    let (groups, outcome) = parts::read(encoding, bytes.into(), "ExportMetricsServiceRequest")?;
    let scope_group = |s: ScopeGroup<Metric>| ScopeMetrics { scope: s.scope, metrics: s.items };
    let resource_group = |r: ResourceGroup<Metric>| ResourceMetrics {
        resource: r.resource,
        scope_metrics: r.scopes.into_iter().map(scope_group).collect(),
    };
    let resource_metrics = groups.into_iter().map(resource_group).collect();
    Ok(Decoded { request: ExportMetricsServiceRequest { resource_metrics }, outcome })
}

/// What an outcome is of: the answers differ in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Signal {
    Traces,
    Logs,
    Metrics,
}

/// The body of a 200: empty where everything was accepted, else `partialSuccess`.
pub fn answer(encoding: Encoding, signal: Signal, outcome: &PartialSuccess) -> Vec<u8> {
    let partial = (outcome.rejected != 0 || !outcome.message.is_empty())
        .then(|| Partial { rejected: outcome.rejected, error_message: outcome.message.clone() });
    match encoding {
        Encoding::Protobuf => Response { partial_success: partial }.encode_to_vec(),
        Encoding::Json => {
            let rejected = match signal {
                Signal::Traces => "rejectedSpans",
                Signal::Logs => "rejectedLogRecords",
                Signal::Metrics => "rejectedDataPoints",
            };
            let body = match partial {
                None => serde_json::json!({}),
                Some(p) => serde_json::json!({
                    "partialSuccess": { rejected: p.rejected.to_string(), "errorMessage": p.error_message }
                }),
            };
            body.to_string().into_bytes()
        }
    }
}

/// The body of a refusal: a `google.rpc.Status`. `code` is gRPC's number for it.
pub fn refusal(encoding: Encoding, code: i32, message: &str) -> Vec<u8> {
    let status = Status { code, message: message.to_owned() };
    match encoding {
        Encoding::Protobuf => status.encode_to_vec(),
        Encoding::Json => serde_json::to_vec(&status).unwrap_or_default(),
    }
}

/// All `Export...ServiceResponse` messages: they have the same numbers.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<Partial>,
}

#[derive(Clone, PartialEq, Message)]
struct Partial {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

#[derive(Clone, PartialEq, Message, Serialize)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}
