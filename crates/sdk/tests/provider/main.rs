//! The events of a run, recorded without a server.

mod contract;
mod episodes;
mod recorder;
mod spans;
