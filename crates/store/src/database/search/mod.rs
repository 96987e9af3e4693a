//! Questions to the index of texts, and what is shown of what they find. The index itself, and what follows
//! the log into it, is the backend's.

mod detail;
mod find;
mod rows;
mod snippet;

use std::time::Duration;

use gauntlet_follow::Pace;

pub(crate) use find::{SearchError, Searcher};
pub(crate) use rows::describe;
pub(crate) use snippet::TOKENIZER;

/// What follows the log into the index, in messages and metrics.
pub(crate) const NAME: &str = "search";

/// How the index follows the log: ingest comes first.
pub(crate) const PACE: Pace = Pace::of_server(9, Duration::from_secs(2));
