//! A sink that fails for a while: what is on disk, in which order it arrives, and what is counted.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use gauntlet_model::{Event, EventId, RunId, RunSpec, RunStatus, Status, Timestamp};
use gauntlet_telemetry::{
    BatchConfig, BatchProcessor, Counters, DeliveryError, Sink, Spool, SpoolingSink, deliver_leftovers,
};
use gauntlet_telemetry::{EventSink, SystemClock};
use parking_lot::Mutex;

const LONG: Duration = Duration::from_secs(30);

/// A sink that can be unreachable, and may refuse one event.
#[derive(Clone, Default)]
struct Other {
    is_away: Arc<AtomicBool>,
    refuses: Option<u128>,
    has: Arc<Mutex<Vec<EventId>>>,
}

impl Sink for Other {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        if self.is_away.load(SeqCst) {
            return Err(DeliveryError::NotNow { after: None, message: "away".to_owned() });
        }
        let is_refused = |event: &Arc<Event>| self.refuses.map(EventId::from_u128) == Some(event.id());
        if let Some(index) = batch.iter().position(is_refused) {
            return Err(DeliveryError::Refused { index: Some(index), message: "odd".to_owned() });
        }
        self.has.lock().extend(batch.iter().map(|event| event.id()));
        Ok(())
    }
}

impl Other {
    fn away() -> Self {
        let other = Self::default();
        other.is_away.store(true, SeqCst);
        other
    }

    fn ids(&self) -> Vec<u128> {
        let has = self.has.lock();
        has.iter().map(|id| u128::from_be_bytes(*id.as_bytes())).collect()
    }
}

fn event(id: u128) -> Arc<Event> {
    let body = RunStatus { status: Status::Running, reason: Some("x".repeat(100)) };
    Arc::new(Event::new(EventId::from_u128(id), Timestamp::default(), None, None, body).unwrap())
}

fn spec(run: &str) -> RunSpec {
    RunSpec { id: Some(RunId::new(run).unwrap()), tags: vec!["t".to_owned()], ..RunSpec::named("n") }
}

fn delivery(other: &Other, folder: &Path, limit: u64) -> BatchProcessor {
    let spool = Spool::open(folder, spec("r"), limit).unwrap();
    let config = BatchConfig {
        linger: Duration::from_millis(1),
        backoff: Duration::from_millis(1),
        ..BatchConfig::default()
    };
    BatchProcessor::start(SpoolingSink::new(other.clone(), spool), config, Arc::new(SystemClock::new()))
        .unwrap()
}

fn until(condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + LONG;
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "the condition did not become true in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn what_comes_while_the_other_side_is_away_arrives_later_in_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::default();
    let delivery = delivery(&other, folder.path(), 1 << 24);
    (1..=3).for_each(|id| delivery.offer(event(id)));
    assert_eq!(delivery.flush(LONG).unwrap(), Counters { sent: 3, ..Counters::default() });
    other.is_away.store(true, SeqCst);
    for id in 4..=5000 {
        delivery.offer(event(id));
    }
    until(|| delivery.counters().spooled == 4997);
    assert!(delivery.flush(Duration::from_millis(1)).is_err(), "on disk is not delivered");
    assert_eq!((delivery.counters().dropped, delivery.delay().as_deref()), (0, Some("away")));
    other.is_away.store(false, SeqCst);
    delivery.offer(event(5001));
    assert_eq!(delivery.flush(LONG).unwrap(), Counters { sent: 5001, ..Counters::default() });
    assert_eq!(delivery.delay(), None);
    assert_eq!(other.ids(), (1..=5001).collect::<Vec<_>>());
    drop(delivery);
    assert_eq!(files(folder.path()), 0, "an empty spool is removed");
}

#[test]
fn a_process_that_ends_leaves_its_events_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let first = delivery(&Other::away(), folder.path(), 1 << 20);
    (1..=10).for_each(|id| first.offer(event(id)));
    until(|| first.counters().spooled == 10);
    drop(first);
    // Killed in the middle of a line.
    let path = folder.path().join("r.jsonl");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"id\":\"0190");
    std::fs::write(&path, text).unwrap();
    let other = Other::default();
    let second = delivery(&other, folder.path(), 1 << 20);
    second.offer(event(11));
    assert_eq!(second.flush(LONG).unwrap().dropped, 0);
    assert_eq!(other.ids(), (1..=11).collect::<Vec<_>>());
}

