//! The tail of a watched run: its newest events, taken as they are committed or read from the log once, and
//! shared by all its viewers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock, Weak};

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use gauntlet_film::{Fact, codec};
use gauntlet_model::{Record, RunId};
use gauntlet_store::{RecentEvents, Store, StoreError};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What a tail keeps in memory for viewers that are nearly up to date; older events come from the log.
const TAIL_BYTES: usize = 16 << 20;
/// Events read from the log at a time.
const PAGE: u32 = 1024;
/// About how many bytes of events are read at a time: what a viewer that stops reading holds.
const PAGE_BYTES: usize = 256 << 10;

/// Consecutive events, written for the wire at most once however many viewers there are.
pub struct Batch {
    records: Vec<Record>,
    /// What it holds in memory, about: body texts, their JSON form, the fixed fields.
    bytes: usize,
    json: OnceLock<Vec<Utf8Bytes>>,
    binary: OnceLock<Bytes>,
}

impl Batch {
    fn new(records: Vec<Record>) -> Arc<Self> {
        let bytes = records.iter().map(|r| r.body.len() * 2 + 256).sum();
        Arc::new(Self { records, bytes, json: OnceLock::new(), binary: OnceLock::new() })
    }

    /// The events, by sequence.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Each event as JSON text.
    pub fn json(&self) -> &[Utf8Bytes] {
        self.json.get_or_init(|| {
            let written = self.records.iter().filter_map(|r| serde_json::to_string(r).ok());
            written.map(Utf8Bytes::from).collect()
        })
    }

    /// All of it in the film's codec.
    pub fn binary(&self) -> Bytes {
        let pack = || {
            let facts: Vec<Fact> = self.records.iter().filter_map(|r| Fact::of_record(r).ok()).collect();
            Bytes::from(codec::encode(&facts))
        };
        self.binary.get_or_init(pack).clone()
    }

    fn next_seq(&self) -> u64 {
        self.records.last().map_or(0, |r| r.seq + 1)
    }
}

/// How far a tail has read.
#[derive(Debug, Clone, Default)]
struct Reached {
    /// The sequence number of the next event.
    next: u64,
    /// Why nothing more will come: the run was deleted, or its log is damaged.
    end: Option<StoreError>,
}

struct Tail {
    ring: Mutex<VecDeque<Arc<Batch>>>,
    reached: watch::Sender<Reached>,
}

impl Tail {
    fn ring(&self) -> MutexGuard<'_, VecDeque<Arc<Batch>>> {
        self.ring.lock()
    }

    /// The batch that starts exactly at `seq`, if it is still here.
    fn from(&self, seq: u64) -> Option<Arc<Batch>> {
        let ring = self.ring();
        let at = ring.partition_point(|b| b.records.first().is_some_and(|r| r.seq < seq));
        ring.get(at).filter(|b| b.records.first().is_some_and(|r| r.seq == seq)).cloned()
    }

    fn push(&self, batch: Arc<Batch>) {
        let next = batch.next_seq();
        let mut ring = self.ring();
        ring.push_back(batch);
        let mut held: usize = ring.iter().map(|b| b.bytes).sum();
        while held > TAIL_BYTES && ring.len() > 1 {
            held -= ring.pop_front().map_or(0, |b| b.bytes);
        }
        drop(ring);
        self.reached.send_modify(|reached| reached.next = next);
    }

    /// Tells every viewer that nothing more will come.
    fn end(&self, why: StoreError) {
        self.reached.send_modify(|reached| reached.end = Some(why));
    }

    fn has_ended(&self) -> bool {
        self.reached.borrow().end.is_some()
    }
}

/// The tails of the runs that somebody watches; cloning shares them.
#[derive(Clone)]
pub struct Tails {
    store: Store,
    stopping: CancellationToken,
    watched: Arc<Mutex<HashMap<RunId, Weak<Tail>>>>,
}

impl Tails {
    /// Tails of that log, until `stopping`.
    pub fn new(store: Store, stopping: CancellationToken) -> Self {
        Self { store, stopping, watched: Arc::default() }
    }

    /// A follower that starts past `after` (`None`: at the beginning). The run need not exist yet.
    pub async fn follow(&self, run: &RunId, after: Option<u64>) -> Result<Follower, StoreError> {
        let recent = self.store.follow(run);
        let head = self.store.head(run).await?.unwrap_or(0);
        let tail = self.tail(run, head, recent);
        let next = after.map_or(0, |seq| seq.saturating_add(1));
        Ok(Follower {
            store: self.store.clone(),
            run: run.clone(),
            ahead: tail.reached.subscribe(),
            tail,
            next,
        })
    }

