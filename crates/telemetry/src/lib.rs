//! The event dispatcher: everything between a producer of events and where they end up.
//!
//! Producers write to an [`Outlet`] and never wait. A [`Sink`] takes a batch for good; a [`Delivery`] gives
//! it a bounded queue and a thread of its own, retries, counters, and puts what was lost into the stream as a
//! `gap` event; a [`Spooled`] keeps on disk what its sink cannot take now. The way back are [`Commands`] of a
//! person.
//!
//! Transports: [`ConsoleSink`], [`FileSink`] and [`Spool`] need nothing but the standard library; the
//! server's (`ServerSink`, `ServerCommands`) is behind the feature `http`.

mod commands;
mod console;
mod delivery;
mod file;
#[cfg(feature = "http")]
mod http;
mod outlet;
mod parts;
pub mod pause;
mod percent;
mod queue;
mod sink;
mod spool;
mod spooled;
mod stamps;
mod steering;

pub use commands::{CommandQueue, Commands};
pub use console::ConsoleSink;
pub use delivery::{Delivery, DeliveryConfig, Overflow, Unsettled, is_delivering};
pub use file::FileSink;
#[cfg(feature = "http")]
pub use http::{Endpoint, ServerCommands, ServerSink};
pub use outlet::{Collector, Outlet};
pub use percent::path_segment;
pub use queue::Counters;
pub use sink::{Behind, DeliveryError, Sink};
pub use spool::{Spool, SpoolError, last_step};
pub use spooled::{Leftovers, Spooled, deliver_leftovers};
pub use stamps::{Stamps, SystemStamps};
pub use steering::{Course, Steering};
