//! The Rust SDK.
//!
#![doc = include_str!("../README.md")]
// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod artifacts;
mod builder;
#[cfg(feature = "http")]
mod commands;
#[cfg(feature = "database")]
mod database;
mod episode;
mod failure;
mod names;
mod nodes;
mod provider;
mod report;
#[cfg(feature = "http")]
mod server;
#[cfg(not(feature = "http"))]
#[path = "no_server.rs"]
mod server;
mod sinks;
#[cfg(feature = "live")]
mod subscribe;
mod summary;
mod tool;
#[cfg(feature = "tracing")]
pub mod tracing;

pub use artifacts::ArtifactError;
pub use builder::{Builder, Mode, StartError};
#[cfg(feature = "database")]
pub use database::{DatabaseError, DatabaseSink};
pub use episode::{EndedEpisode, Episode, NotEnded, Outcome};
pub use provider::{FinishError, ObservabilityProvider};
pub use report::{Loss, NotDurable, Report, SinkReport};
#[cfg(feature = "live")]
pub use subscribe::{Stopper, Subscription, SubscriptionError, subscribe};
pub use tool::ToolCall;

/// The typed events, ids and scores, and their rules.
pub use gauntlet_model as model;
/// Rubric trees, and the observer that records their calls.
pub use gauntlet_rubric as rubric;
/// The sinks behind every provider, and the commands of a person.
pub use gauntlet_telemetry as telemetry;
