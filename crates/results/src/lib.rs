//! Result files in and out: every shape that evaluation systems, hubs and Gauntlet itself write.
//!
//! Bytes in, events out, and the way back. The crate knows no clock, no randomness, no I/O of its own: the
//! time and the maker of event ids are arguments, files are readers, and an export writes into whatever
//! writer it is given.
//!
//! [`import`] recognises the shape by what the file holds, never by its name alone. Each detailed result,
//! reward or snapshot becomes one `snapshot.scored` event; everything else in the file becomes metadata. A
//! file that is not a JSON document ([`Format`]) can be of any size: [`survey`] checks it to its end,
//! [`replay`] makes its events. A [`Document`] is held once, and its events are made one by one.
//! [`write_results`] writes a report that viewers of such reports open, [`write_jsonl`] one event a line,
//! [`write_film`] the same packed, [`write_csv`] and [`write_parquet`] a table of the snapshots; each opens
//! again. [`write_dpo`] writes preference pairs, [`write_csv_table`] and [`write_parquet_table`] any other
//! table.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod archive;
mod cells;
mod columns;
mod context;
mod csv;
mod cut;
mod detailed;
mod distinct;
mod document;
mod dpo;
mod draft;
mod encoding;
mod error;
mod event_ids;
mod export;
mod fields;
mod film;
mod film_head;
mod format;
mod import;
mod inspect;
mod inspect_log;
mod item;
mod json_path;
mod json_span;
mod jsonl;
mod layout;
mod messages;
mod names;
mod native;
mod options;
mod pages;
mod parquet;
mod parquet_names;
mod plan;
mod recent_keys;
mod repair;
mod report;
mod rows;
mod run;
mod scored_steps;
mod snapshots;
mod summary;
mod survey;
mod tally;

pub use csv::{write_csv, write_csv_table};
pub use document::{Document, DocumentSummary};
pub use dpo::{Log, Side, write_dpo};
pub use error::ImportError;
pub use export::write_results;
pub use film::write_film;
pub use format::Format;
pub use import::{Imported, import, replay, survey};
pub use jsonl::write_jsonl;
pub use layout::Cell;
pub use names::ColumnMap;
pub use options::Options;
pub use parquet::{write_parquet, write_parquet_table};
pub use plan::{Plan, Replay};
pub use scored_steps::ScoredSteps;
pub use survey::Survey;
