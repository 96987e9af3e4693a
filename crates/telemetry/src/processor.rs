//! A sink with its queue and its thread: what an observer writes to.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gauntlet_model::{Event, Gap};

use crate::bisect::{PartOutcome, bisect};
use crate::clock::Clock;
use crate::event_sink::EventSink;
use crate::queue::{BatchOutcome, Counters, Queue};
use crate::sink::{Backlog, DeliveryError, Sink};

/// What happens to an event that finds the queue full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// It is dropped and counted: the training loop never waits.
    Drop,
    /// The producer waits for room: nothing is lost, the training loop may wait.
    Wait,
}

/// How events are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchConfig {
    /// Most events waiting.
    pub capacity: usize,
    /// What happens beyond.
    pub overflow: Overflow,
    /// Most events in a batch.
    pub batch: usize,
    /// Longest time an event waits for company.
    pub linger: Duration,
    /// Tries after the first; `None` never gives up.
    pub retries: Option<u32>,
    /// First pause before a retry; it doubles from retry to retry.
    pub backoff: Duration,
    /// Longest backoff; a longer `Retry-After` of the server takes precedence.
    pub longest_backoff: Duration,
    /// How long a dropped processor may continue to deliver.
    pub grace: Duration,
}

impl Default for BatchConfig {
    /// For a training loop that must not wait: up to 10,000 events, batches of 500 or 50 ms, 5 retries.
    fn default() -> Self {
        Self {
            capacity: 10_000,
            overflow: Overflow::Drop,
            batch: 500,
            linger: Duration::from_millis(50),
            retries: Some(5),
            backoff: Duration::from_millis(100),
            longest_backoff: Duration::from_secs(5),
            grace: Duration::from_secs(5),
        }
    }
}

impl BatchConfig {
    /// For a producer that must not lose: it waits for room, and a batch is retried until it is taken or
    /// refused.
    pub fn lossless() -> Self {
        Self { overflow: Overflow::Wait, retries: None, ..Self::default() }
    }
}

/// Not everything was settled in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} events are not delivered yet{}", counters.queued + counters.spooled, after(last_loss))]
pub struct Unsettled {
    /// The counters when the time was up.
    pub counters: Counters,
    /// Why the last dropped event was dropped, if any was.
    pub last_loss: Option<String>,
}

fn after(last_loss: &Option<String>) -> String {
    last_loss.as_ref().map(|reason| format!(" (last loss: {reason})")).unwrap_or_default()
}

