//! What the simulated town shows and what its policies answer: observation envelopes, facts, actions, events
//! and telemetry, as plain data.
//!
//! The world and the policies both name this crate and not each other, so a policy can only know what an
//! envelope holds. No clock, no randomness, no I/O.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod action;
pub mod canonical;
pub mod encoder;
pub mod envelope;
pub mod event;
pub mod facts;
pub mod health;
pub mod identity;
pub mod policy;
pub mod stability;
pub mod state;
pub mod telemetry;

/// The id of an agent: a name, or `name#n` for its n-th respawn.
pub type AgentId = String;
/// The id of an object, such as `fridge_1`.
pub type ObjectId = String;
/// A cell of the grid: column and row, each from 0 to 47.
pub type Cell = [u8; 2];

/// Columns and rows of the grid.
pub const GRID_SIZE: u8 = 48;
/// Ticks of a simulated day.
pub const TICKS_PER_DAY: u64 = 1440;
