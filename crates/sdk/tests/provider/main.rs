//! What goes into a run: event by event, without a server.

mod contract;
mod episodes;
mod kept;
mod spans;
