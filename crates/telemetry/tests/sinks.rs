//! Sinks: order, batches, backpressure, retries, what is lost and how that is reported.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gauntlet_model::{
    Body, EpisodeFinished, EpisodeId, EpisodeStarted, Event, EventId, FailureKind, Object, RunFinished,
    RunStatus, Score, Scores, SnapshotScored, Status, StepError, StepKind, StepRecorded, Timestamp,
    decode_lines,
};
use gauntlet_telemetry::{
    BatchConfig, BatchProcessor, ConsoleSink, Counters, DeliveryError, FileSink, Overflow, Sink,
};
use gauntlet_telemetry::{EventSink, SystemClock};
use parking_lot::Mutex;

const LONG: Duration = Duration::from_secs(20);

fn event(step: u64) -> Arc<Event> {
    let scores = Scores::new([("root", -1.5), ("grounding", -20.0)]).unwrap();
    let body = SnapshotScored { scores, ..Default::default() };
    Arc::new(
        Event::new(EventId::from_u128(step.into()), Timestamp::default(), None, Some(step), body).unwrap(),
    )
}

/// A sink that answers by a script, then takes everything; it writes down what it took.
#[derive(Clone, Default)]
struct Scripted {
    script: Arc<Mutex<VecDeque<DeliveryError>>>,
    taken: Arc<Mutex<Vec<String>>>,
    /// While held, deliveries wait.
    gate: Arc<Mutex<()>>,
    /// Deliveries begun.
    begun: Arc<AtomicU32>,
}

impl Scripted {
    fn of(script: impl IntoIterator<Item = DeliveryError>) -> Self {
        let sink = Self::default();
        sink.script.lock().extend(script);
        sink
    }

    fn start(&self, config: BatchConfig) -> BatchProcessor {
        BatchProcessor::start(self.clone(), config, Arc::new(SystemClock::new())).unwrap()
    }

    fn taken(&self) -> String {
        self.taken.lock().join(" | ")
    }
}

impl Sink for Scripted {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        self.begun.fetch_add(1, SeqCst);
        let _open = self.gate.lock();
        if let Some(error) = self.script.lock().pop_front() {
            return Err(error);
        }
        let name = |event: &Arc<Event>| event.step().map_or(event.body().to_json(), |step| step.to_string());
        self.taken.lock().push(batch.iter().map(name).collect::<Vec<_>>().join(" "));
        Ok(())
    }
}

fn not_now(after: Option<Duration>) -> DeliveryError {
    DeliveryError::NotNow { after, message: "busy".to_owned() }
}

fn quick() -> BatchConfig {
    BatchConfig { backoff: Duration::from_millis(1), ..Default::default() }
}

fn offer(delivery: &BatchProcessor, steps: impl IntoIterator<Item = u64>) {
    steps.into_iter().for_each(|step| delivery.offer(event(step)));
}

#[test]
fn events_come_in_order_in_batches_and_flush_waits_for_all() {
    let sink = Scripted::default();
    let delivery = sink.start(BatchConfig { batch: 3, linger: Duration::from_secs(10), ..quick() });
    let began = Instant::now();
    offer(&delivery, 1..=7);
    let counters = delivery.flush(LONG).unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "a flush does not wait for company");
    assert_eq!(counters, Counters { sent: 7, ..Default::default() });
    assert_eq!(sink.taken(), "1 2 3 | 4 5 6 | 7");
    assert!(delivery.flush(Duration::ZERO).is_ok(), "nothing waits");
}

#[test]
fn a_batch_that_is_refused_for_now_is_tried_again() {
    let asked = Duration::from_millis(60);
    let sink = Scripted::of([not_now(None), not_now(Some(asked))]);
    let delivery = sink.start(quick());
    let began = Instant::now();
    offer(&delivery, [1, 2]);
    let counters = delivery.flush(LONG).unwrap();
    assert_eq!((counters.sent, counters.retried, counters.dropped), (2, 2, 0));
    assert!(began.elapsed() >= asked, "the other side's wish is kept");
    assert_eq!(sink.taken(), "1 2");
}

