//! The paths of OpenTelemetry's exporters.

use super::Operation;
use super::operation::JSON;

const PROTOBUF: &str = "application/x-protobuf";

/// The three signals.
pub fn operations() -> Vec<Operation> {
    vec![
        signal("/v1/traces", "Send spans", "{partialSuccess: {rejectedSpans: string, errorMessage: string}?}").about(
            "An `ExportTraceServiceRequest`, plain or gzip. Each trace becomes an episode, each span a step, each \
             `gen_ai.evaluation.result` a score; docs/opentelemetry.md says which attribute goes where. Answered when \
             it is on the disk; sent again, it is kept once.",
        ),
        signal("/v1/logs", "Send log records", "{partialSuccess: {rejectedLogRecords: string, errorMessage: string}?}")
            .about("An `ExportLogsServiceRequest`, plain or gzip. Evaluations become scores, other records steps."),
        signal("/v1/metrics", "Send metrics", "{partialSuccess: {rejectedDataPoints: string, errorMessage: string}?}")
            .about("An `ExportMetricsServiceRequest`, plain or gzip. Each point is a measurement of a step."),
    ]
}

fn signal(path: &'static str, summary: &'static str, answer: &str) -> Operation {
    Operation::new("post", path, "OpenTelemetry", summary)
        .body(PROTOBUF, "binary")
        .body(JSON, "object")
        .json(200, "Kept, but for what `partialSuccess` names; in the encoding of the request.", answer)
        .refuses(400, "It cannot be read: a `google.rpc.Status` in the encoding of the request.")
        .refuses(413, "It is over the limit.")
        .refuses(415, "Neither protobuf nor JSON.")
        .refuses(503, "No room in the queue; `Retry-After` says when to come back.")
}
