//! What can be followed: the runs of a log, where each of them ends, and their events.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::ops::Range;

/// The id of an event.
pub type EventId = [u8; 16];

/// Where the log of one run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEnd {
    /// Events in it, which is the sequence number the next one gets.
    pub head: u64,
    /// How often what people wrote about the run was edited.
    pub edits: i64,
}

/// How far one run has been followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The sequence number of the next event to read.
    pub next: u64,
    /// The id of the event before `next`; `None` where that could not be read.
    pub last_id: Option<EventId>,
    /// [`RunEnd::edits`] when the run was last handed to the output.
    pub edits: i64,
}

/// How much is read of the log at a time. The one event or byte that reaches a limit is still read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Events of a batch.
    pub events: usize,
    /// Bytes of their bodies.
    pub bytes: usize,
}

impl Limits {
    /// A batch of a follower inside the server: a transaction that is short, and little memory.
    pub const OF_SERVER: Self = Self { events: 2_000, bytes: 4 << 20 };
}

/// Consecutive events of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch<E> {
    /// The events, in order; without those that cannot be read.
    pub events: Vec<E>,
    /// Events that were looked at, those that cannot be read included.
    pub looked_at: usize,
    /// Bytes of their bodies.
    pub bytes: usize,
    /// The sequence number past the last event that was looked at.
    pub next: u64,
    /// The id of that event; `None` where it cannot be read.
    pub last_id: Option<EventId>,
}

/// What is at a sequence number of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventAt {
    /// There is no such run: it was deleted. The key of a run is never given to another one.
    NoRun,
    /// The run has no such event.
    NoEvent,
    /// The event of that id.
    Id(EventId),
}

/// A log that can be followed.
pub trait Log: Send + Sync {
    /// The key of a run.
    type Run: Copy + Ord + Send + Sync;
    /// An event as followers get it.
    type Event: Send;
    /// Why the log cannot be read.
    type Error: Display + Send;

    /// Every run with its end.
    fn ends(&self) -> impl Future<Output = Result<BTreeMap<Self::Run, RunEnd>, Self::Error>> + Send;

    /// Events of a run from the start of a range of sequence numbers that is not empty: at least one is
    /// looked at, at most what the limits allow.
    fn read(
        &self,
        run: Self::Run,
        seqs: Range<u64>,
        limits: Limits,
    ) -> impl Future<Output = Result<Stretch<Self::Event>, Self::Error>> + Send;

    /// What is at a sequence number of a run.
    fn event_at(&self, run: Self::Run, seq: u64)
    -> impl Future<Output = Result<EventAt, Self::Error>> + Send;
}