#[test]
fn dropped_events_are_counted_and_reported() {
    let sink = Scripted::of([not_now(None), not_now(None)]);
    let delivery = sink.start(BatchConfig { retries: Some(1), ..quick() });
    offer(&delivery, [1, 2]);
    assert_eq!(delivery.flush(LONG).unwrap(), Counters { dropped: 2, retried: 1, ..Default::default() });
    assert_eq!(delivery.last_loss().as_deref(), Some("busy"));
    offer(&delivery, [3]);
    delivery.flush(LONG).unwrap();
    assert_eq!(sink.taken(), r#"{"lost":2,"reason":"busy"} | 3"#);
    assert_eq!(delivery.delay(), None, "nothing holds it up any more");
}

#[test]
fn one_bad_event_does_not_take_its_batch_with_it() {
    let refused = |index| DeliveryError::Refused { index, message: "no such thing".to_owned() };
    let sink = Scripted::of([refused(Some(1)), DeliveryError::TooLarge]);
    let delivery = sink.start(BatchConfig { batch: 4, linger: LONG, ..quick() });
    offer(&delivery, 1..=4);
    let counters = delivery.flush(LONG).unwrap();
    assert_eq!((counters.sent, counters.dropped), (3, 1));
    assert_eq!(sink.taken(), "1 | 3 4");
    let sink = Scripted::of([refused(None), DeliveryError::TooLarge]);
    let delivery = sink.start(BatchConfig { batch: 2, ..quick() });
    offer(&delivery, 1..=2);
    let counters = delivery.flush(LONG).unwrap();
    assert_eq!((counters.sent, counters.dropped), (0, 2));
}

#[test]
fn a_full_queue_drops_the_newest_and_never_blocks() {
    let sink = Scripted::default();
    let delivery = sink.start(BatchConfig { capacity: 2, batch: 1, ..quick() });
    let closed = sink.gate.lock();
    offer(&delivery, [1]);
    while sink.begun.load(SeqCst) == 0 {
        std::thread::yield_now();
    }
    offer(&delivery, 2..=5);
    assert_eq!(delivery.counters(), Counters { queued: 3, dropped: 2, ..Default::default() });
    drop(closed);
    delivery.flush(LONG).unwrap();
    assert_eq!(sink.taken(), r#"1 | {"lost":2,"reason":"the queue is full"} | 2 | 3"#);
}

#[test]
fn a_lossless_delivery_holds_its_producer_back() {
    let sink = Scripted::of((0..20).map(|_| not_now(None)));
    let config = BatchConfig { capacity: 3, batch: 2, ..BatchConfig::lossless() };
    let delivery = sink.start(BatchConfig {
        backoff: Duration::from_millis(1),
        longest_backoff: Duration::from_millis(2),
        ..config
    });
    offer(&delivery, 1..=200);
    let counters = delivery.flush(LONG).unwrap();
    assert_eq!((counters.sent, counters.dropped, counters.retried), (200, 0, 20));
    let taken: Vec<u64> = sink.taken().split([' ', '|']).filter_map(|word| word.parse().ok()).collect();
    assert_eq!(taken, (1..=200).collect::<Vec<_>>());
}

#[test]
fn dropping_a_delivery_delivers_what_waits_within_its_grace() {
    let sink = Scripted::default();
    let delivery = sink.start(BatchConfig { linger: LONG, ..quick() });
    offer(&delivery, 1..=3);
    drop(delivery);
    assert_eq!(sink.taken(), "1 2 3");
    let stuck = Scripted::of((0..1000).map(|_| not_now(None)));
    let config =
        BatchConfig { retries: None, grace: Duration::from_millis(50), overflow: Overflow::Wait, ..quick() };
    let delivery = stuck.start(config);
    offer(&delivery, 1..=3);
    let began = Instant::now();
    drop(delivery);
    assert!(began.elapsed() < Duration::from_secs(5), "the end is not held up for ever");
}

#[test]
fn a_sink_that_panics_loses_its_batch_and_lives_on() {
    struct PanickingSink(Arc<Mutex<u32>>);
    impl Sink for PanickingSink {
        fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
            assert!(batch[0].step() != Some(1), "I do not like 1");
            *self.0.lock() += batch.len() as u32;
            Ok(())
        }
    }
    let taken = Arc::new(Mutex::new(0));
    let delivery = BatchProcessor::start(
        PanickingSink(Arc::clone(&taken)),
        BatchConfig { batch: 1, ..quick() },
        Arc::new(SystemClock::new()),
    )
    .unwrap();
    offer(&delivery, 1..=3);
    let counters = delivery.flush(LONG).unwrap();
    assert_eq!((counters.sent, counters.dropped, *taken.lock()), (2, 1, 3), "two events and a gap");
}

#[test]
fn a_file_holds_one_event_a_line_and_is_appended_to() {
    let path = std::env::temp_dir().join(format!("gauntlet-sink-{}.jsonl", std::process::id()));
    for batch in [[1, 2], [3, 4]] {
        let sink = FileSink::open(&path).unwrap();
        let delivery = BatchProcessor::start(sink, quick(), Arc::new(SystemClock::new())).unwrap();
        offer(&delivery, batch);
        assert_eq!(delivery.flush(LONG).unwrap().sent, 2);
    }
    let events = decode_lines(&std::fs::read(&path).unwrap()).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(events, (1..=4).map(|step| event(step).as_ref().clone()).collect::<Vec<_>>());
    assert!(FileSink::open(std::env::temp_dir()).is_err());
}

#[test]
fn a_file_is_written_by_one_sink_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let first = FileSink::open(&path).unwrap();
    let refused = FileSink::open(&path).map(drop).unwrap_err();
    assert!(refused.to_string().contains("another run"), "{refused}");
    drop(first);
    assert!(FileSink::open(&path).is_ok());
}

