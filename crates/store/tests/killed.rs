//! A process that writes is killed at any moment, again and again, over one database. Whatever was
//! acknowledged must be there, once, and the acknowledgements must be all it needs to go on.
//!
//! The process to be killed is this very test binary, restarted with `HAMMER` naming the data directory.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use gauntlet_film::{Fact, Film};
use gauntlet_model::{
    Action, CommandIssued, Event, EventId, Record, RunId, RunSpec, Scores, SnapshotScored, Timestamp,
};
use gauntlet_store::{InEpisode, Options, SnapshotFilter, Store};

const KILLS: u64 = 30;
const WRITERS: u64 = 4;
const BATCH: u64 = 17;

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn run_of(writer: u64) -> RunId {
    RunId::new(format!("run-{}", writer % 2)).unwrap()
}

fn session() -> RunId {
    RunId::new("session").unwrap()
}

fn event(id: u128, step: u64) -> Event {
    let scores = [("root", step as f64), ("grounding", if step.is_multiple_of(5) { -20.0 } else { 1.0 })];
    let body = SnapshotScored {
        scores: Scores::new(scores).unwrap(),
        action: "x".repeat(300 + step as usize % 700),
        ..SnapshotScored::default()
    };
    Event::new(EventId::from_u128(id), now(), None, Some(step), body).unwrap()
}

/// Batch `n` of a writer: always the same events, so that it may be sent again.
fn batch(writer: u64, n: u64) -> Vec<Event> {
    (0..BATCH).map(|i| event(id_of(writer, n, i), n % 1000)).collect()
}

fn id_of(writer: u64, n: u64, i: u64) -> u128 {
    // Spread, as random ids are: the index of ids is touched all over.
    let place = u128::from(n * BATCH + i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    (place << 8) | u128::from(writer)
}

fn command(n: u64) -> CommandIssued {
    CommandIssued {
        command_id: format!("command-{n}"),
        action: Action::Tweak,
        parameters: serde_json::Map::new(),
        author: "ada".to_owned(),
    }
}

/// What was acknowledged so far: next batch of each writer, next step of the session, next command.
#[derive(Clone, Default)]
struct Acknowledged(BTreeMap<String, u64>);

impl Acknowledged {
    fn next(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    fn read(&mut self, line: &str) {
        // The harness prints its own lines into the same pipe, and a kill may cut the last line short.
        let Some((what, n)) = line.trim_end().strip_prefix("ack ").and_then(|l| l.split_once(' ')) else {
            return;
        };
        let Some(n) = n.strip_suffix('.').and_then(|n| n.parse::<u64>().ok()) else { return };
        assert_eq!(n, self.next(what), "{what} is acknowledged in order");
        self.0.insert(what.to_owned(), n + 1);
    }
}

fn acknowledge(what: &str, n: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ack {what} {n}.").and_then(|()| out.flush()).unwrap();
}

/// Writes without end, from the step `HAMMER_FROM`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hammer() {
    let Ok(directory) = std::env::var("HAMMER") else { return };
    let from: Vec<u64> =
        std::env::var("HAMMER_FROM").unwrap().split(',').map(|n| n.parse().unwrap()).collect();
    std::io::stdout().write_all(b"\n").unwrap();
    let store = Store::open(Options::new(directory)).await.unwrap();
    for writer in 0..2 {
        store.create_run(RunSpec::named("hammered"), run_of(writer), now()).await.unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (store, first) = (store.clone(), from[writer as usize]);
        tasks.spawn(async move {
            for n in first.. {
                let appended = store.append(&run_of(writer), batch(writer, n), now()).await.unwrap();
                assert_eq!(appended.accepted + appended.duplicates, BATCH);
                assert!(appended.duplicates == 0 || appended.accepted == 0, "a batch is whole or absent");
                acknowledge(&format!("writer-{writer}"), n);
            }
        });
    }
    let (origin, first) = (store.clone(), from[WRITERS as usize]);
    tasks.spawn(async move {
        for n in first.. {
            let id = u128::from(n) << 100 | u128::from(std::process::id());
            origin.append_origin(&session(), event(id, n), now()).await.unwrap();
            acknowledge("session", n);
        }
    });
    let first = from[WRITERS as usize + 1];
    tasks.spawn(async move {
        for n in first.. {
            store.issue_command(&run_of(0), command(n), now()).await.unwrap();
            if n % 2 == 0 {
                store.acknowledge_command(&run_of(0), &format!("command-{n}"), "done", now()).await.unwrap();
            }
            acknowledge("command", n);
        }
    });
    tasks.join_next().await.unwrap().unwrap();
}

/// Lets it write for a while, kills it, and reads its acknowledgements.
fn hammer_and_kill(directory: &Path, acknowledged: &mut Acknowledged, after: Duration) {
    let mut from: Vec<String> =
        (0..WRITERS).map(|w| acknowledged.next(&format!("writer-{w}")).to_string()).collect();
    from.extend(["session", "command"].map(|what| acknowledged.next(what).to_string()));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hammer", "--nocapture", "--test-threads=1"])
        .env("HAMMER", directory)
        .env("HAMMER_FROM", from.join(","))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut killer = None;
    // The clock starts with the first acknowledgement, so that every round writes.
    while let Some(Ok(line)) = lines.next() {
        acknowledged.read(&line);
        if killer.is_none() && line.starts_with("ack ") {
            let id = child.id().to_string();
            killer = Some(std::thread::spawn(move || {
                std::thread::sleep(after);
                assert!(Command::new("kill").args(["-9", &id]).status().unwrap().success());
            }));
        }
    }
    killer.expect("it acknowledged nothing").join().unwrap();
    assert!(!child.wait().unwrap().success(), "it was killed");
}

async fn full_log(store: &Store, run: &RunId) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let slice = store.read(run, records.last().map(|r| r.seq), 10_000, None).await.unwrap();
        records.extend(slice.records);
        if records.len() as u64 == slice.head {
            return records;
        }
    }
}

