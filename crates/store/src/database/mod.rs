//! The log in a SQL database, whichever it is: the statements, the projections that follow each append, and
//! the one writer. A backend (`sqlite`, `postgres`) opens the database, holds it for this process, and has an
//! index of texts of its own.
//!
//! Each statement is written once, in the SQL that both databases know; what differs is in [`dialect`]. One
//! connection writes, a pool reads, and neither waits for the other.

mod api_keys;
mod backups;
mod body;
mod change;
mod columns;
mod command_table;
mod commands;
pub(crate) mod connection;
pub(crate) mod dialect;
pub(crate) mod dump;
mod effects;
mod episode;
mod episode_cache;
mod episode_states;
pub(crate) mod fault;
mod flush;
pub(crate) mod followed;
mod group;
mod hub;
mod insert_many;
mod kinds;
mod list_views;
mod listing;
pub(crate) mod load;
pub(crate) mod log;
mod lookup;
pub(crate) mod migrations;
mod monitors;
mod projections;
pub(crate) mod query;
mod read;
pub(crate) mod recount;
mod revisit;
mod rows;
mod seals;
pub(crate) mod search;
pub(crate) mod session;
mod steps;
pub(crate) mod target;
mod tombstones;
mod totals;
pub(crate) mod value;
mod webhooks;
pub(crate) mod writer;
mod writers;

pub(crate) use columns::DbRow;

/// Bits of `place` below the run's number: a run holds at most 2^36 events.
const SEQ_BITS: u32 = 36;
/// The greatest sequence number.
const MAX_SEQ: u64 = (1 << SEQ_BITS) - 1;
/// Runs ever created in one database, at most.
const MAX_RUN_NO: i64 = (1 << (63 - SEQ_BITS)) - 1;

/// The position of an event in the log.
pub(crate) fn place(run_no: i64, seq: u64) -> i64 {
    run_no << SEQ_BITS | seq.min(MAX_SEQ) as i64
}

/// Its sequence number, from its position in the log.
pub(crate) fn seq_of(place: i64) -> u64 {
    place as u64 & MAX_SEQ
}

/// A step as a column holds it. One that no event can have is the greatest number, which no row has.
fn step_column(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}
