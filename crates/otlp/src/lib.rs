//! OpenTelemetry in and out: OTLP requests become events, and a run becomes OTLP again.
//!
//! Bytes in, events out: the crate knows no clock, no randomness, no I/O. Which attribute means what is in
//! one versioned [`table`], used both ways.
//!
//! # Where a span goes
//!
//! The run is what the resource names, else a conversation or session that a person named, else one process
//! of the service ([`service_run`] where nothing tells them apart). A trace stays together: a request is
//! first read ([`ParsedRequest`]), then whoever calls says where the first part of each of its traces went, and it
//! is sorted ([`RoutedRequest`]). Each trace is an episode under its own id, each span a step, each judgement (a
//! `gen_ai.evaluation.result`, whether a span's event or a log record; an annotation of OpenInference) a step
//! of the kind `reward` and a score of the step it judges.
//!
//! # What is drawn
//!
//! A page draws one node for each scored snapshot. There is one for every call of a model, tool or retriever,
//! for the root of every trace, for what was judged, and for what failed by itself; chains and agents around
//! calls have none. A judgement that comes when its span has a node already is a later score, laid over it.
//! One that comes before its span draws the node without a word; the span brings a second snapshot with the
//! words and the same scores. Where a span is judged by one evaluation only, its value is also the `root`
//! score, the height of the node; of several there is no whole unless one of them is called `root`.
//!
//! # Numbers of steps
//!
//! Spans come in batches, children before their parents, and again after a timeout. So the log itself is the
//! memory:
//!
//! * Event ids are made from the trace, the span and the part. A span that comes again makes the same ids,
//!   which the log has already; it keeps its number and appends nothing.
//! * A new span gets the next number of the run, behind the highest one in the log; inside of one request in
//!   the order of start times, what is outside first. Numbers say in which order things became known; when
//!   they happened is in their times.
//! * A score that comes before its span takes a number, and the span joins it there. A score of a whole trace
//!   stands at the trace's root.
//! * A span that says `gauntlet.step` gets that number.
//!
//! Numbering needs two looks into the log, so a batch goes through three hands: [`Batch`] says which ids to
//! look for, [`NumberedBatch`] which steps' history, and [`NumberedBatch::events`] is what to append. No two batches of
//! one run may do so at once.
//!
//! # What cannot be read
//!
//! A request is taken apart before it is read, so that one span, log record or metric that cannot be read is
//! refused alone ([`Outcome`]); texts that are no Unicode are repaired and counted. Metrics become
//! measurements ([`Measurements`]); a trace whose root never comes ends by way of [`QuietTrace`].

mod attributes;
mod batch;
mod buckets;
mod closing;
mod decode;
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
pub mod proto;
mod repair;
mod runs;
mod scores;
mod source;
mod spans;
pub mod table;
mod times;
mod value;
mod writer;

pub use batch::{AppendPlan, Batch, NumberedBatch};
pub use closing::QuietTrace;
pub use decode::{
    DecodeError, Decoded, Encoding, Outcome, Signal, answer, logs as decode_logs, metrics as decode_metrics,
    refusal, traces as decode_traces,
};
pub use export::write_otlp;
pub use intake::{ParsedRequest, RoutedRequest, read_logs, read_traces};
pub use message_text::message_text;
pub use metrics::{Measurements, ParsedMetrics, read_metrics};
pub use runs::service_run;
