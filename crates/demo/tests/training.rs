//! The demo's promise: it learns, visibly, and it tells the same story every time.

use std::collections::BTreeMap;

use gauntlet_demo::{Config, Training};
use gauntlet_model::{Body, Event, FailureKind, SnapshotScored, Status, Timestamp};

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
fn it_learns_for_every_seed_tried() {
    for seed in [7, 0, 1, 2, 3, 42, u64::MAX] {
        let snapshots = snapshots(&events(Config { seed, ..Config::default() }));
        assert!(snapshots.len() >= 2000);
        if std::env::var_os("SHOW").is_some() {
            for part in snapshots.chunks(200) {
                let (failing, by_kind) = shares(part);
                eprintln!("{seed} {failing:.2} {:.1} {by_kind:.2?}", mean_root(part));
            }
        }
        let (early, by_kind) = shares(&snapshots[..400]);
        for kind in &FailureKind::ALL[..4] {
            let share = by_kind.get(kind).copied().unwrap_or(0.0);
            assert!(share >= 0.04, "seed {seed}: {kind:?} is {share:.3} of the first 400");
        }
        let (late, _) = shares(&snapshots[snapshots.len() - 400..]);
        assert!(late <= early / 3.0, "seed {seed}: {late:.3} of the last 400 fail, {early:.3} of the first");
        let quarter = snapshots.len() / 4;
        let (first, last) = (mean_root(&snapshots[..quarter]), mean_root(&snapshots[3 * quarter..]));
        assert!(last > first + 20.0, "seed {seed}: mean root {first:.1} -> {last:.1}");
    }
}
