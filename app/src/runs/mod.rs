//! `/` and `/projects/{project}`: the list of runs with search, filters, order, and what can be done with the
//! selected runs.

mod charts;
mod chooser;
mod empty;
mod filters;
mod grouping;
mod lines;
mod live;
mod memory;
mod menu;
mod page;
mod row;
mod rows;
mod selection;
mod selection_bar;
mod table;
mod views;
mod window;

pub(crate) use page::{ProjectPage, RunsPage};
