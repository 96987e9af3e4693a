//! What an agent goes by: its decisions, and the principles that are inferred from them.
//!
//! An [`Action`] is one decision: what the agent did, to whom, in which context, and how it went. From a list
//! of actions this crate computes how predictable the agent is ([`entropy`]), whom it treats alike
//! ([`relational_patterns`]), and how strongly the evidence supports a [`Principle`] ([`Posterior`]);
//! [`inference`] does so for actions as they come. [`scenario`] is where decisions are asked for, and
//! [`agents`] are those whose principles are known. The crate knows no clock, no I/O and no randomness: ids
//! and times are arguments, and the same actions give the same numbers on every machine.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod action;
pub mod agents;
mod check;
pub mod cluster;
mod context;
pub mod entropy;
mod features;
pub mod gym;
pub mod inference;
mod lot;
mod posterior;
mod principle;
mod profile;
mod relational;
pub mod scenario;
pub mod warping;

pub use action::{Action, RelationalAnchor};
pub use context::{DecisionContext, Relationship};
pub use features::{EMBEDDING, FEATURES, embedding, features};
pub use gauntlet_statistics::Interval;
pub use posterior::{CREDIBLE_MASS, Posterior, VOLATILITY_SPAN, volatility};
pub use principle::{LineageKind, Principle, PrincipleLineage};
pub use profile::{AgentProfile, PROFILE_ACTIONS};
pub use relational::{LEAST_ACTIONS, RelationalPattern, relational_patterns};
