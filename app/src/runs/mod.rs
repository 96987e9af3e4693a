//! `/`: every run, newest first; found by words and status; a results file dropped here opens.

mod empty;
mod filters;
mod page;
mod row;

pub(crate) use page::RunsPage;
