//! The writer's inbox: bounded in requests and in bytes, and nobody ever waits to enter it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::StoreError;
use crate::work::Work;

/// Bytes are counted in units of this many.
const UNIT: usize = 1024;

/// A request in the queue with its share of the bytes, given back when the request is dropped.
pub(crate) struct Queued {
    pub work: Work,
    _share: OwnedSemaphorePermit,
}

/// Where requests enter. `None` once the store is closed.
pub(crate) struct Queue {
    entrance: Mutex<Option<mpsc::Sender<Queued>>>,
    room: Arc<Semaphore>,
    units: u32,
}

impl Queue {
    pub fn new(requests: usize, bytes: usize) -> (Self, mpsc::Receiver<Queued>) {
        let (entrance, inbox) = mpsc::channel(requests.max(1));
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize)) as u32;
        let room = Arc::new(Semaphore::new(units as usize));
        (Self { entrance: Mutex::new(Some(entrance)), room, units }, inbox)
    }

    /// Puts a request in, or says at once that there is no room.
    pub fn enter(&self, work: Work) -> Result<(), StoreError> {
        let entrance = self.entrance.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let entrance = entrance.ok_or_else(closed)?;
        let units = work.bytes().div_ceil(UNIT).clamp(1, self.units as usize) as u32;
        let share = Arc::clone(&self.room).try_acquire_many_owned(units).map_err(|_| busy())?;
        entrance.try_send(Queued { work, _share: share }).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => busy(),
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }

    /// Lets nobody in any more. What is inside is still worked off.
    pub fn close(&self) {
        self.entrance.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn busy() -> StoreError {
    // A full queue is worked off in well under a second; a client that waits this long finds room.
    StoreError::Busy { retry_after: Duration::from_secs(1) }
}

pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}

/// The way back to the caller: what came of the request, sent only once that is durable.
pub(crate) struct Reply<T> {
    to: Option<oneshot::Sender<Result<T, StoreError>>>,
    outcome: Option<Result<T, StoreError>>,
}

impl<T> Reply<T> {
    pub fn new() -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (to, from) = oneshot::channel();
        (Self { to: Some(to), outcome: None }, from)
    }

    /// Keeps what came of it until the commit.
    pub fn keep(&mut self, outcome: Result<T, StoreError>) {
        self.outcome = Some(outcome);
    }
}

/// A reply of any type.
pub(crate) trait Settle {
    /// Tells the caller: what was kept, or that the whole group failed.
    fn settle(&mut self, failure: Option<&StoreError>);
}

impl<T> Settle for Reply<T> {
    fn settle(&mut self, failure: Option<&StoreError>) {
        let outcome = match (failure, self.outcome.take()) {
            (None, Some(outcome)) => outcome,
            // Even a refusal: it may rest on what the group was about to do.
            (Some(failure), _) => Err(failure.clone()),
            (None, None) => Err(StoreError::Unavailable("the writer stopped".to_owned())),
        };
        if let Some(to) = self.to.take() {
            // The caller may have gone away; the log does not care.
            let _ = to.send(outcome);
        }
    }
}
