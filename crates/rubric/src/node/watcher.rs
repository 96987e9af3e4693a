//! The trait through which the observer sees every call of a node.

use super::Node;
use crate::evaluation::Evaluation;

/// Gets the start and the end of every call of the node it watches; the observer implements it.
pub trait Watcher<A: ?Sized, O: ?Sized>: Send + Sync {
    /// A call begins; what it returns comes back in [`Watcher::ended`].
    fn started(&self) -> Started;
    /// That call of `node` ended, well or not (`evaluation.error`). A panic here is counted and never reaches
    /// the caller.
    fn ended(
        &self,
        started: Started,
        node: &Node<A, O>,
        action: &A,
        observation: &O,
        evaluation: &Evaluation,
    );
}

/// When a call began, by the watcher's own count and clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// 0-based index of the call.
    pub index: u64,
    /// Monotonic microseconds, if the watcher keeps time.
    pub micros: Option<u64>,
}
