//! OTLP in and out: recorded requests of real exporters, both encodings, numbering, and the way back.
//!
//! `recorded/` holds what exporters sent, byte by byte: `python-*.pb` opentelemetry-sdk 1.45.2 (one with
//! openinference-instrumentation-openai 0.1.66), `javascript-agent.json` @opentelemetry/sdk-trace-base
//! 2.12.1.

mod decoding;
mod docs;
mod families;
mod log;
mod metrics;
mod numbering;
mod reading;
mod round_trip;
mod scoring;
