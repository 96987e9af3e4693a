//! Which steps fail: the rule that fits a run, and that lists, counts and filters follow it.

use gauntlet_model::{
    EpisodeFinished, Event, FailureKind, FailureRule, FailureRules, RunId, RunPatch, Score, ScoreAdded,
    ScoreTarget, Scores, SnapshotScored, Status,
};
use gauntlet_store::{InEpisode, SnapshotFilter, Store};
use serde_json::Value;

use super::Backend;
use super::fixtures::*;

fn of<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn event_of(n: u128, example: &Value) -> Event {
    let episode = example["episode"].as_str();
    if let Some(status) = example.get("finished") {
        return end(n, episode.unwrap(), of::<Status>(status));
    }
    let step = example["step"].as_u64().unwrap();
    if let Some(path) = example["path"].as_str() {
        let value = Score::new(example["value"].as_f64().unwrap()).unwrap();
        return event(
            n,
            episode,
            step,
            ScoreAdded {
                target: ScoreTarget::Step,
                path: path.to_owned(),
                value,
                label: None,
                explanation: None,
                source: "judge".to_owned(),
            },
        );
    }
    let body = SnapshotScored {
        scores: of::<Scores>(&example["scores"]),
        not_evaluated: example.get("not_evaluated").map(of::<Vec<String>>).unwrap_or_default(),
        failures: example.get("failures").map(of::<Vec<FailureKind>>).unwrap_or_default(),
        ..SnapshotScored::default()
    };
    event(n, episode, step, body)
}

/// The end of an episode.
pub(crate) fn end(n: u128, episode: &str, status: Status) -> Event {
    let body = EpisodeFinished { status, return_: None, latency_ms: None, cost: None, error: None };
    let plain = event(n, Some(episode), 0, body);
    Event::new(plain.id(), plain.at(), plain.episode().cloned(), None, plain.body().clone()).unwrap()
}

/// The failing steps as they are listed; what is counted must agree.
async fn failing(store: &Store, run: &RunId) -> Vec<u64> {
    let rows = store.steps(run, None, 1000, SnapshotFilter::Any, InEpisode::Any).await.unwrap();
    let summary = store.run(run).await.unwrap().unwrap();
    assert_eq!(summary.failing, rows.len() as u64, "{run}");
    rows.into_iter().map(|row| row.step).collect()
}

pub(crate) async fn the_shared_examples_fail_as_expected(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let text = include_str!("../../../../sdk/contract/failing.json");
    let examples: Vec<Value> = serde_json::from_str(text).unwrap();
    for (number, example) in examples.iter().enumerate() {
        let events: Vec<Event> =
            (1..).zip(example["events"].as_array().unwrap()).map(|(n, e)| event_of(n, e)).collect();
        // In one batch, in some, and event by event.
        for (batch, size) in [("whole", events.len()), ("some", 3), ("single", 1)] {
            let name = format!("{number}-{batch}");
            let run = judged(&fresh.store, &name, of::<FailureRules>(&example["rules"])).await;
            for part in events.chunks(size) {
                fresh.store.append(&run, part.to_vec(), at(1)).await.unwrap();
            }
            let said = &example["name"];
            assert_eq!(
                failing(&fresh.store, &run).await,
                of::<Vec<u64>>(&example["failing"]),
                "{said} {batch}"
            );
            let summary = fresh.store.run(&run).await.unwrap().unwrap();
            assert_eq!(summary.failure_rule.rule, of::<FailureRule>(&example["rule"]), "{said} {batch}");
        }
    }
}

