//! The Rust SDK.
//!
#![doc = include_str!("../README.md")]

mod artifacts;
mod builder;
mod database;
mod episode;
mod failure;
mod gist;
mod names;
mod nodes;
mod provider;
mod report;
mod resuming;
mod subscribe;
mod tool;
pub mod tracing;
mod writer;

pub use artifacts::ArtifactError;
pub use builder::{Builder, Mode, StartError};
pub use database::{DatabaseError, DatabaseSink};
pub use episode::{EndedEpisode, Episode, NotEnded, Outcome};
pub use provider::{FinishError, ObservabilityProvider};
pub use report::{Loss, NotDurable, Report, SinkReport};
pub use subscribe::{Stopper, Subscription, SubscriptionError, subscribe};
pub use tool::ToolCall;

/// The typed events, ids and scores, and their rules.
pub use gauntlet_model as model;
/// Rubric trees, and the observer that records their calls.
pub use gauntlet_rubric as rubric;
/// The sinks behind every provider, and the commands of a person.
pub use gauntlet_telemetry as telemetry;
