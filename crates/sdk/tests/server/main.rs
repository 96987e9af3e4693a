//! Runs against the real binary: `$GAUNTLET_BIN`, or the one this workspace built.

mod artifacts;
mod database;
mod harness;
mod outages;
mod people;
mod resuming;
mod sinks;
mod writers;
