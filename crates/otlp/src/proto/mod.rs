//! The messages of OTLP 1.x that Gauntlet reads and writes, for both encodings: the numbers are protobuf's,
//! the serde attributes OTLP's JSON (hex ids, lowerCamelCase, 64-bit integers as text). Fields Gauntlet has
//! no use for are left out and so passed over, as the protocol asks of a receiver. The names are the
//! protocol's own.
#![allow(missing_docs, reason = "the protocol documents its fields")]

mod common;
mod json;
mod logs;
mod metrics;
mod trace;

pub use common::*;
pub use logs::*;
pub use metrics::*;
pub use trace::*;
