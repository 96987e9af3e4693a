//! A follower over a log and an output in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use gauntlet_follow::{
    Cursor, Error, EventAt, EventId, Follower, Lags, Limits, Log, Output, Pace, Part, RunEnd, Step, Stretch,
};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const PACE: Pace = Pace {
    gather: Duration::ZERO,
    rest: 1,
    longest_rest: Duration::from_millis(1),
    first_retry: Duration::from_millis(1),
    longest_retry: Duration::from_millis(4),
};

/// Ten bytes each.
const BODY: usize = 10;

#[derive(Default)]
struct Run {
    events: u64,
    edits: i64,
    unreadable: BTreeSet<u64>,
    /// Tells one log's events from another's.
    salt: u8,
}

#[derive(Default, Clone)]
struct Memory(Arc<Mutex<BTreeMap<u32, Run>>>);

impl Memory {
    fn change<T>(&self, run: u32, change: impl FnOnce(&mut Run) -> T) -> T {
        change(self.0.lock().entry(run).or_default())
    }

    fn append(&self, run: u32, events: u64) {
        self.change(run, |run| run.events += events);
    }
}

fn id(run: u32, seq: u64, salt: u8) -> EventId {
    let mut id = [salt; 16];
    id[..4].copy_from_slice(&run.to_be_bytes());
    id[4..12].copy_from_slice(&seq.to_be_bytes());
    id
}

impl Log for Memory {
    type Run = u32;
    type Event = u64;
    type Error = String;

    async fn ends(&self) -> Result<BTreeMap<u32, RunEnd>, String> {
        let runs = self.0.lock();
        Ok(runs.iter().map(|(key, run)| (*key, RunEnd { head: run.events, edits: run.edits })).collect())
    }

    async fn read(&self, run: u32, seqs: Range<u64>, limits: Limits) -> Result<Stretch<u64>, String> {
        assert!(!seqs.is_empty() && limits.events > 0 && limits.bytes > 0, "{seqs:?} {limits:?}");
        let runs = self.0.lock();
        let read = runs.get(&run).ok_or("no such run")?;
        let looked_at = limits.events.min(limits.bytes.div_ceil(BODY)).min(seqs.clone().count());
        let next = seqs.start + looked_at as u64;
        let events = (seqs.start..next).filter(|seq| !read.unreadable.contains(seq)).collect();
        let last = next - 1;
        let last_id = (!read.unreadable.contains(&last)).then(|| id(run, last, read.salt));
        Ok(Stretch { events, looked_at, bytes: looked_at * BODY, next, last_id })
    }

