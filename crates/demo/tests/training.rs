//! The demo learns visibly, and the same configuration gives the same events every time.

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
    let events: Vec<Event> =
        training.events(Timestamp::from_micros(0), 1000).collect::<Result<_, _>>().unwrap();
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
fn it_learns_whatever_the_seed() {
    for seed in [Config::default().seed, 1, u64::MAX] {
        let snapshots = snapshots(&events(Config { seed, ..Config::default() }));
        assert!(snapshots.len() >= 2000);
        let (early, by_kind) = shares(&snapshots[..400]);
        for kind in &FailureKind::ALL[..4] {
            let share = by_kind.get(kind).copied().unwrap_or(0.0);
            assert!(share >= 0.04, "seed {seed}: {kind:?} is {share:.3} of the first 400");
        }
        let (late, _) = shares(&snapshots[snapshots.len() - 400..]);
        assert!(late <= early / 3.0, "seed {seed}: {late:.3} of the last 400 fail, {early:.3} of the first");
        let quarter = snapshots.len() / 4;
        let (first, last) = (mean_root(&snapshots[..quarter]), mean_root(&snapshots[3 * quarter..]));
        assert!(last > first + 15.0, "seed {seed}: mean root {first:.1} -> {last:.1}");
    }
}

#[test]
fn without_learning_nothing_rises() {
    let mut config = Config::default();
    config.grpo.learning_rate = 0.0;
    let snapshots = snapshots(&events(config));
    let quarter = snapshots.len() / 4;
    let (first, last) = (mean_root(&snapshots[..quarter]), mean_root(&snapshots[3 * quarter..]));
    assert!((last - first).abs() < 5.0, "mean root {first:.1} -> {last:.1}");
    assert!(snapshots.iter().all(|s| s.metadata["kl"] == 0.0), "the policy stays at its reference");
}

#[test]
fn the_same_seed_gives_the_same_events() {
    let small = || Config { steps: 300, ..Config::default() };
    let text = |events: &[Event]| serde_json::to_string(events).unwrap();
    let first = events(small());
    assert_eq!(text(&first), text(&events(small())));
    assert_ne!(text(&first), text(&events(Config { seed: 8, ..small() })));

    // Another clock changes the times and nothing else.
    let training = Training::new(small()).unwrap();
    let later: Vec<Event> =
        training.events(Timestamp::from_micros(1 << 50), 7).collect::<Result<_, _>>().unwrap();
    assert_ne!(text(&first), text(&later));
    for (one, other) in first.iter().zip(&later) {
        assert_eq!((one.id(), one.step(), one.body()), (other.id(), other.step(), other.body()));
    }

    // Another run of the same seed has the same events under other ids.
    let other = events(Config { run: "another".to_owned(), ..small() });
    let ids: BTreeSet<_> = first.iter().chain(&other).map(Event::id).collect();
    assert_eq!(ids.len(), first.len() + other.len());
    assert!(first.iter().zip(&other).skip(1).all(|(one, other)| one.body() == other.body()));
}

#[test]
fn five_rollouts_are_five_complete_snapshots() {
    let events = events(Config { steps: 5, ..Config::default() });
    let kinds: Vec<&str> = events.iter().map(|event| event.kind().as_str()).collect();
    let expected =
        [vec!["run.started", "run.status"], vec!["snapshot.scored"; 5], vec!["run.finished"]].concat();
    assert_eq!(kinds, expected);
    let steps: Vec<u64> = events.iter().filter_map(Event::step).collect();
    assert_eq!(steps, [1, 2, 3, 4, 5]);
    let paths = [
        "root",
        "format",
        "abstention",
        "conflict",
        "refusal",
        "grounding",
        "inconsistency",
        "confidence",
        "synthesis",
    ];
    for snapshot in snapshots(&events) {
        let mut found: Vec<&str> = snapshot.scores.iter().map(|(path, _)| path).collect();
        found.extend(snapshot.not_evaluated.iter().map(String::as_str));
        assert_eq!(found, paths, "every path, in the order of the tree");
        assert!(snapshot.action.contains("<proof>") && snapshot.observation.contains("QUESTION"));
        assert_eq!(snapshot.metadata["run_type"], "grpo");
        for key in ["task_id", "iteration", "group", "advantage", "kl", "question", "decisions"] {
            assert!(snapshot.metadata.contains_key(key), "{key}");
        }
    }
    match (events[0].body(), events[7].body()) {
        (Body::RunStarted(started), Body::RunFinished(finished)) => {
            assert_eq!(
                (started.name.as_str(), started.project.as_str(), started.kind.as_str()),
                ("dipg grpo demo", "dipg", "grpo")
            );
            assert_eq!(started.config["steps"], 5);
            assert_eq!(finished.status, Status::Completed);
            assert_eq!(finished.summary.as_ref().unwrap()["rollouts"], 5);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(events[0].id(), RunSummary::started_event_id(&RunId::new("dipg-grpo-demo").unwrap()));
}

#[test]
fn groups_share_a_question_and_their_advantages_cancel() {
    let snapshots = snapshots(&events(Config { steps: 192, ..Config::default() }));
    for group in snapshots.chunks(8) {
        assert!(group.iter().all(|s| s.metadata["task_id"] == group[0].metadata["task_id"]));
        assert!(group.iter().all(|s| s.metadata["group"] == group[0].metadata["group"]));
        let sum: f64 = group.iter().filter_map(|s| s.metadata["advantage"].as_f64()).sum();
        assert!(sum.abs() < 1e-9, "{sum}");
    }
    assert_eq!(snapshots[95].metadata["group"], 12);
    assert_eq!(
        (&snapshots[95].metadata["iteration"], &snapshots[96].metadata["iteration"]),
        (&1.into(), &2.into())
    );
}

#[test]
fn a_configuration_out_of_range_is_refused_by_name() {
    let refused = |change: fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        Training::new(config).err().map(|e| e.field).unwrap_or_default()
    };
    assert_eq!(refused(|c| c.run = "a/b".to_owned()), "run");
    assert_eq!(refused(|c| c.steps = 0), "steps");
    assert_eq!(refused(|c| c.steps = u32::MAX), "steps");
    assert_eq!(refused(|c| c.group = 0), "group");
    assert_eq!(refused(|c| c.questions = 5000), "questions");
    assert_eq!(refused(|c| c.grpo.epochs = 0), "epochs");
    assert_eq!(refused(|c| c.grpo.clip = 1.5), "clip");
    assert_eq!(refused(|c| c.grpo.learning_rate = f64::NAN), "learning_rate");
    assert_eq!(refused(|c| c.grpo.kl_beta = -1.0), "kl_beta");
}
