//! The writer's queue: bounded in requests and in bytes; adding a request never waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::work::Work;
use crate::{Counts, StoreError, Waiting};

/// Bytes are counted in units of this many.
const UNIT: usize = 1024;

/// A request in the queue with its share of the bytes, given back when the request is dropped.
pub(crate) struct Queued {
    pub work: Work,
    _share: OwnedSemaphorePermit,
    deletion: Option<WaitingDeletion>,
}

impl Queued {
    /// Whether it deletes a run.
    pub(crate) fn is_deletion(&self) -> bool {
        self.deletion.is_some()
    }

    /// Answers the caller: the outcome, or that the group failed.
    pub(crate) fn settle(&mut self, failure: Option<&StoreError>) {
        self.deletion = None;
        self.work.reply().settle(failure);
    }
}

/// What a recount, which may take many seconds, is stopped for: the end of the store, or a deletion that
/// waits.
#[derive(Clone, Default)]
pub(crate) struct Interrupts {
    closing: Arc<AtomicBool>,
    deletions: Arc<AtomicUsize>,
}

impl Interrupts {
    /// Whether a recount has to stop.
    pub(crate) fn are_raised(&self) -> bool {
        self.closing.load(Relaxed) || self.is_deletion_waiting()
    }

    /// Whether a run is to be deleted.
    pub(crate) fn is_deletion_waiting(&self) -> bool {
        self.deletions.load(Relaxed) > 0
    }
}

/// Counted among the deletions until it is dropped.
struct WaitingDeletion(Arc<AtomicUsize>);

impl WaitingDeletion {
    fn new(interrupts: &Interrupts) -> Self {
        interrupts.deletions.fetch_add(1, Relaxed);
        Self(Arc::clone(&interrupts.deletions))
    }
}

impl Drop for WaitingDeletion {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The writer's end of the queue.
pub(crate) struct Inbox {
    requests: mpsc::Receiver<Queued>,
    /// Requests that waiting deletions have overtaken, in order.
    passed: VecDeque<Queued>,
    /// What a recount is stopped for.
    pub interrupts: Interrupts,
    /// Where the writer counts.
    pub counts: Counts,
}

impl Inbox {
    /// The next request; `None` once the queue is closed and empty.
    pub(crate) async fn recv(&mut self) -> Option<Queued> {
        match self.passed.pop_front() {
            Some(request) => Some(request),
            None => self.requests.recv().await,
        }
    }

    /// The next request, where one waits.
    pub(crate) fn try_recv(&mut self) -> Result<Queued, TryRecvError> {
        self.passed.pop_front().map_or_else(|| self.requests.try_recv(), Ok)
    }

    /// Every deletion that waits, whatever came before it; the others stay in order.
    pub(crate) fn take_deletions(&mut self) -> Vec<Queued> {
        while let Ok(request) = self.requests.try_recv() {
            self.passed.push_back(request);
        }
        let (deletions, passed) = self.passed.drain(..).partition(Queued::is_deletion);
        self.passed = passed;
        deletions.into()
    }
}

/// Where requests enter. `None` once the store is closed.
pub(crate) struct Queue {
    entrance: Mutex<Option<mpsc::Sender<Queued>>>,
    interrupts: Interrupts,
    room: Arc<Semaphore>,
    units: u32,
    counts: Counts,
}

impl Queue {
    pub(crate) fn new(requests: usize, bytes: usize) -> (Self, Inbox) {
        let (entrance, requests) = mpsc::channel(requests.max(1));
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize)) as u32;
        let room = Arc::new(Semaphore::new(units as usize));
        let interrupts = Interrupts::default();
        let counts = Counts::default();
        let inbox = Inbox {
            requests,
            passed: VecDeque::new(),
            interrupts: interrupts.clone(),
            counts: counts.clone(),
        };
        (Self { entrance: Mutex::new(Some(entrance)), interrupts, room, units, counts }, inbox)
    }

    /// What is counted of the work.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What waits now.
    pub(crate) fn waiting(&self) -> Waiting {
        let entrance = self.entrance.lock();
        let requests = entrance.as_ref().map_or(0, |entrance| entrance.max_capacity() - entrance.capacity());
        let bytes = (self.units as usize).saturating_sub(self.room.available_permits()) * UNIT;
        Waiting { requests, bytes }
    }

    /// Adds a request, or fails at once where there is no room.
    pub(crate) fn enter(&self, work: Work) -> Result<(), StoreError> {
        let entrance = self.entrance.lock().clone();
        let entrance = entrance.ok_or_else(StoreError::closed)?;
        let units = work.bytes().div_ceil(UNIT).clamp(1, self.units as usize) as u32;
        let share = Arc::clone(&self.room).try_acquire_many_owned(units).map_err(|_| self.busy())?;
        let deletion = work.is_deletion().then(|| WaitingDeletion::new(&self.interrupts));
        entrance.try_send(Queued { work, _share: share, deletion }).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => self.busy(),
            mpsc::error::TrySendError::Closed(_) => StoreError::closed(),
        })
    }

    /// Closes the queue to new requests. Those in it are still done, except what needs a recount: that
    /// is refused.
    pub(crate) fn close(&self) {
        self.interrupts.closing.store(true, Relaxed);
        self.entrance.lock().take();
    }

    fn busy(&self) -> StoreError {
        self.counts.refused.inc();
        // A full queue is emptied in well under a second; a client that waits this long finds room.
        StoreError::Busy { retry_after: Duration::from_secs(1) }
    }
}
