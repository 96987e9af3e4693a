//! The page of one or many runs: their charts over each other, and tables of where they differ. The server
//! renders it with every number of the tables; a script of its own (`frontend/charts`) draws the charts.

mod beside;
mod charts;
mod colors;
mod links;
mod page;
mod tables;
mod tasks;

pub use beside::{SideBySide, side_by_side};
pub use page::{Choice, Content, document};
pub(crate) use tasks::moment;