#[test]
fn the_console_shows_a_line_an_event() {
    let event_of = |step, body: Body| {
        let episode = EpisodeId::new("e").ok();
        Arc::new(Event::new(EventId::from_u128(9), Timestamp::default(), episode, step, body).unwrap())
    };
    let error = StepError { kind: "Timeout".to_owned(), message: "no\nanswer".to_owned(), traceback: None };
    let call = StepRecorded {
        step_kind: StepKind::ToolResult,
        name: Some("lookup".to_owned()),
        span_id: "0".repeat(16),
        parent_span_id: None,
        started_at: Timestamp::default(),
        ended_at: None,
        payload: Object::new(),
        error: Some(error),
        metadata: Object::new(),
    };
    let node = SnapshotScored { failures: vec![FailureKind::Generic], ..SnapshotScored::default() };
    let finished = EpisodeFinished {
        status: Status::Failed,
        return_: Score::new(0.5).ok(),
        latency_ms: None,
        cost: None,
        error: None,
    };
    let task = Some("what is the dose?".to_owned());
    let events = [
        event_of(None, RunStatus { status: Status::Running, reason: None }.into()),
        event(12),
        event_of(None, EpisodeStarted { task, metadata: Object::new() }.into()),
        event_of(Some(3), call.into()),
        event_of(Some(13), node.into()),
        event_of(None, finished.into()),
        event_of(None, RunFinished { status: Status::Completed, summary: None }.into()),
    ];
    let mut out = Vec::new();
    ConsoleSink::to(&mut out).deliver(&events).unwrap();
    let lines = [
        "run running",
        "step 12  root -1.5  grounding -20.0 < 0",
        "episode  what is the dose?",
        "step 3  tool_result lookup  Timeout: no",
        "step 13  no root  generic failure",
        "episode failed  return 0.5",
        "run completed",
    ];
    assert_eq!(String::from_utf8(out).unwrap().lines().collect::<Vec<_>>(), lines);
}