    /// How many viewers follow a run now.
    pub fn viewers(&self) -> usize {
        let watched = self.watched.lock();
        watched.values().filter_map(Weak::upgrade).map(|tail| tail.reached.receiver_count()).sum()
    }

    fn tail(&self, run: &RunId, head: u64, recent: RecentEvents) -> Arc<Tail> {
        let mut watched = self.watched.lock();
        // The tail of a run that was deleted is not that of one created again under its id.
        if let Some(tail) = watched.get(run).and_then(Weak::upgrade).filter(|tail| !tail.has_ended()) {
            return tail;
        }
        watched.retain(|_, tail| tail.strong_count() > 0);
        let reached = Reached { next: head, end: None };
        let tail = Arc::new(Tail { ring: Mutex::default(), reached: watch::Sender::new(reached) });
        watched.insert(run.clone(), Arc::downgrade(&tail));
        let feed = read_on(self.store.clone(), run.clone(), Arc::downgrade(&tail), head, recent);
        let stopping = self.stopping.clone();
        tokio::spawn(async move { stopping.run_until_cancelled(feed).await });
        tail
    }
}

/// Reads every new event of the run into the tail, until it has no viewer or the log is closed.
async fn read_on(store: Store, run: RunId, tail: Weak<Tail>, mut next: u64, mut recent: RecentEvents) {
    loop {
        let records = match recent.from(next, PAGE, PAGE_BYTES) {
            Some(records) => Ok(records),
            // Nothing was committed past `next`; the head is 0 until the first commit.
            None if *recent.head.borrow() <= next => Ok(Vec::new()),
            None => {
                let page = store.read_within(&run, next.checked_sub(1), PAGE, PAGE_BYTES).await;
                page.map(|page| page.records)
            }
        };
        match records {
            Ok(records) if !records.is_empty() => {
                let Some(tail) = tail.upgrade() else { return };
                let batch = Batch::new(records);
                next = batch.next_seq();
                tail.push(batch);
            }
            Ok(_) | Err(StoreError::NotFound(_)) => {
                // Nobody may be watching by now: look again every so often even if nothing happens.
                let pause = tokio::time::timeout(std::time::Duration::from_secs(30), recent.head.changed());
                if matches!(pause.await, Ok(Err(_))) {
                    if let Some(tail) = tail.upgrade() {
                        tail.end(gone(&run));
                    }
                    return;
                }
                if tail.strong_count() == 0 {
                    return;
                }
            }
            Err(error @ (StoreError::Corrupt { .. } | StoreError::Gone(_))) => {
                // It will not be otherwise the next time.
                if let Some(tail) = tail.upgrade() {
                    tail.end(error);
                }
                return;
            }
            Err(error) => {
                tracing::warn!(%run, %error, "reading the tail failed; trying again");
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
        }
        if tail.strong_count() == 0 {
            return;
        }
    }
}

/// One viewer's place in a run.
pub struct Follower {
    store: Store,
    run: RunId,
    tail: Arc<Tail>,
    ahead: watch::Receiver<Reached>,
    next: u64,
}

impl Follower {
    /// The sequence number it will give next.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// The next events, in order, nothing missing and nothing twice; waits where there are none yet.
    /// [`StoreError::Gone`] where the run was deleted.
    pub async fn next(&mut self) -> Result<Arc<Batch>, StoreError> {
        loop {
            let Reached { next: ahead, end } = self.ahead.borrow_and_update().clone();
            if let Some(end) = end {
                return Err(end);
            }
            if self.next < ahead {
                let batch = match self.tail.from(self.next) {
                    Some(batch) => batch,
                    None => {
                        let wanted = u32::try_from(ahead - self.next).unwrap_or(PAGE).min(PAGE);
                        let after = self.next.checked_sub(1);
                        let page = self.store.read_within(&self.run, after, wanted, PAGE_BYTES).await;
                        let page = page.map_err(|error| match error {
                            StoreError::NotFound(_) => gone(&self.run),
                            other => other,
                        })?;
                        Batch::new(page.records)
                    }
                };
                if batch.records.is_empty() {
                    return Err(gone(&self.run));
                }
                self.next = batch.next_seq();
                return Ok(batch);
            }
            if self.ahead.changed().await.is_err() {
                return Err(gone(&self.run));
            }
        }
    }
}

fn gone(run: &RunId) -> StoreError {
    StoreError::Gone(format!("run {:?} was deleted", run.as_str()))
}