#[test]
fn leftovers_of_any_run_are_delivered_to_their_own() {
    let folder = tempfile::tempdir().unwrap();
    for run in ["a", "grpo #3 ä", &"long".repeat(50)] {
        let mut spool = Spool::open(folder.path(), spec(run), 1 << 20).unwrap();
        spool.deliver(&[event(1), event(2)]).unwrap();
    }
    let held = Spool::open(folder.path(), spec("a"), 1 << 20).unwrap();
    let specs = Mutex::new(Vec::new());
    let others = Other::default();
    let sink_for = |spool: &Spool| {
        specs.lock().push(spool.spec().clone());
        Ok(others.clone())
    };
    let done = deliver_leftovers(folder.path(), sink_for).unwrap();
    assert_eq!((done.delivered, done.left, done.problems), (4, 0, vec![]));
    let specs = specs.into_inner();
    let expected: Vec<_> =
        ["grpo #3 ä", &"long".repeat(50)].map(|run| Some(RunId::new(run).unwrap())).to_vec();
    assert_eq!(specs.iter().map(|spec| spec.id.clone()).collect::<Vec<_>>(), expected);
    assert!(specs.iter().all(|spec| spec.tags == ["t"] && spec.metadata.is_empty()));
    assert_eq!(files(folder.path()), 1, "the one in use stays");
    drop(held);

    let away = deliver_leftovers(folder.path(), |_| Ok(Other::away())).unwrap();
    assert_eq!((away.delivered, away.left), (0, 2));
    assert!(away.problems[0].contains("a.jsonl: away"), "{:?}", away.problems);
}

#[test]
fn a_second_process_of_the_same_run_has_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let first = Spool::open(folder.path(), spec("r"), 1 << 20).unwrap();
    let second = Spool::open(folder.path(), spec("r"), 1 << 20).unwrap();
    assert_ne!(first.path(), second.path());
}

#[test]
fn a_full_spool_drops_and_reports_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::away();
    let delivery = delivery(&other, folder.path(), 2000);
    for id in 1..=50 {
        delivery.offer(event(id));
        until(|| delivery.counters().queued == 0);
    }
    let counters = delivery.counters();
    assert!(counters.spooled > 0 && counters.dropped > 0 && counters.spooled + counters.dropped == 50);
    assert!(delivery.last_loss().unwrap().contains("is full"), "{:?}", delivery.last_loss());
    other.is_away.store(false, SeqCst);
    delivery.flush(LONG).unwrap();
    delivery.offer(event(51));
    let counters = delivery.flush(LONG).unwrap();
    // The gap event is not one of those offered.
    assert_eq!(other.ids().len() as u64, counters.sent + 1);
    assert_eq!(other.ids().last(), Some(&51));
}

#[test]
fn a_refused_event_on_disk_does_not_hold_up_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other { refuses: Some(2), ..Other::away() };
    let delivery = delivery(&other, folder.path(), 1 << 20);
    (1..=3).for_each(|id| delivery.offer(event(id)));
    until(|| delivery.counters().spooled == 3);
    other.is_away.store(false, SeqCst);
    let counters = delivery.flush(LONG).unwrap();
    assert_eq!((counters.sent, counters.dropped), (2, 1));
    assert_eq!(delivery.last_loss().as_deref(), Some("odd"));
    assert_eq!(other.ids(), [1, 3]);
}

#[test]
fn what_is_no_spool_is_left_alone_and_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.jsonl"), "hello\n").unwrap();
    let done = deliver_leftovers(folder.path(), |_| Ok(Other::default())).unwrap();
    assert!(done.problems[0].contains("x.jsonl does not begin with its run"), "{:?}", done.problems);
    assert_eq!(std::fs::read_to_string(folder.path().join("x.jsonl")).unwrap(), "hello\n");
    assert_eq!(
        deliver_leftovers(&folder.path().join("none"), |_| Ok(Other::default())).unwrap(),
        Default::default()
    );
}