    async fn event_at(&self, run: u32, seq: u64) -> Result<EventAt, String> {
        let runs = self.0.lock();
        let Some(found) = runs.get(&run) else { return Ok(EventAt::NoRun) };
        Ok(if seq < found.events { EventAt::Id(id(run, seq, found.salt)) } else { EventAt::NoEvent })
    }
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Failure {
    Passing,
    Broken,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

#[derive(Default)]
struct Written {
    events: BTreeMap<u32, Vec<u64>>,
    edits: BTreeMap<u32, u32>,
    cursors: BTreeMap<u32, Cursor>,
    batches: Vec<usize>,
    /// What the next commits fail with.
    failures: Vec<Failure>,
}

#[derive(Default, Clone)]
struct Copy(Arc<Mutex<Written>>);

impl Copy {
    fn events(&self, run: u32) -> Vec<u64> {
        self.0.lock().events.get(&run).cloned().unwrap_or_default()
    }
}

impl Output for Copy {
    type Run = u32;
    type Event = u64;
    type Error = Failure;

    async fn cursors(&mut self) -> Result<BTreeMap<u32, Cursor>, Failure> {
        Ok(self.0.lock().cursors.clone())
    }

    async fn commit(&mut self, parts: Vec<Part<u32, u64>>) -> Result<(), Failure> {
        let mut written = self.0.lock();
        if let Some(failure) = written.failures.pop() {
            return Err(failure);
        }
        written.batches.push(parts.iter().map(|part| part.events.len()).sum());
        for part in parts {
            let events = written.events.entry(part.run).or_default();
            assert!(events.last().is_none_or(|last| *last < part.from), "{events:?} before {}", part.from);
            events.extend(part.events);
            *written.edits.entry(part.run).or_default() += u32::from(part.is_edited);
            written.cursors.insert(part.run, part.cursor);
        }
        Ok(())
    }

    async fn remove(&mut self, run: u32) -> Result<bool, Failure> {
        let mut written = self.0.lock();
        // One event at a time, the cursor with the last one.
        let is_last = written.events.get_mut(&run).is_none_or(|events| events.pop().is_none());
        if is_last {
            written.events.remove(&run);
            written.cursors.remove(&run);
        }
        Ok(is_last)
    }

    fn is_broken(error: &Failure) -> bool {
        *error == Failure::Broken
    }
}

fn open(log: &Memory, output: &Copy) -> Follower<Memory, Copy> {
    Follower::new("test", log.clone(), output.clone(), Limits { events: 7, bytes: 50 })
}

async fn follow(log: &Memory, output: &Copy) {
    let mut follower = open(log, output);
    while follower.step().await.unwrap() != Step::Done {}
}

#[tokio::test]
async fn every_event_arrives_once_in_batches_within_the_limits() {
    let (log, output) = (Memory::default(), Copy::default());
    for (run, events) in [(1, 23), (2, 0), (3, 1), (4, 2), (5, 11)] {
        log.append(run, events);
    }
    follow(&log, &output).await;
    log.append(3, 9);
    follow(&log, &output).await;
    for (run, events) in [(1, 23), (2, 0), (3, 10), (4, 2), (5, 11)] {
        assert_eq!(output.events(run), (0..events).collect::<Vec<_>>(), "run {run}");
    }
    let batches = output.0.lock().batches.clone();
    assert!(batches.iter().all(|events| *events <= 5), "50 bytes are 5 events: {batches:?}");
    assert_eq!(batches.iter().sum::<usize>(), 46);
}

#[tokio::test]
async fn a_batch_that_is_not_committed_is_gathered_again() {
    let (log, output) = (Memory::default(), Copy::default());
    log.append(1, 12);
    output.0.lock().failures = vec![Failure::Passing];
    let mut follower = open(&log, &output);
    assert!(matches!(follower.step().await, Err(Error::Output(Failure::Passing))));
    assert!(output.events(1).is_empty());
    while follower.step().await.unwrap() != Step::Done {}
    assert_eq!(output.events(1), (0..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_edit_is_handed_over_once() {
    let (log, output) = (Memory::default(), Copy::default());
    log.append(1, 3);
    follow(&log, &output).await;
    log.change(1, |run| run.edits += 2);
    follow(&log, &output).await;
    log.append(1, 1);
    follow(&log, &output).await;
    assert_eq!(output.0.lock().edits[&1], 2, "when it was new, and when it was edited");
    assert_eq!(output.events(1), [0, 1, 2, 3]);
}

#[tokio::test]
async fn what_was_made_of_a_deleted_run_is_removed() {
    let (log, output) = (Memory::default(), Copy::default());
    log.append(1, 3);
    log.append(2, 3);
    follow(&log, &output).await;
    log.0.lock().remove(&1);
    follow(&log, &output).await;
    assert_eq!(output.0.lock().cursors.keys().collect::<Vec<_>>(), [&2]);
    assert_eq!((output.events(1), output.events(2)), (vec![], vec![0, 1, 2]));
}

#[tokio::test]
async fn events_that_cannot_be_read_are_passed_over() {
    let (log, output) = (Memory::default(), Copy::default());
    log.change(1, |run| (run.events, run.unreadable) = (9, [2, 3, 8].into()));
    follow(&log, &output).await;
    assert_eq!(output.events(1), [0, 1, 4, 5, 6, 7]);
    let cursor = output.0.lock().cursors[&1];
    assert_eq!((cursor.next, cursor.last_id), (9, None));
}

#[tokio::test]
async fn an_output_of_another_log_is_noticed() {
    let (log, output) = (Memory::default(), Copy::default());
    log.append(1, 5);
    log.change(2, |run| (run.events, run.unreadable) = (2, [1].into()));
    log.append(3, 1);
    follow(&log, &output).await;
    assert!(open(&log, &output).belongs().await.unwrap());
    log.0.lock().remove(&3);
    log.change(2, |run| run.salt = 1);
    assert!(open(&log, &output).belongs().await.unwrap(), "deleted runs and unreadable events tell nothing");
    log.change(1, |run| run.events = 4);
    assert!(!open(&log, &output).belongs().await.unwrap(), "an older copy of the log");
    log.change(1, |run| (run.events, run.salt) = (5, 1));
    assert!(!open(&log, &output).belongs().await.unwrap(), "another log");
}

#[tokio::test]
async fn it_follows_every_change_until_it_is_stopped() {
    let (log, output) = (Memory::default(), Copy::default());
    let (changes, seen) = watch::channel(0_u64);
    let stop = CancellationToken::new();
    output.0.lock().failures = vec![Failure::Passing; 3];
    let mut follower = open(&log, &output);
    let follow = async {
        follower.run(seen, &stop, &PACE).await.unwrap();
        follower
    };
    let write = async {
        for number in 1..=20 {
            log.append(number % 3, 4);
            changes.send_replace(number.into());
            tokio::task::yield_now().await;
        }
        let expected: Vec<u64> = (0..28).collect();
        while output.events(1) != expected || output.events(2).len() != 28 || output.events(0).len() != 24 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (follower, ()) = tokio::join!(follow, write);
    assert_eq!(follower.into_output().events(0), (0..24).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_broken_output_and_the_end_of_the_log_end_it() {
    let (log, output) = (Memory::default(), Copy::default());
    let (changes, seen) = watch::channel(0_u64);
    let stop = CancellationToken::new();
    log.append(1, 1);
    output.0.lock().failures = vec![Failure::Broken];
    let mut follower = open(&log, &output);
    assert_eq!(follower.run(seen.clone(), &stop, &PACE).await, Err(Failure::Broken));
    drop(changes);
    assert_eq!(follower.run(seen, &stop, &PACE).await, Ok(()));
    assert_eq!(output.events(1), [0], "what was there is followed to the end");
}

#[tokio::test]
async fn a_follower_reports_how_far_it_is_behind() {
    let (log, output, lags) = (Memory::default(), Copy::default(), Lags::default());
    log.append(1, 12);
    let mut follower = open(&log, &output).reporting(&lags);
    assert_eq!(lags.all(), [("test", 0)], "it has not looked yet");
    let mut reported = Vec::new();
    while follower.step().await.unwrap() != Step::Done {
        reported.push(lags.of("test").get());
    }
    assert_eq!(reported, [12, 7, 2]);
    assert_eq!(lags.all(), [("test", 0)]);
    log.append(2, 3);
    follower.step().await.unwrap();
    assert_eq!(lags.all(), [("test", 3)]);
}
