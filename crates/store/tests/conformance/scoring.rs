//! What a run adds up to, where steps are scored again or later: the list and the film agree.

use gauntlet_film::{Fact, Film};
use gauntlet_model::{
    Event, FailureKind, FailureRules, RunPatch, RunSummary, Score, ScoreAdded, ScoreTarget, Scores,
    SnapshotScored, Status,
};
use gauntlet_store::{InEpisode, SnapshotFilter};

use serde_json::Value;

use super::Backend;
use super::fixtures::*;

/// A person's or a judge's score of a step.
fn later(n: u128, episode: Option<&str>, step: u64, path: &str, value: f64) -> Event {
    let added = ScoreAdded {
        target: ScoreTarget::Step,
        path: path.to_owned(),
        value: Score::new(value).unwrap(),
        label: None,
        explanation: None,
        source: "ada".to_owned(),
    };
    event(n, episode, step, added)
}

/// What a list shows: steps, failing, mean, last root.
fn shown(run: &RunSummary) -> (u64, u64, Option<f64>, Option<f64>) {
    (run.steps, run.failing, run.mean_root, run.last_root)
}

pub(crate) async fn a_later_score_counts_wherever_it_comes(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let say = async |events: Vec<Event>| {
        fresh.store.append(&run, events, at(2)).await.unwrap();
        shown(&fresh.store.run(&run).await.unwrap().unwrap())
    };
    let snapshots = vec![snapshot(1, 1, &[("root", 4.0), ("format", 1.0)]), snapshot(2, 2, &[("root", 2.0)])];
    assert_eq!(say(snapshots).await, (2, 0, Some(3.0), Some(2.0)));
    assert_eq!(say(vec![later(3, None, 1, "root", -8.0)]).await, (2, 1, Some(-3.0), Some(2.0)));
    assert_eq!(say(vec![later(4, None, 1, "root", 6.0)]).await, (2, 0, Some(4.0), Some(2.0)));
    assert_eq!(say(vec![later(4, None, 1, "root", 6.0)]).await, (2, 0, Some(4.0), Some(2.0)), "sent again");
    assert_eq!(say(vec![later(5, None, 2, "grounding", -20.0)]).await, (2, 1, Some(4.0), Some(2.0)));
    let rows = fresh.store.steps(&run, None, 10, SnapshotFilter::Any, InEpisode::Any).await.unwrap();
    assert_eq!(
        rows.iter().map(|r| (r.step, r.failure)).collect::<Vec<_>>(),
        [(2, Some(FailureKind::Hallucination))]
    );
    // Before its step was ever scored, and in the same request as the step.
    assert_eq!(say(vec![later(6, None, 3, "root", -1.0)]).await, (2, 1, Some(4.0), Some(2.0)));
    assert_eq!(say(vec![snapshot(7, 3, &[("root", 1.0)])]).await, (3, 2, Some(7.0 / 3.0), Some(-1.0)));
    let together = vec![
        later(8, Some("e"), 4, "format", 0.0),
        event(9, Some("e"), 4, SnapshotScored { scores: root(1.0), ..SnapshotScored::default() }),
        later(10, Some("e"), 4, "root", 5.0),
    ];
    assert_eq!(say(together).await, (4, 3, Some(3.0), Some(5.0)));
    // Scored again: the later scores of the step before are gone with it.
    assert_eq!(say(vec![snapshot(11, 2, &[("root", 2.0)])]).await, (4, 2, Some(3.0), Some(2.0)));
    // Measurements are judged nowhere.
    assert_eq!(say(vec![later(12, None, 2, "metrics.kl", -1.0)]).await, (4, 2, Some(3.0), Some(2.0)));
}

pub(crate) async fn the_shared_examples_add_up_as_expected(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let text = include_str!("../../../../sdk/contract/overlay.json");
    let examples: Vec<Value> = serde_json::from_str(text).unwrap();
    assert!(examples.len() >= 11);
    for (number, example) in examples.iter().enumerate() {
        let event_of = |(n, it): (u128, &Value)| match it["path"].as_str() {
            Some(path) => later(n, Some("e"), 3, path, it["value"].as_f64().unwrap()),
            None => {
                let scores = serde_json::from_value(it["scores"].clone()).unwrap();
                event(n, Some("e"), 3, SnapshotScored { scores, ..SnapshotScored::default() })
            }
        };
        let events: Vec<Event> = (1..).zip(example["events"].as_array().unwrap()).map(event_of).collect();
        for (batch, size) in [("all", events.len()), ("some", 2), ("single", 1)] {
            // Which steps fail follows from the root that counts.
            let name = format!("{number}-{batch}");
            let run = judged(&fresh.store, &name, FailureRules::RootBelow(3.5)).await;
            for part in events.chunks(size) {
                fresh.store.append(&run, part.to_vec(), at(1)).await.unwrap();
            }
            let root = example["scores"]["root"].as_f64();
            let is_failing = root.is_some_and(|root| root < 3.5);
            let summary = fresh.store.run(&run).await.unwrap().unwrap();
            let nodes = u64::from(example["scores"].is_object());
            let (steps, failing, mean, _) = shown(&summary);
            assert_eq!(
                (steps, failing, mean),
                (nodes, u64::from(is_failing), root),
                "{} {batch}",
                example["name"]
            );
            let rows =
                fresh.store.steps(&run, None, 9, SnapshotFilter::AnyOrNone, InEpisode::Any).await.unwrap();
            assert_eq!(rows.iter().map(|row| row.root).collect::<Vec<_>>(), vec![root; nodes as usize]);
        }
    }
}

