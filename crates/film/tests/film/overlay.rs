//! The shared examples of how snapshots and later scores of a step add up.

use std::collections::BTreeMap;

use gauntlet_film::surroundings::Surroundings;
use gauntlet_film::{Base, Fact, FactBody, overlay};
use gauntlet_model::{FailureRule, FailureRules, Scores};
use serde_json::Value;

use crate::facts::{added, fact, judged, scores};

type Expected = Option<BTreeMap<String, f64>>;

fn fact_of(seq: u64, event: &Value) -> Fact {
    if let Some(path) = event["path"].as_str() {
        return fact(seq, 3, added(path, event["value"].as_f64().unwrap()));
    }
    let mut body = scores(&[]);
    if let FactBody::Scored { scores, .. } = &mut body {
        *scores = serde_json::from_value::<Scores>(event["scores"].clone()).unwrap();
    }
    fact(seq, 3, body)
}

/// What a film shows.
fn shown<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Expected {
    let film = judged(FailureRules::Auto, facts);
    let scored = film.paths().iter().filter_map(|path| Some((path.path.clone(), film.score(0, path.id)?)));
    (!film.is_empty()).then(|| scored.collect())
}

/// What the rule itself makes of them.
fn worked_out(facts: &[Fact]) -> Expected {
    let mut last: Option<(Base, &Scores)> = None;
    let mut later = Vec::new();
    for fact in facts {
        match &fact.body {
            FactBody::Scored { scores, .. } => {
                last = Some((Base::with(last.map(|(base, _)| base), fact.seq), scores));
            }
            FactBody::Added { path, value } => later.push((fact.seq, path.as_str(), value.get())),
            _ => {}
        }
    }
    later.reverse();
    let (base, scores) = last?;
    let counting = overlay(base, scores.iter(), later);
    Some(counting.into_iter().map(|(path, value)| (path.to_owned(), value)).collect())
}

#[test]
fn the_shared_examples_give_the_expected_scores() {
    let text = include_str!("../../../../sdk/contract/overlay.json");
    let examples: Vec<Value> = serde_json::from_str(text).unwrap();
    assert!(examples.len() >= 11);
    for example in &examples {
        let events = example["events"].as_array().unwrap();
        let facts: Vec<Fact> = (0..).zip(events).map(|(seq, event)| fact_of(seq, event)).collect();
        let expected: Expected = serde_json::from_value(example["scores"].clone()).unwrap();
        let name = &example["name"];
        assert_eq!(shown(&facts), expected, "{name}");
        assert_eq!(shown(facts.iter().rev()), expected, "{name}, backwards");
        assert_eq!(worked_out(&facts), expected, "{name}, by the rule itself");
        let thinned = gauntlet_film::levels::thin(&facts, FailureRule::Dipg, 1, &Surroundings::default());
        assert_eq!(shown(&thinned), expected, "{name}, in a coarser level");
    }
}
