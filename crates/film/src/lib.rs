//! The fold of a run's events into what a viewer shows.
//!
//! A [`Fact`] is one event of the run's log reduced to what a viewer needs; a [`Film`] is the fold of facts.
//! It is pure and deterministic: the same facts in any order, batching or duplication give an equal film, on
//! the server and in the browser. It knows no clock, no randomness, no I/O, and never panics on any fact or
//! any bytes. [`codec`] encodes facts in bulk, [`levels`] thins a long run to its outline, [`Manifest`] lists
//! the chunks of a run.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod blocks;
mod by_step;
mod columns;
mod digest;
mod episodes;
mod extremes;
mod fact;
mod film;
mod interest;
mod manifest;
mod measured;
mod measurements;
mod nodes;
mod outline;
mod overlay;
mod pairing;
mod query;
mod rules;
mod run_state;
mod series;
mod spread;
mod sum;
mod totals;
mod track;
mod track_totals;
mod tree;

pub mod codec;
pub mod levels;
pub mod surroundings;

pub use blocks::BLOCK;
pub use by_step::{Chart, ChartOptions, ChartPoint, StepValues};
pub use digest::{Digest, Digests, FailuresOf};
pub use fact::{ChallengeFact, Fact, FactBody};
pub use film::Film;
pub use interest::MAX_INTERESTING;
pub use manifest::{Level, Manifest};
pub use measurements::Measurement;
pub use outline::Outline;
pub use overlay::{Base, overlay};
pub use pairing::{Pairing, SnapshotPair};
pub use query::{Node, State};
pub use rules::{
    Condition, Evidence, Rule, Rules, conditions, failure_of, is_decisive, is_measurement, medical,
    path_failure,
};
pub use run_state::{Alert, Answer, Applied, Command, DroppedEvents, Note, RunInfo};
pub use series::Point;
pub use spread::Distribution;
pub use sum::{Sum, mean};
pub use totals::PathTotals;
pub use tree::{Path, PathId};
