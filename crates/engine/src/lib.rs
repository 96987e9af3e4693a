//! What Gauntlet does, without HTTP: the server and the terminal's commands are two ways to ask for it.
//!
//! [`imports`] makes runs of files, [`films`] folds the logs of runs, and answers what is read from them:
//! histories, episodes, failing [`steps`], sealed [`chunks`], which [`sealing`] stores in the background;
//! [`commands`] are checked against them. [`inspect`] and [`timeline`] make a step and an episode ready to be
//! read. [`series`] and [`compare`] read several films, [`beside`] and [`pairs`] the snapshots of two runs.
//! [`sql`] answers statements over tables of folded films. [`exports`] writes files, [`trace_runs`] says
//! which run an OpenTelemetry trace belongs to, [`memory`] is the budget that everything which is being
//! decoded shares. [`backups`] are made while the server runs. What goes wrong is an [`Error`]: a word, a
//! sentence and details, and no HTTP status.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod backups;
pub mod beside;
pub mod chunks;
pub mod clock;
pub mod commands;
pub mod compare;
pub mod correlations;
mod envelope;
mod episodes;
mod error;
pub mod evolution;
pub mod exports;
pub mod facts;
pub mod films;
pub mod groups;
mod history;
pub mod images;
pub mod imports;
pub mod inspect;
pub mod keys;
pub mod memory;
pub mod monitors;
mod open_traces;
mod outlines;
pub mod pairs;
pub mod projections;
pub mod prompt_histories;
pub mod prompts;
pub mod sealing;
pub mod series;
mod setups;
pub mod sql;
pub mod steps;
pub mod tasks;
pub mod timeline;
pub mod trace_runs;

pub use error::Error;
pub use open_traces::OpenTraces;
