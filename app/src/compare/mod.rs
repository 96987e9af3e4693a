//! The page of one or many runs: their charts over each other, and tables of where they differ. The server
//! renders it with every number of the tables; a script of its own (`frontend/charts`) draws the charts.

mod beside;
mod charts;
mod colors;
mod evolution;
mod links;
mod names;
mod page;
mod repeats;
mod tables;
mod tasks;
mod verdict;

pub use beside::{SideBySide, side_by_side};
pub use evolution::{EVOLUTION_STEPS, EvolutionContent, evolution_document, order_word};
pub use page::{Choice, ComparisonContent, document};
pub(crate) use tasks::moment;