/// Everything acknowledged is there once, without holes, and the projections agree with a recount.
async fn verify(store: &Store, acknowledged: &Acknowledged) {
    for run in [run_of(0), run_of(1), session()] {
        if store.head(&run).await.unwrap().is_none() {
            assert_eq!(acknowledged.next("session"), 0);
            continue;
        }
        let records = full_log(store, &run).await;
        let mut ids = BTreeMap::new();
        for (n, record) in records.iter().enumerate() {
            assert_eq!(record.seq, n as u64, "{run}: a hole");
            assert_eq!(ids.insert(*record.id.as_bytes(), record.seq), None, "{run}: an event twice");
        }
        for writer in (0..WRITERS).filter(|w| run_of(*w) == run) {
            for n in 0..acknowledged.next(&format!("writer-{writer}")) {
                let seqs: Vec<_> =
                    (0..BATCH).map(|i| ids.get(&id_of(writer, n, i).to_be_bytes()).copied()).collect();
                let first = seqs[0].unwrap_or_else(|| panic!("{run}: batch {n} of writer {writer} is lost"));
                assert!(seqs.iter().zip(first..).all(|(seq, expected)| *seq == Some(expected)));
            }
        }
        recount(store, &run, &records).await;
    }
    let steps = store
        .steps(&session(), None, u32::MAX, SnapshotFilter::AnyOrNone, InEpisode::Any)
        .await
        .unwrap_or_default();
    assert!(steps.iter().enumerate().all(|(n, row)| row.step == n as u64), "each step once");
    assert!(steps.len() as u64 >= acknowledged.next("session"));
    let issued = acknowledged.next("command");
    let pending = store.pending_commands(&run_of(0)).await.unwrap();
    let pending: Vec<&str> = pending.iter().map(|p| p.command.command_id.as_str()).collect();
    let expected: Vec<String> = (0..issued).filter(|n| n % 2 == 1).map(|n| format!("command-{n}")).collect();
    // Of the command that was being issued at the kill, either is right.
    assert!(pending.len() <= expected.len() + 1);
    assert!(pending.iter().zip(&expected).all(|(is, should)| is == should), "commands wait in order");
    assert!(pending.len() >= expected.len(), "a command is lost");
}

/// The list agrees with the film of the log.
async fn recount(store: &Store, run: &RunId, records: &[Record]) {
    let summary = store.run(run).await.unwrap().unwrap();
    let mut film = Film::with_rules(summary.rules);
    records.iter().for_each(|record| film.apply(&Fact::of_record(record).unwrap()));
    let last = (0..film.len()).filter_map(|i| film.node(i)).max_by_key(|node| node.seq);
    assert_eq!(summary.head, records.len() as u64);
    assert_eq!((summary.steps, summary.failing), (film.len() as u64, film.failing() as u64), "{run}");
    assert_eq!(
        (summary.mean_root, summary.last_root),
        (film.mean_root(), last.and_then(|n| n.root)),
        "{run}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_however_often_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::default();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..KILLS {
        // xorshift64: a moment between 0 and 150 ms after the first acknowledgement.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let moment = Duration::from_micros(random % 150_000);
        let (path, mut known) = (directory.path().to_owned(), acknowledged.clone());
        let told = tokio::task::spawn_blocking(move || {
            hammer_and_kill(&path, &mut known, moment);
            known
        });
        acknowledged = told.await.unwrap();
        let store = Store::open(Options::new(directory.path())).await.unwrap();
        verify(&store, &acknowledged).await;
        store.close().await;
    }
    let total: u64 = acknowledged.0.values().sum();
    assert!(total > KILLS, "it got to write: {total} acknowledgements");
}
