//! Result files in and out: every shape that evaluation systems, hubs and Gauntlet itself write.
//!
//! Bytes in, events out, and the way back. The crate knows no clock, no randomness, no I/O: the time and the
//! maker of event ids are arguments, and an export writes into whatever writer it is given.
//!
//! [`import`] recognises the shape by what the file holds, never by its name. Each detailed result, reward or
//! snapshot becomes one `snapshot.scored` event; whatever else the file says is kept in metadata.
//! [`write_results`] writes a report that viewers of such reports open, and that imports back into the same
//! run; [`write_jsonl`] writes one event a line.

mod detailed;
mod error;
mod export;
mod fields;
mod import;
mod jsonl;
mod native;
mod piece;
mod report;
mod run;
mod snapshots;
mod summary;
mod wherein;

pub use error::ImportError;
pub use export::write_results;
pub use import::{Imported, import};
pub use jsonl::write_jsonl;