thread_local! {
    static DELIVERING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread belongs to a [`BatchProcessor`]: what is logged here is about the sinks themselves,
/// and must not be offered to them again.
pub fn is_delivering() -> bool {
    DELIVERING.get()
}

/// A running sink. Dropping it delivers what waits, within the grace period.
///
/// Dropped events are reported in the stream: a `gap` event goes out before the next batch.
pub struct BatchProcessor {
    queue: Arc<Queue>,
    config: BatchConfig,
    thread: Option<JoinHandle<()>>,
}

impl BatchProcessor {
    /// Starts the thread. A capacity or batch of 0 counts as 1. `clock` dates `gap` events.
    pub fn start(
        sink: impl Sink + 'static,
        config: BatchConfig,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let config = BatchConfig { capacity: config.capacity.max(1), batch: config.batch.max(1), ..config };
        let queue = Arc::new(Queue::default());
        let mut worker = Worker { sink, queue: Arc::clone(&queue), config: config.clone(), clock };
        let thread =
            std::thread::Builder::new().name("gauntlet-sink".to_owned()).spawn(move || worker.run())?;
        Ok(Self { queue, config, thread: Some(thread) })
    }

    /// Waits until everything offered so far is acknowledged or dropped; the counters tell how many of each.
    pub fn flush(&self, timeout: Duration) -> Result<Counters, Unsettled> {
        match self.queue.flush(timeout) {
            true => Ok(self.counters()),
            false => Err(Unsettled { counters: self.counters(), last_loss: self.last_loss() }),
        }
    }

    /// The counters so far.
    pub fn counters(&self) -> Counters {
        self.queue.counters()
    }

    /// Why the last dropped event was dropped, if any was.
    pub fn last_loss(&self) -> Option<String> {
        self.queue.last_loss()
    }

    /// Why what waits has not been delivered yet, if something holds it up.
    pub fn delay(&self) -> Option<String> {
        self.queue.delay()
    }
}

impl EventSink for BatchProcessor {
    fn offer(&self, event: Arc<Event>) {
        self.queue.push(event, self.config.capacity, self.config.overflow == Overflow::Wait);
    }
}

impl Drop for BatchProcessor {
    fn drop(&mut self) {
        self.queue.close(self.config.grace);
        // A sink that blocks past the grace period is left behind rather than waited for.
        let is_done = self.queue.wait_done(self.config.grace + Duration::from_millis(100));
        if let Some(thread) = self.thread.take().filter(|_| is_done) {
            let _ = thread.join();
        }
    }
}

struct Worker<S> {
    sink: S,
    queue: Arc<Queue>,
    config: BatchConfig,
    clock: Arc<dyn Clock>,
}

impl<S: Sink> Worker<S> {
    fn run(&mut self) {
        DELIVERING.set(true);
        self.inherit();
        while let Some(mut work) = self.queue.take(self.config.batch, self.config.linger) {
            let gap = (work.unreported > 0).then(|| self.gap(work.unreported, &work.reason)).flatten();
            let is_reported = match gap {
                // The gap goes first and alone, so that a refused batch does not take it along.
                Some(gap) => self.deliver(&[Arc::new(gap)]).is_ok(),
                None => true,
            };
            if !is_reported {
                self.queue.still_unreported(work.unreported);
            }
            let outcome = self.deliver_parts(&mut work.batch);
            self.catch_up(&outcome);
            if work.is_last {
                break;
            }
        }
        // What is on disk is safe there: it is waited for only while it is getting less.
        let mut left = u64::MAX;
        while self.queue.has_time() {
            let now = self.catch_up(&BatchOutcome::default());
            if now == 0 || now >= left {
                break;
            }
            left = now;
        }
        self.queue.done();
    }

    /// Delivers a batch or drops it, in parts where that helps.
    fn deliver_parts(&mut self, batch: &mut Vec<Arc<Event>>) -> BatchOutcome {
        let mut outcome = BatchOutcome::default();
        let deliver = |part: &[Arc<Event>]| {
            self.deliver(part).map_err(|error| match error {
                // Out of retries.
                DeliveryError::NotNow { message, .. } => DeliveryError::Refused { index: None, message },
                other => other,
            })
        };
        let settled = |part| match part {
            PartOutcome::Taken(count) => outcome.taken += count,
            PartOutcome::Refused(count, reason) => {
                outcome.refused += count;
                outcome.reason = reason;
            }
        };
        // No batch is left for later: `deliver` turns `NotNow` into a refusal.
        let _ = bisect(batch, deliver, settled);
        outcome
    }

    /// Counts what an earlier process left in the spool, unless it can be delivered at once.
    fn inherit(&mut self) {
        let behind = self.backlog();
        self.queue.inherited(behind.events + behind.lost);
        self.queue.settled(&BatchOutcome::default(), &behind);
    }

    /// Lets the sink deliver its backlog and updates the counters; returns how many events are still in it.
    fn catch_up(&mut self, outcome: &BatchOutcome) -> u64 {
        let behind = self.backlog();
        self.queue.settled(outcome, &behind);
        behind.events
    }

    fn backlog(&mut self) -> Backlog {
        let sink = &mut self.sink;
        catch_unwind(AssertUnwindSafe(|| sink.catch_up())).unwrap_or_default()
    }

    /// Delivers one batch, and retries while the sink returns [`DeliveryError::NotNow`].
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let mut tries = 0_u32;
        loop {
            let sink = &mut self.sink;
            let result = catch_unwind(AssertUnwindSafe(|| sink.deliver(batch)));
            let result = result.unwrap_or_else(|_| {
                Err(DeliveryError::Refused { index: None, message: "the sink panicked".to_owned() })
            });
            let Err(DeliveryError::NotNow { after, message }) = &result else { return result };
            let doubled =
                self.config.backoff.saturating_mul(1 << tries.min(16)).min(self.config.longest_backoff);
            let is_over = self.config.retries.is_some_and(|most| tries >= most);
            if is_over || !self.queue.pause(after.unwrap_or_default().max(doubled), message) {
                return result;
            }
            tries += 1;
        }
    }

    fn gap(&self, lost: u64, reason: &str) -> Option<Event> {
        let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).take(120).collect();
        Event::new(self.clock.new_id(), self.clock.now(), None, None, Gap { lost, reason }).ok()
    }
}
