//! No order, batch or repetition of facts shows in a film, and a film says what its facts say.

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_film::{Fact, Film, What};
use gauntlet_model::{EpisodeId, FailureKind};
use proptest::prelude::*;

use crate::facts::{film, log};

/// What a node must say, worked out the slow and obvious way.
#[derive(Debug, PartialEq)]
struct Plain {
    step: u64,
    episode: Option<EpisodeId>,
    seq: u64,
    scores: BTreeMap<String, f64>,
    failure: Option<FailureKind>,
}

/// A measurement of a whole step: its path and value.
fn measured(fact: &Fact) -> Option<(&str, f64)> {
    match &fact.what {
        What::Added { path, value } if fact.episode.is_none() && path.starts_with("metrics.") => {
            Some((path, value.get()))
        }
        _ => None,
    }
}

fn plainly(facts: &[Fact], film: &Film) -> Vec<Plain> {
    let key = |fact: &Fact| Some((fact.step?, fact.episode.clone()));
    let mut snapshots: BTreeMap<_, Vec<&Fact>> = BTreeMap::new();
    for fact in facts.iter().filter(|f| matches!(f.what, What::Scored { .. })) {
        key(fact).into_iter().for_each(|key| snapshots.entry(key).or_default().push(fact));
    }
    let plain = |((step, episode), snapshots): ((u64, Option<EpisodeId>), Vec<&Fact>)| {
        let scored = snapshots[snapshots.len() - 1];
        let counts = |later: &&Fact| later.seq > scored.seq || snapshots.len() == 1;
        let What::Scored { scores, failures, .. } = &scored.what else { unreachable!() };
        let mut scores: BTreeMap<String, f64> = scores.iter().map(|(p, v)| (p.to_owned(), v)).collect();
        let of_node = |fact: &&Fact| key(fact) == key(scored) && measured(fact).is_none();
        for later in facts.iter().filter(counts).filter(of_node) {
            if let What::Added { path, value } = &later.what {
                scores.insert(path.clone(), value.get());
            }
        }
        let of_step: BTreeMap<&str, f64> =
            facts.iter().filter(|f| f.step == Some(step)).filter_map(measured).collect();
        for (path, value) in of_step {
            scores.entry(path.to_owned()).or_insert(value);
        }
        let judged = scores.iter().filter_map(|(path, value)| film.rules().judge(path, *value));
        let failure = judged.chain(failures.iter().copied()).min();
        Plain { step, episode, seq: scored.seq, scores, failure }
    };
    snapshots.into_iter().map(plain).collect()
}

fn as_shown(film: &Film) -> Vec<Plain> {
    let shown = |i| {
        let node = film.node(i).unwrap();
        let scores = film.paths().iter().filter_map(|p| Some((p.path.clone(), film.score(i, p.id)?)));
        let (step, episode) = (node.step, node.episode.cloned());
        Plain { step, episode, seq: node.seq, scores: scores.collect(), failure: node.failure }
    };
    (0..film.len()).map(shown).collect()
}

proptest! {
    #[test]
    fn a_film_says_what_its_facts_say(facts in log(60)) {
        let film = film(&facts);
        let plain = plainly(&facts, &film);
        prop_assert_eq!(&as_shown(&film), &plain);
        prop_assert_eq!(film.head(), facts.len() as u64);
        prop_assert_eq!(film.failing(), plain.iter().filter(|n| n.failure.is_some()).count());
        let episodes: BTreeSet<_> = facts.iter().filter_map(|f| f.episode.as_ref()).collect();
        prop_assert_eq!(film.episodes(), episodes.len() as u64);
        let roots: Vec<f64> = plain.iter().filter_map(|n| n.scores.get("root").copied()).collect();
        prop_assert_eq!(film.mean_root().is_some(), !roots.is_empty());
        for i in 0..=film.len() {
            let failing = |i: &usize| plain[*i].failure.is_some();
            prop_assert_eq!(film.next_failure(i.checked_sub(1)), (i..film.len()).find(failing));
            prop_assert_eq!(film.previous_failure(i), (0..i).rev().find(failing));
            for path in film.paths() {
                let fails = |i: &usize| film.failed_paths(*i).contains(&path.id);
                prop_assert_eq!(film.next_failure_of(i.checked_sub(1), path.id), (i..film.len()).find(fails));
            }
        }
    }

    #[test]
    fn order_batches_and_repetition_leave_no_trace(
        (facts, mixed) in log(60).prop_flat_map(|facts| {
            let twice: Vec<usize> = (0..facts.len()).chain((0..facts.len()).step_by(3)).collect();
            (Just(facts), Just(twice).prop_shuffle())
        }),
    ) {
        let straight = film(&facts);
        let crooked = film(mixed.iter().map(|i| &facts[*i]));
        prop_assert_eq!(&straight, &crooked);
        prop_assert_eq!(straight.mean_root().map(f64::to_bits), crooked.mean_root().map(f64::to_bits));
        let paths = |film: &Film| film.paths().iter().map(|p| (p.path.clone(), p.depth)).collect::<Vec<_>>();
        prop_assert_eq!(paths(&straight), paths(&crooked));
        prop_assert_eq!(
            straight.pending_challenge().map(|(i, asked)| (i, asked.clone())),
            crooked.pending_challenge().map(|(i, asked)| (i, asked.clone()))
        );

        let mut again = straight.clone();
        facts.iter().for_each(|fact| again.apply(fact));
        prop_assert_eq!(again.revision(), straight.revision(), "what is known changes nothing");
    }

    #[test]
    fn the_tree_is_a_tree(facts in log(40)) {
        let film = film(&facts);
        let mut seen = BTreeSet::new();
        for path in film.paths() {
            let parent = path.parent.and_then(|id| film.path_of(id));
            match parent {
                Some(parent) => {
                    prop_assert_eq!(&path.path, &format!("{}.{}", parent.path, path.name));
                    prop_assert!(seen.contains(&parent.id), "parents stand above their children");
                    prop_assert_eq!(path.depth, parent.depth + 1);
                }
                None => prop_assert_eq!((&path.path, path.depth), (&path.name, 0)),
            }
            prop_assert!(seen.insert(path.id));
            prop_assert_eq!(film.find_path(&path.path), Some(path.id));
        }
        let root = film.paths().iter().position(|p| p.path == "root");
        prop_assert!(root.is_none_or(|at| at == 0));
    }

    #[test]
    fn other_rules_judge_what_is_there_as_if_they_had_always_been(facts in log(40)) {
        let rules: gauntlet_film::Rules =
            serde_json::from_str(r#"[{"path":"root","when":{"below":1.0},"failure":"refusal"}]"#).unwrap();
        let mut before = Film::with_rules(rules.clone());
        facts.iter().for_each(|fact| before.apply(fact));
        let mut after = film(&facts);
        after.set_rules(rules);
        prop_assert_eq!(before, after);
    }
}
