//! What drives the agents of the simulated town: policies over envelopes.
//!
//! This crate cannot name the world. All that a policy knows of it is an envelope.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod random;
mod scripted;
mod steering;

pub use random::Random;
pub use scripted::{Scripted, choose};
pub use steering::steer;
