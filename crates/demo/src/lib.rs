//! The demo training: real group-relative policy optimisation of a small policy on invented medical-safety
//! questions, scored by the DIPG rubric and recorded by the observer.
//!
//! [`Training`] yields the run event by event: `run.started`, `run.status`, one `snapshot.scored` a rollout,
//! and `run.finished`. It knows no clock; the caller gives each event its time. The same configuration gives
//! the same events, byte for byte; between machines only the last digits of `exp` and `ln` may differ.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod answerable;
mod compose;
mod config;
pub mod grpo;
mod ids;
pub mod policy;
mod question;
pub mod questions;
mod summary;
mod training;
mod unanswerable;

pub use compose::{answer_of, case_of};
pub use config::Config;
pub use training::Training;
