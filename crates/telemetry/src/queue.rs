//! The bounded queue between a training loop and a sink's thread, and its books.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gauntlet_model::Event;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::sink::Backlog;

/// What became of the events offered, and of those an earlier process left in a spool:
/// `queued + spooled + sent + dropped` is how many there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Waiting or on their way.
    pub queued: u64,
    /// On disk, to be delivered once the other side is back.
    pub spooled: u64,
    /// Acknowledged by the sink.
    pub sent: u64,
    /// Dropped: no room, refused, or out of retries.
    pub dropped: u64,
    /// Times a batch was tried again.
    pub retried: u64,
}

#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Notified of work, a flush and the end; the sink's thread waits for it.
    work: Condvar,
    /// Notified when events leave; producers, flushes and the end wait for it.
    room: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<Event>>,
    /// As [`Counters::queued`].
    queued: u64,
    /// Events the sink has taken: delivered, or put into its spool.
    taken: u64,
    /// How many of those are still in its spool.
    spooled: u64,
    dropped: u64,
    retried: u64,
    /// Dropped events that no `gap` event has reported yet, and why the last was dropped.
    unreported: u64,
    reason: String,
    /// Why what waits could not be delivered yet.
    delay: String,
    flushes: u32,
    /// When the queue was closed, how long it may still deliver.
    closing: Option<Instant>,
    is_done: bool,
}

/// What the sink's thread is to do.
pub(crate) struct Work {
    pub(crate) batch: Vec<Arc<Event>>,
    /// Events lost so far that no `gap` event has reported, and why.
    pub(crate) unreported: u64,
    pub(crate) reason: String,
    /// Nothing comes after this.
    pub(crate) is_last: bool,
}

/// The outcome of a batch.
#[derive(Default)]
pub(crate) struct BatchOutcome {
    pub(crate) taken: u64,
    pub(crate) refused: u64,
    /// Why the last one was.
    pub(crate) reason: String,
}

/// How often a sink with a backlog is called while no event is offered.
const TICK: Duration = Duration::from_millis(100);

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn push(&self, event: Arc<Event>, capacity: usize, waits: bool) {
        let mut state = self.lock();
        while waits && state.waiting.len() >= capacity && state.closing.is_none() {
            self.room.wait(&mut state);
        }
        if state.closing.is_some() {
            state.lose(1, "the sink is closed");
        } else if state.waiting.len() >= capacity {
            state.lose(1, "the queue is full");
        } else {
            state.queued += 1;
            state.waiting.push_back(event);
            self.work.notify_one();
        }
    }

    /// Waits for a batch: until `most` events wait, the first has waited for `linger`, or a flush is
    /// requested. While the sink has a backlog, an empty one every [`TICK`]. `None` at the end.
    pub(crate) fn take(&self, most: usize, linger: Duration) -> Option<Work> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closing.is_some() {
                return (state.unreported > 0).then(|| Work { is_last: true, ..state.work(0) });
            }
            if state.spooled == 0 {
                self.work.wait(&mut state);
                continue;
            }
            let waited = self.work.wait_for(&mut state, TICK);
            if waited.timed_out() {
                return Some(state.work(0));
            }
        }
        let deadline = Instant::now() + linger;
        while state.waiting.len() < most && state.flushes == 0 && state.closing.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.work.wait_for(&mut state, left);
        }
        let count = state.waiting.len().min(most);
        let work = state.work(count);
        drop(state);
        self.room.notify_all();
        Some(work)
    }

    /// Counts the outcome of a batch and the sink's backlog. Both under one lock, so that no reader takes
    /// events in the spool for delivered ones.
    pub(crate) fn settled(&self, outcome: &BatchOutcome, behind: &Backlog) {
        let mut state = self.lock();
        state.queued -= outcome.taken + outcome.refused;
        state.taken += outcome.taken;
        if outcome.refused > 0 {
            state.lose(outcome.refused, &outcome.reason);
        }
        state.behind(behind);
        drop(state);
        self.room.notify_all();
    }

    /// What an earlier process left: taken, but not arrived.
    pub(crate) fn inherited(&self, count: u64) {
        self.lock().taken += count;
    }

    /// Whether there is time left to deliver; always before the end.
    pub(crate) fn has_time(&self) -> bool {
        self.lock().closing.is_none_or(|end| Instant::now() < end)
    }

    /// The `gap` event that reported losses was not delivered either: they are reported later.
    pub(crate) fn still_unreported(&self, count: u64) {
        self.lock().unreported += count;
    }

    /// Waits before another try. False when there is no time for one.
    pub(crate) fn pause(&self, pause: Duration, delay: &str) -> bool {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        delay.clone_into(&mut state.delay);
        loop {
            let now = Instant::now();
            match state.closing {
                Some(end) if end <= until => return false,
                _ if until <= now => break,
                _ => {}
            }
            self.work.wait_for(&mut state, until - now);
        }
        state.retried += 1;
        true
    }

    /// Waits until everything offered so far has been sent or dropped, and nothing is spooled. False when the
    /// time is up.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        let goal = state.queued + state.settled();
        state.flushes += 1;
        self.work.notify_one();
        let is_settled = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let is_settled = state.settled() >= goal && state.spooled == 0;
            if is_settled || left.is_zero() {
                break is_settled;
            }
            self.room.wait_for(&mut state, left);
        };
        state.flushes -= 1;
        is_settled
    }

    /// Takes nothing more; what waits may still be delivered for `grace`.
    pub(crate) fn close(&self, grace: Duration) {
        self.lock().closing.get_or_insert(Instant::now() + grace);
        self.work.notify_all();
        self.room.notify_all();
    }

    pub(crate) fn done(&self) {
        self.lock().is_done = true;
        self.room.notify_all();
    }

    /// Waits for the end of the sink's thread. False when the time is up.
    pub(crate) fn wait_done(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        self.room.wait_while_for(&mut state, |state| !state.is_done, timeout);
        state.is_done
    }

    pub(crate) fn counters(&self) -> Counters {
        let state = self.lock();
        let State { queued, taken, spooled, dropped, retried, .. } = *state;
        Counters { queued, spooled, sent: taken.saturating_sub(spooled), dropped, retried }
    }

    pub(crate) fn last_loss(&self) -> Option<String> {
        Some(self.lock().reason.clone()).filter(|reason| !reason.is_empty())
    }

    pub(crate) fn delay(&self) -> Option<String> {
        Some(self.lock().delay.clone()).filter(|delay| !delay.is_empty())
    }
}

impl State {
    fn lose(&mut self, count: u64, reason: &str) {
        self.dropped += count;
        self.unreported += count;
        self.reason = reason.to_owned();
    }

    fn behind(&mut self, behind: &Backlog) {
        self.spooled = behind.events;
        self.delay.clone_from(&behind.delay);
        if behind.lost > 0 {
            self.taken -= behind.lost.min(self.taken);
            self.lose(behind.lost, &behind.reason);
        }
    }

    fn settled(&self) -> u64 {
        self.taken + self.dropped
    }

    fn work(&mut self, count: usize) -> Work {
        let unreported = std::mem::take(&mut self.unreported);
        let batch = self.waiting.drain(..count).collect();
        Work { batch, unreported, reason: self.reason.clone(), is_last: false }
    }
}
