//! Durable followers of a log.
//!
//! A log ([`Log`]) is many runs, each an append-only sequence of events; runs appear, are edited (renamed,
//! say) and are deleted. A [`Follower`] reads what came after its cursors and hands it in batches to its
//! [`Output`], which commits a batch together with the cursors after it, or nothing of it. However the
//! process ends, a follower that is opened again goes on from its cursors: no event is missing in the output,
//! and none is there twice.
//!
//! This crate knows neither databases nor what is made of the events.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod follower;
mod lags;
mod log;
mod output;

pub use follower::{Error, Follower, Pace, Step};
pub use lags::{Lag, Lags};
pub use log::{Cursor, EventAt, EventId, Limits, Log, RunEnd, Stretch};
pub use output::{Output, Part};
