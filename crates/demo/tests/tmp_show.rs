//! The demo's promise: it learns, visibly, and it tells the same story every time.

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_demo::{Config, Training};
use gauntlet_model::{Body, Event, FailureKind, RunId, RunSummary, SnapshotScored, Status, Timestamp};

/// What the thresholds of the live view make of one path's score.
fn judge(path: &str, score: f64) -> Option<FailureKind> {
    match path {
        "grounding" => (score <= -20.0).then_some(FailureKind::Hallucination),
        "format" => (score <= 0.0).then_some(FailureKind::Format),
        "refusal" => (score > 0.0).then_some(FailureKind::Refusal),
        "inconsistency" => (score <= -15.0).then_some(FailureKind::Inconsistency),
        _ => (score < 0.0).then_some(FailureKind::Generic),
    }
}

fn kinds(snapshot: &SnapshotScored) -> Vec<FailureKind> {
    let mut kinds: Vec<_> = snapshot.scores.iter().filter_map(|(path, score)| judge(path, score)).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn events(config: Config) -> Vec<Event> {
    let training = Training::new(config).unwrap();
    let all = training.events_in_all();
    let events: Vec<Event> = training.events(Timestamp::from_micros(0), 1000).collect::<Result<_, _>>().unwrap();
    assert_eq!(events.len() as u64, all);
    events
}

fn snapshots(events: &[Event]) -> Vec<SnapshotScored> {
    let body = |event: &Event| match event.body() {
        Body::SnapshotScored(snapshot) => Some(snapshot.clone()),
        _ => None,
    };
    events.iter().filter_map(body).collect()
}

fn shares(snapshots: &[SnapshotScored]) -> (f64, BTreeMap<FailureKind, f64>) {
    let n = snapshots.len() as f64;
    let mut by_kind = BTreeMap::new();
    for kind in snapshots.iter().flat_map(kinds) {
        *by_kind.entry(kind).or_insert(0.0) += 1.0 / n;
    }
    (snapshots.iter().filter(|s| !kinds(s).is_empty()).count() as f64 / n, by_kind)
}

fn mean_root(snapshots: &[SnapshotScored]) -> f64 {
    snapshots.iter().filter_map(|s| s.scores.root()).sum::<f64>() / snapshots.len() as f64
}

#[test]
fn show() {
    let t = std::time::Instant::now();
    for seed in 0..30u64 {
        let s = snapshots(&events(Config { seed, ..Config::default() }));
        let (e, k) = shares(&s[..400]);
        let (l, lk) = shares(&s[2000..]);
        println!("seed {seed}: {e:.2} {k:.2?} -> {l:.2} {lk:.2?} root {:.1} -> {:.1}", mean_root(&s[..600]), mean_root(&s[1800..]));
        if seed == 7 { for p in s.chunks(200) { let (f, k) = shares(p); println!("   {f:.2} {:.1} {k:.2?}", mean_root(p)); } 
          for i in [0, 3, 2390] { println!("{}\n{}\n{:?}\n", s[i].observation, s[i].action, s[i].metadata); } }
    }
    println!("{:?}", t.elapsed() / 30);
}
