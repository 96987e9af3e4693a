//! `/` and `/projects/{project}`: the list of runs with search, filters, order, and what can be done with the
//! selected runs.

mod empty;
mod filters;
mod memory;
mod page;
mod row;
mod rows;
mod selection;
mod selection_bar;

pub(crate) use page::{ProjectPage, RunsPage};