fn root(value: f64) -> Scores {
    Scores::new([("root", value)]).unwrap()
}

/// A stream of numbers below a bound (xorshift64).
struct Xorshift(u64);

impl Xorshift {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn any_event(n: u128, numbers: &mut Xorshift) -> Event {
    const PATHS: [&str; 7] =
        ["root", "grounding", "format", "metrics.kl", "style", "x.inconsistency", "refusal"];
    // The first four are in 0 to 1: only few roots are beyond.
    const VALUES: [f64; 8] = [0.0, 0.3, 0.5, 1.0, -20.0, -0.1, 7.0, 1e300];
    let episode = [None, Some("a"), Some("b"), Some("c")][numbers.roll(4) as usize];
    let step = numbers.roll(6);
    let value = |numbers: &mut Xorshift| {
        VALUES[if numbers.roll(6) == 0 { 4 + numbers.roll(4) } else { numbers.roll(4) } as usize]
    };
    if let Some(episode) = episode.filter(|_| numbers.roll(5) == 0) {
        let ends = [Status::Failed, Status::Completed, Status::TimedOut, Status::Cancelled];
        return super::failing::end(n, episode, ends[numbers.roll(4) as usize]);
    }
    if numbers.roll(5) < 2 {
        return later(n, episode, step, PATHS[numbers.roll(7) as usize], value(numbers));
    }
    let paths = PATHS.iter().filter(|_| numbers.roll(3) == 0).copied().collect::<Vec<_>>();
    let failures = if numbers.roll(9) == 0 { vec![FailureKind::Refusal] } else { vec![] };
    let scores = Scores::new(paths.into_iter().map(|path| (path, value(numbers)))).unwrap();
    event(n, episode, step, SnapshotScored { scores, failures, ..SnapshotScored::default() })
}

pub(crate) async fn the_list_agrees_with_the_film(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let mut store = fresh.store.clone();
    for seed in 1..=24_u64 {
        let mut numbers = Xorshift(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let any_rules = [FailureRules::Auto, FailureRules::Dipg, FailureRules::RootBelow(0.4)];
        let asked = if seed % 4 == 0 { any_rules[numbers.roll(3) as usize] } else { FailureRules::Auto };
        let run = judged(&store, &format!("r{seed}"), asked).await;
        let events: Vec<Event> = (0..60).map(|n| any_event(n, &mut numbers)).collect();
        let mut sent = 0;
        while sent < events.len() {
            // Batches of any size; some send again what is there; now and then the server starts again.
            let from = sent.saturating_sub(numbers.roll(4) as usize);
            sent = (sent + 1 + numbers.roll(20) as usize).min(events.len());
            store.append(&run, events[from..sent].to_vec(), at(2)).await.unwrap();
            if numbers.roll(12) == 0 {
                store.close().await;
                store = backend.open(fresh.options.clone()).await.unwrap();
            }
            if numbers.roll(12) == 0 {
                let rules = Some(any_rules[numbers.roll(3) as usize]);
                store.patch_run(&run, RunPatch { rules, ..RunPatch::default() }, at(3)).await.unwrap();
            }
            let mut film = Film::with_rules(store.run(&run).await.unwrap().unwrap().rules);
            log(&store, &run).await.iter().for_each(|record| film.apply(&Fact::of_record(record).unwrap()));
            let listed = store.run(&run).await.unwrap().unwrap();
            let context = format!("seed {seed}, {sent} events");
            assert_eq!(listed.steps, film.len() as u64, "{context}");
            assert_eq!(listed.episodes, film.episodes(), "{context}");
            assert_eq!(listed.failing, film.failing() as u64, "{context}");
            assert_eq!(listed.failure_rule, film.rule_in_force(), "{context}");
            assert_eq!(listed.mean_root.map(f64::to_bits), film.mean_root().map(f64::to_bits), "{context}");
            let mut nodes: Vec<_> = (0..film.len()).filter_map(|i| film.node(i)).collect();
            nodes.sort_by_key(|node| (node.step, node.seq));
            let rows = store.steps(&run, None, 100, SnapshotFilter::AnyOrNone, InEpisode::Any).await.unwrap();
            let rows: Vec<_> = rows.iter().map(|r| (r.step, r.seq, r.root, r.failure)).collect();
            let nodes: Vec<_> = nodes.iter().map(|n| (n.step, n.seq, n.root, n.failure)).collect();
            assert_eq!(rows, nodes, "{context}");
        }
    }
}
