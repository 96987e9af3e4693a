//! `/`: the list of runs, newest first, with search and filters.

mod empty;
mod filters;
mod page;
mod row;

pub(crate) use page::RunsPage;
