//! The shared examples of which steps fail.

use gauntlet_model::{EpisodeId, FailureKind, FailureRule, FailureRules, Scores, Status};
use serde_json::Value;

use crate::facts::{added, fact, judged, scores};
use gauntlet_film::{Fact, FactBody};

fn of<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn fact_of(seq: u64, event: &Value) -> Fact {
    let episode = event["episode"].as_str().map(|id| EpisodeId::new(id).unwrap());
    if let Some(status) = event.get("finished") {
        let what = FactBody::EpisodeFinished { status: of::<Status>(status), return_: None };
        return Fact { episode, step: None, ..fact(seq, 0, what) };
    }
    let step = event["step"].as_u64().unwrap();
    if let Some(path) = event["path"].as_str() {
        return Fact { episode, ..fact(seq, step, added(path, event["value"].as_f64().unwrap())) };
    }
    let mut what = scores(&[]);
    if let FactBody::Scored { scores, not_evaluated, failures, .. } = &mut what {
        *scores = of::<Scores>(&event["scores"]);
        *not_evaluated = event.get("not_evaluated").map(of::<Vec<String>>).unwrap_or_default();
        *failures = event.get("failures").map(of::<Vec<FailureKind>>).unwrap_or_default();
    }
    Fact { episode, ..fact(seq, step, what) }
}

#[test]
fn the_shared_examples_have_the_expected_failures() {
    let examples: Vec<Value> =
        serde_json::from_str(include_str!("../../../../sdk/contract/failing.json")).unwrap();
    assert!(examples.len() >= 16);
    for example in &examples {
        let events = example["events"].as_array().unwrap();
        let facts: Vec<Fact> = (0..).zip(events).map(|(seq, event)| fact_of(seq, event)).collect();
        let rules = of::<FailureRules>(&example["rules"]);
        let backwards: Vec<Fact> = facts.iter().rev().cloned().collect();
        let middle = facts.len() / 2;
        let crossed = [&facts[middle..], &facts[..middle]].concat();
        for order in [&facts, &backwards, &crossed] {
            let film = judged(rules, order);
            let failing: Vec<u64> = (0..film.len())
                .filter_map(|i| film.node(i))
                .filter(|n| n.failure.is_some())
                .map(|n| n.step)
                .collect();
            let name = &example["name"];
            assert_eq!(failing, of::<Vec<u64>>(&example["failing"]), "{name}");
            assert_eq!(film.rule(), of::<FailureRule>(&example["rule"]), "{name}");
            assert_eq!(film.failing(), failing.len(), "{name}");
        }
    }
}

#[test]
fn a_step_that_passes_may_have_rubrics_below_their_bounds() {
    let scored = scores(&[("root", 1.0), ("style", -1.0), ("tone", 0.5), ("metrics.loss", -3.0)]);
    let film = judged(FailureRules::RootBelow(0.0), &[fact(0, 0, scored)]);
    assert_eq!((film.failure(0), film.failing_parts(0)), (None, 1));
}
