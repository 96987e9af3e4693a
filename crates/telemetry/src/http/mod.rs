//! The transport of a Gauntlet server: events to it, commands from it.

mod endpoint;
mod remote;
mod server;
mod trust;

pub use endpoint::Endpoint;
pub use remote::ServerCommands;
pub use server::ServerSink;
pub use trust::{Trust, describe};
