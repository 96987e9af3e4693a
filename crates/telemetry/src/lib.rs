//! The event dispatcher: everything between a producer of events and where they end up.
//!
//! Producers write to an [`EventSink`] and never wait. A [`Sink`] delivers a batch; a
//! [`BatchProcessor`] adds a bounded queue and a thread of its own, retries, counters, and puts what was
//! lost into the stream as a `gap` event; a [`SpoolingSink`] keeps on disk what its sink cannot take now. The
//! way back are [`Commands`] of a person.
//!
//! Transports: [`ConsoleSink`], [`FileSink`] and [`Spool`] need nothing but the standard library; the
//! server's (`ServerSink`, `ServerCommands`) is behind the feature `http`.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod bisect;
mod clock;
mod commands;
mod console;
mod controller;
mod event_sink;
mod file;
#[cfg(feature = "http")]
mod http;
mod json_lines;
pub mod pause;
mod percent;
mod processor;
mod queue;
mod sink;
mod spool;
mod spooling;

pub use clock::{Clock, SystemClock};
pub use commands::{CommandQueue, Commands};
pub use console::ConsoleSink;
pub use controller::CommandController;
pub use event_sink::{Collector, EventSink};
pub use file::FileSink;
#[cfg(feature = "http")]
pub use http::{Endpoint, ServerCommands, ServerSink, Trust, describe};
pub use percent::path_segment;
pub use processor::{BatchConfig, BatchProcessor, Overflow, Unsettled, is_delivering};
pub use queue::Counters;
pub use sink::{Backlog, DeliveryError, Sink};
pub use spool::{Spool, SpoolError, last_step};
pub use spooling::{Leftovers, SpoolingSink, deliver_leftovers};
