//! Rules over the rubrics and metrics of one run: `zscore(loss, 50) > 3`, `share(failing, 100) > 0.5`.
//!
//! An [`Expression`] is parsed from text; an [`Evaluator`] follows the events of one run in the order of its
//! log and reports where the rule begins to hold. The crate is pure: no clock, no I/O. The same events under
//! the same rule give the same [`Firing`]s, whether they come at once, in batches, or with the state stored
//! and read back between two of them. So a server that restarts repeats no alert and forgets none, and a rule
//! can be tried on a run that has ended.
//!
//! A window is the last values of a path, in the order of the log, whatever their steps are. It has no value
//! until it is full: a rule never holds at the start of a run only because it has seen little. A value that
//! is not a number is one that the producer named and did not evaluate; `isnan` sees it, the other functions
//! pass over it.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod evaluate;
mod evaluator;
mod expression;
mod groups;
mod lexer;
mod parser;

pub use evaluator::{Evaluator, Firing, Setting};
pub use expression::{Expression, ExpressionError, MAX_EXPRESSION_BYTES, MAX_SILENCE_SECS, MAX_WINDOW};
