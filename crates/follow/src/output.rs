//! What a follower writes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;

use crate::log::Cursor;

/// What is new of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<R, E> {
    /// Its run.
    pub run: R,
    /// Events of the run that were handed over before.
    pub from: u64,
    /// The new events, in order; without those that cannot be read.
    pub events: Vec<E>,
    /// Whether the run is new, or what people wrote about it was edited since it was last handed over.
    pub is_edited: bool,
    /// How far the run has been followed once this part is committed.
    pub cursor: Cursor,
}

/// Where a follower writes what it makes of the log.
pub trait Output: Send {
    /// The key of a run.
    type Run: Copy + Ord + Send + Sync;
    /// An event as the log returns it.
    type Event: Send;
    /// Why the output cannot be read or written.
    type Error: Display + Send;

    /// The cursors that were committed.
    fn cursors(&mut self) -> impl Future<Output = Result<BTreeMap<Self::Run, Cursor>, Self::Error>> + Send;

    /// Commits what is made of these parts together with their cursors, or nothing.
    fn commit(
        &mut self,
        parts: Vec<Part<Self::Run, Self::Event>>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Removes some of what was made of a run that is gone, and its cursor with the last of it. Whether all
    /// of it is removed now.
    fn remove(&mut self, run: Self::Run) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Whether the output is broken and must be rebuilt. Whatever else fails is tried again.
    fn is_broken(error: &Self::Error) -> bool;
}
