//! Rubric trees (RFC 004), and the observer that records their calls.
//!
//! A [`Rubric`] scores an action against an observation; a [`Node`] is a rubric in its place in a tree, with
//! named children and hooks. [`Observer`] attaches to any tree without changing it and emits one
//! `snapshot.scored` event a root call to a sink of `gauntlet-telemetry`.
//!
//! Where the canonical implementation (`openenv-core` 0.3.0) and this one differ, on purpose:
//! - registering a hook returns a handle that removes it;
//! - a hook that panics is counted ([`Node::hook_panics`]) and never breaks the score;
//! - a child that a call skips is *not evaluated* in that call: it keeps no score from an earlier one;
//! - pre-hooks of containers run before their children, as those of any rubric do;
//! - weights that do not sum to 1 are named in the refusal;
//! - `state_dict` covers the tree, a value of the wrong type refuses the complete state.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod containers;
mod description;
mod error;
mod evaluation;
mod hooks;
mod judge;
mod node;
mod observer;
mod parameter;
mod snapshot;
mod state;
mod text;
mod trajectory;

pub use containers::{WEIGHT_TOLERANCE, gate, rubric_dict, rubric_list, sequential, weighted_sum};
pub use description::CallDescription;
pub use error::{InvalidText, RubricError};
pub use evaluation::Evaluation;
pub use hooks::HookHandle;
pub use judge::{JudgeClient, JudgeError, LlmJudge, ScoreReader, first_number};
pub use node::{Call, Node, Rubric, Started, Watcher, leaf};
pub use observer::{Counts, Observer, ObserverConfig};
pub use parameter::Parameter;
pub use snapshot::challenge_of;
pub use text::{LengthPenalty, RepetitionPenalty};
pub use trajectory::{ExponentialDiscounting, Outcome, Trajectory};
