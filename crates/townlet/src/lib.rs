//! The simulated town: agents on a grid of 48 x 48 cells who eat, sleep, wash, work, talk and quarrel.
//!
//! It is deterministic: a seed and the decisions of a policy make the same town on every machine, and a town
//! that was saved and loaded goes on byte for byte as it would have. Time is the number of ticks; there is no
//! clock, no I/O, and every use of randomness has a named stream whose position is saved.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod agent;
pub mod config;
mod layout;
mod perturbations;
pub mod promotion;
mod queue;
pub mod relationships;
mod reports;
mod rewards;
pub mod simulation;
pub mod stability;
mod streams;
pub mod world;

pub use config::Config;
pub use simulation::Simulation;
pub use world::World;
