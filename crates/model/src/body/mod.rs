//! What each kind of event says. Field by field this is the wire format; `sdk/contract` holds one golden of
//! each.

mod annotations;
mod check;
mod check_experiments;
mod experiments;
mod reading;
mod runs;
mod size;
mod steps;

pub use annotations::*;
pub(crate) use check::{Check, tags};
pub use experiments::*;
pub use runs::*;
pub(crate) use size::Size;
pub use steps::*;
