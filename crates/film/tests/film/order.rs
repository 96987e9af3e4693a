//! The order, batching and repetition of facts make no difference to a film, and it agrees with a simple,
//! slow fold.

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_film::{Fact, FactBody, Film, Rules};
use gauntlet_model::{EpisodeId, FailureKind, FailureRule, FailureRules, Status};
use proptest::prelude::*;

use crate::facts::{film, judged, log};

/// The expected node, computed the slow and obvious way.
#[derive(Debug, PartialEq)]
struct Plain {
    step: u64,
    episode: Option<EpisodeId>,
    seq: u64,
    scores: BTreeMap<String, f64>,
    failure: Option<FailureKind>,
}

/// A measurement of a full step: its path and value.
fn measured(fact: &Fact) -> Option<(&str, f64)> {
    match &fact.body {
        FactBody::Added { path, value } if fact.episode.is_none() && path.starts_with("metrics.") => {
            Some((path, value.get()))
        }
        _ => None,
    }
}

/// The rule in force, from everything the facts ever showed.
fn rule_of(facts: &[Fact], asked: FailureRules) -> FailureRule {
    let mut paths: Vec<&str> = Vec::new();
    let mut roots: Vec<f64> = Vec::new();
    for fact in facts.iter().filter(|fact| fact.step.is_some() && measured(fact).is_none()) {
        match &fact.body {
            FactBody::Scored { scores, not_evaluated, .. } => {
                paths.extend(scores.iter().map(|(path, _)| path));
                paths.extend(not_evaluated.iter().map(String::as_str));
                roots.extend(scores.root());
            }
            FactBody::Added { path, value } => {
                paths.push(path);
                roots.extend((path == "root").then_some(value.get()));
            }
            _ => {}
        }
    }
    let named = |name: &&str| paths.iter().any(|path| path == name || path.ends_with(&format!(".{name}")));
    match asked {
        FailureRules::Dipg => FailureRule::Dipg,
        FailureRules::RootBelow(limit) => FailureRule::RootBelow(limit),
        FailureRules::Auto if ["format", "grounding", "inconsistency", "refusal"].iter().all(named) => {
            FailureRule::Dipg
        }
        FailureRules::Auto if roots.iter().all(|root| (0.0..=1.0).contains(root)) => {
            FailureRule::RootBelow(0.5)
        }
        FailureRules::Auto => FailureRule::RootBelow(0.0),
    }
}

fn plainly(facts: &[Fact], asked: FailureRules) -> Vec<Plain> {
    let rule = rule_of(facts, asked);
    let key = |fact: &Fact| Some((fact.step?, fact.episode.clone()));
    let mut snapshots: BTreeMap<_, Vec<&Fact>> = BTreeMap::new();
    for fact in facts.iter().filter(|f| matches!(f.body, FactBody::Scored { .. })) {
        key(fact).into_iter().for_each(|key| snapshots.entry(key).or_default().push(fact));
    }
    let plain = |((step, episode), snapshots): ((u64, Option<EpisodeId>), Vec<&Fact>)| {
        let scored = snapshots[snapshots.len() - 1];
        let counts = |later: &&Fact| later.seq > scored.seq || snapshots.len() == 1;
        let FactBody::Scored { scores, failures, .. } = &scored.body else { unreachable!() };
        let mut scores: BTreeMap<String, f64> = scores.iter().map(|(p, v)| (p.to_owned(), v)).collect();
        let of_node = |fact: &&Fact| key(fact) == key(scored) && measured(fact).is_none();
        for later in facts.iter().filter(counts).filter(of_node) {
            if let FactBody::Added { path, value } = &later.body {
                scores.insert(path.clone(), value.get());
            }
        }
        let of_step: BTreeMap<&str, f64> =
            facts.iter().filter(|f| f.step == Some(step)).filter_map(measured).collect();
        for (path, value) in of_step {
            scores.entry(path.to_owned()).or_insert(value);
        }
        let judged: Vec<FailureKind> = match rule {
            FailureRule::Dipg => {
                scores.iter().filter_map(|(path, value)| Rules::default().judge(path, *value)).collect()
            }
            FailureRule::RootBelow(limit) => scores
                .get("root")
                .filter(|root| **root < limit)
                .map(|_| FailureKind::Generic)
                .into_iter()
                .collect(),
        };
        let failure = judged.into_iter().chain(failures.iter().copied()).min();
        Plain { step, episode, seq: scored.seq, scores, failure }
    };
    let mut nodes: Vec<Plain> = snapshots.into_iter().map(plain).collect();
    let mut ends: BTreeMap<&EpisodeId, bool> = BTreeMap::new();
    for fact in facts {
        if let (FactBody::EpisodeFinished { status, .. }, Some(episode)) = (&fact.body, &fact.episode) {
            ends.insert(episode, matches!(status, Status::Failed | Status::TimedOut));
        }
    }
    for (episode, _) in ends.into_iter().filter(|(_, has_failed)| *has_failed) {
        if let Some(last) = nodes.iter_mut().rfind(|node| node.episode.as_ref() == Some(episode)) {
            last.failure.get_or_insert(FailureKind::Generic);
        }
    }
    nodes
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

fn asked() -> impl Strategy<Value = FailureRules> {
    prop_oneof![
        3 => Just(FailureRules::Auto),
        1 => Just(FailureRules::Dipg),
        1 => Just(FailureRules::RootBelow(0.3)),
    ]
}

proptest! {
    #[test]
    fn a_film_agrees_with_a_slow_fold_of_its_facts(facts in log(60), asked in asked()) {
        let film = judged(asked, &facts);
        let plain = plainly(&facts, asked);
        prop_assert_eq!(film.rule(), rule_of(&facts, asked));
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
        let straight = judged(FailureRules::Auto, &facts);
        let crooked = judged(FailureRules::Auto, mixed.iter().map(|i| &facts[*i]));
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
    fn other_rules_judge_what_is_there_as_if_they_had_always_been(
        facts in log(40), first in asked(), then in asked(),
    ) {
        let before = judged(then, &facts);
        let mut after = judged(first, &facts);
        after.set_rules(then);
        prop_assert_eq!(before, after);
    }

    #[test]
    fn a_part_of_a_film_is_judged_as_the_full_film_where_it_is_given_the_rule(
        facts in log(40), from in 0usize..40,
    ) {
        let full = judged(FailureRules::Auto, &facts);
        let mut part = Film::with_rules(FailureRules::Auto);
        part.assume(full.rule());
        facts.iter().skip(from).for_each(|fact| part.apply(fact));
        prop_assert_eq!(part.rule(), full.rule());
    }
}
