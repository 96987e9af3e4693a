//! `/` and `/projects/{project}`: the list of runs with search, filters, order, and what can be done with the
//! selected runs.

#[cfg(feature = "ssr")]
pub mod cells;
mod charts;
mod chooser;
mod empty;
mod filters;
mod memory;
mod page;
mod row;
mod rows;
mod selection;
mod selection_bar;
mod views;

pub(crate) use page::{ProjectPage, RunsPage};
