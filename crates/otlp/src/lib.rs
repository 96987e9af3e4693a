//! OpenTelemetry in and out: OTLP requests become events, and a run becomes OTLP again.
//!
//! Bytes in, events out: the crate knows no clock, no randomness, no I/O. One versioned [`table`] defines
//! which attribute maps to which field, in both directions.
//!
//! # The run of a span
//!
//! The run is the one that the resource names, else the conversation or session of the span (unless its id is
//! generated), else one per process of the service ([`service_run`] where processes cannot be distinguished).
//! The parts of a trace stay in one run: a request is first parsed ([`ParsedRequest`]), then the caller looks
//! up which run has the first part of each of its traces, and the request is routed ([`RoutedRequest`]). Each
//! trace is an episode under its own id, each span a step. Each evaluation (a `gen_ai.evaluation.result`, as
//! a span's event or as a log record; an annotation of OpenInference) is a step of the kind `reward` and a
//! score of the step it judges.
//!
//! # Nodes
//!
//! A page shows one node per scored snapshot. Nodes are: every call of a model, tool or retriever, the root
//! of every trace, every step with an evaluation, every failed step. Chains and agents around calls have
//! none. An evaluation that arrives after its span's node is a later score, which overlays the snapshot. One
//! that arrives before its span makes a node without texts; the span then appends a second snapshot with the
//! texts and the same scores. If a step has one evaluation only, its value is also the `root` score; of
//! several there is no root unless one is named `root`.
//!
//! # Step numbers
//!
//! Spans arrive in batches, children before their parents, and again after a timeout. The log itself is the
//! memory:
//!
//! * Event ids are made of the trace, the span and the kind of event. A span that is sent again makes the
//!   same ids, which the log has already; it keeps its number and appends nothing.
//! * A new span gets the next number of the run, past the highest one in the log; within a request in the
//!   order of start times, enclosing spans first. Numbers are in order of arrival; when something happened is
//!   in its times.
//! * An evaluation that arrives before its span takes a number, and the span joins it. An evaluation of a
//!   trace has the number of the trace's root.
//! * A span with `gauntlet.step` gets that number.
//!
//! Numbering needs two lookups in the log, so a batch is processed in three stages: [`Batch::lookup_ids`],
//! [`Batch::assign_steps`] with [`NumberedBatch::lookup_steps`], and [`NumberedBatch::events`]. Only one
//! batch of a run may be processed at a time.
//!
//! # What cannot be read
//!
//! A request is divided before it is read, so that a span, log record or metric that cannot be read is
//! refused alone ([`PartialSuccess`]); invalid Unicode is repaired and counted. Metrics become measurements
//! ([`Measurements`]). A trace whose root never arrives is ended by [`QuietTrace`].

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod attributes;
mod batch;
mod buckets;
mod closing;
mod decode;
mod draft;
mod encoding;
mod error;
mod export;
mod ids;
mod intake;
mod item;
mod logs;
mod message_text;
mod metrics;
mod node;
mod parts;
mod plan;
pub mod proto;
mod repair;
mod runs;
mod scores;
mod source;
mod span_metadata;
mod spans;
pub mod table;
mod times;
mod value;
mod writer;

pub use batch::{Batch, NumberedBatch};
pub use closing::QuietTrace;
pub use decode::{
    Decoded, Signal, answer, logs as decode_logs, metrics as decode_metrics, refusal, traces as decode_traces,
};
pub use encoding::{DecodeError, Encoding, PartialSuccess, Refusal};
pub use export::write_otlp;
pub use intake::{ParsedRequest, RoutedRequest, read_logs, read_traces};
pub use message_text::message_text;
pub use metrics::{Measurements, ParsedMetrics, read_metrics};
pub use plan::AppendPlan;
pub use runs::service_run;