pub(crate) async fn the_error_of_an_episode_fails_its_last_step(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let run = judged(store, "r", FailureRules::RootBelow(0.0)).await;
    let of = |n: u128, episode: &str, step: u64, root: f64| {
        let scores = Scores::new([("root", root)]).unwrap();
        event(n, Some(episode), step, SnapshotScored { scores, ..SnapshotScored::default() })
    };
    // Two writers, one after the other, and the end of the first comes last.
    store
        .append(&run, vec![of(1, "a", 0, 1.0), of(2, "b", 0, 1.0), of(3, "a", 5, 1.0)], at(1))
        .await
        .unwrap();
    store.append(&run, vec![of(4, "b", 6, -1.0), end(5, "b", Status::TimedOut)], at(2)).await.unwrap();
    assert_eq!(failing(store, &run).await, [6]);
    store.append(&run, vec![end(6, "a", Status::Failed)], at(3)).await.unwrap();
    assert_eq!(failing(store, &run).await, [5, 6]);
    let generic =
        store.steps(&run, None, 9, SnapshotFilter::Kind(FailureKind::Generic), InEpisode::Any).await.unwrap();
    assert_eq!(generic.len(), 2);
    // By another rule the root fails nothing any more; the errors do.
    let patch = RunPatch { rules: Some(FailureRules::RootBelow(-5.0)), ..RunPatch::default() };
    store.patch_run(&run, patch, at(4)).await.unwrap();
    assert_eq!(failing(store, &run).await, [5, 6]);
    // The episode goes on, and ends well in the end.
    store.append(&run, vec![of(7, "a", 7, 1.0)], at(5)).await.unwrap();
    assert_eq!(failing(store, &run).await, [6, 7]);
    store.append(&run, vec![end(8, "a", Status::Completed)], at(6)).await.unwrap();
    assert_eq!(failing(store, &run).await, [6]);
}

pub(crate) async fn a_changed_rule_judges_every_step_anew(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = judged(&fresh.store, "r", FailureRules::Auto).await;
    let wrong = (0..56).map(|n| snapshot(n, n as u64, &[("root", f64::from(u8::from(n >= 49)))])).collect();
    fresh.store.append(&run, wrong, at(1)).await.unwrap();
    assert_eq!(failing(&fresh.store, &run).await.len(), 49);
    let generic = SnapshotFilter::Kind(FailureKind::Generic);
    assert_eq!(fresh.store.steps(&run, None, 100, generic, InEpisode::Any).await.unwrap().len(), 49);
    // Scored later, then again: the rule is that of every root ever seen.
    fresh.store.append(&run, vec![snapshot(100, 60, &[("root", 7.0)])], at(2)).await.unwrap();
    assert_eq!(failing(&fresh.store, &run).await, [0; 0]);
    fresh.store.append(&run, vec![snapshot(101, 60, &[("root", -1.0)])], at(3)).await.unwrap();
    assert_eq!(failing(&fresh.store, &run).await, [60]);
    let medical =
        [("root", 1.0), ("format", 0.0), ("grounding", 1.0), ("inconsistency", 0.0), ("refusal", 0.0)];
    fresh.store.append(&run, vec![snapshot(102, 61, &medical)], at(4)).await.unwrap();
    assert_eq!(failing(&fresh.store, &run).await, [60, 61]);
}

pub(crate) async fn other_rules_can_be_asked_for_later(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = judged(&fresh.store, "r", FailureRules::Auto).await;
    let scores: [&[(&str, f64)]; 3] =
        [&[("root", 0.3)], &[("root", 0.7), ("format", 0.0)], &[("root", 1.0), ("style", -1.0)]];
    let events = (0..).zip(scores).map(|(n, scores)| snapshot(n, n as u64, scores)).collect();
    fresh.store.append(&run, events, at(1)).await.unwrap();
    let cases: [(FailureRules, &[u64]); 5] = [
        (FailureRules::Dipg, &[1, 2]),
        (FailureRules::RootBelow(0.8), &[0, 1]),
        (FailureRules::RootBelow(2.0), &[0, 1, 2]),
        (FailureRules::RootBelow(0.1), &[]),
        (FailureRules::Auto, &[0]),
    ];
    for (rules, expected) in cases {
        let patch = RunPatch { rules: Some(rules), ..RunPatch::default() };
        let summary = fresh.store.patch_run(&run, patch, at(2)).await.unwrap();
        assert_eq!(summary.rules, rules);
        assert_eq!(failing(&fresh.store, &run).await, expected, "{rules:?}");
    }
    let next = vec![snapshot(9, 9, &[("root", 0.2)])];
    fresh.store.append(&run, next, at(3)).await.unwrap();
    assert_eq!(failing(&fresh.store, &run).await, [0, 9]);
}
