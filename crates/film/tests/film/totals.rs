//! What the scores of a path come to is the same whether it is followed or read again; and the pictures of a
//! path's scores that read few nodes.

use gauntlet_film::{Film, PathId, PathTotals};
use gauntlet_model::{FailureKind, FailureRules};
use proptest::prelude::*;

use crate::facts::{PATHS, added, fact, film, log, scores};

/// The totals, by reading every node.
fn read(film: &Film, path: PathId) -> PathTotals {
    let is_measured = film.measured_paths().any(|known| known.id == path);
    let measured: Vec<_> = film.values_by_step(path).filter(|_| is_measured).collect();
    let nodes = || (0..film.len()).filter_map(|i| Some((i, film.score(i, path)?)));
    let values: Vec<(usize, f64)> = match measured.is_empty() {
        true => nodes().collect(),
        false => measured.iter().map(|values| (film.position_of(values.step), values.mean)).collect(),
    };
    let failing: Vec<usize> = match measured.is_empty() {
        true => nodes().map(|(i, _)| i).filter(|i| film.path_failure(*i, path).is_some()).collect(),
        false => Vec::new(),
    };
    let first = |is_better: fn(f64, f64) -> bool| {
        values.iter().copied().reduce(|best, next| if is_better(next.1, best.1) { next } else { best })
    };
    PathTotals {
        values: values.len(),
        extremes: first(|a, b| a < b).zip(first(|a, b| a > b)).map(|(low, high)| [low, high]),
        failing: failing.len(),
        failing_ends: failing.first().zip(failing.last()).map(|(first, last)| [*first, *last]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn totals_that_follow_the_facts_are_those_of_every_node(facts in log(300), batch in 1usize..40) {
        let mut followed = Film::new();
        for (number, batch) in facts.chunks(batch).enumerate() {
            batch.iter().for_each(|fact| followed.apply(fact));
            if number == 3 {
                followed.set_rules(FailureRules::RootBelow(4.0));
            }
            for path in followed.paths().iter().map(|path| path.id) {
                prop_assert_eq!(followed.totals(path), read(&followed, path));
            }
            for kind in FailureKind::ALL {
                let failing = (0..followed.len()).filter(|i| followed.failure(*i) == Some(kind)).count();
                prop_assert_eq!(followed.failing_as(kind), failing);
            }
        }
        // In another order, and asked at the end.
        let mut again = Film::with_rules(FailureRules::RootBelow(4.0));
        facts.iter().rev().for_each(|fact| again.apply(fact));
        followed.set_rules(FailureRules::RootBelow(4.0));
        for path in PATHS {
            let (Some(a), Some(b)) = (followed.find_path(path), again.find_path(path)) else { continue };
            prop_assert_eq!(followed.totals(a), again.totals(b));
        }
    }

    #[test]
    fn a_distribution_counts_every_score_where_it_is(
        values in prop::collection::vec(-5.0f64..5.0, 1..200),
        bins in 1usize..12,
    ) {
        let film = roots(&values);
        let path = film.find_path("root").unwrap();
        let (from, to) = (values.len() / 4, values.len());
        let found = film.distribution(path, from, to, bins).unwrap();
        let part = |value: f64| {
            let share = (value - found.low) / (found.high - found.low);
            if share.is_nan() { 0 } else { ((share * bins as f64) as usize).min(bins - 1) }
        };
        let mut expected = vec![[0; 2]; bins];
        for i in from..to {
            let fails = usize::from(film.path_failure(i, path).is_some());
            expected[part(values[i])][fails] += 1;
        }
        prop_assert_eq!(&found.parts, &expected);
        prop_assert_eq!((found.scores, found.is_sample), (to - from, false));
    }
}

fn roots(values: &[f64]) -> Film {
    let facts: Vec<_> = (0u64..).zip(values).map(|(i, v)| fact(i, i, scores(&[("root", *v)]))).collect();
    film(&facts)
}

#[test]
fn a_distribution_of_many_nodes_is_that_of_a_sample() {
    let values: Vec<f64> = (0..50_000).map(|i| f64::from(i % 100)).collect();
    let film = roots(&values);
    let path = film.find_path("root").unwrap();
    let found = film.distribution(path, 0, film.len(), 10).unwrap();
    assert!(found.is_sample && found.scores == 4096);
    assert_eq!(found.parts.iter().flatten().sum::<u32>(), 4096);
    assert!(found.parts.iter().all(|[passed, _]| (300..520).contains(passed)), "{:?}", found.parts);
    assert_eq!(film.distribution(path, 10, 10, 4), None, "no node");
    assert_eq!(film.distribution(path, 60_000, 5, 4), None, "no such range");
}

#[test]
fn an_outline_reads_few_nodes_and_loses_no_extreme() {
    let mut values: Vec<f64> = (0..10_000).map(|i| f64::from(i % 7)).collect();
    values[6_001] = -80.0;
    values[3_333] = 90.0;
    let mut film = roots(&values);
    let path = film.find_path("root").unwrap();
    let before = film.outline(path, 64);
    let at = |i: u64| before.iter().find(|point| point.index == i).map(|point| point.value);
    assert!(before.len() <= 67, "{} points", before.len());
    assert_eq!((at(6_001), at(3_333), at(9_999)), (Some(-80.0), Some(90.0), Some(values[9_999])));
    // A run that grows leaves its points in place; only the last one is another.
    film.apply(&fact(10_000, 10_000, scores(&[("root", 3.0)])));
    let after = film.outline(path, 64);
    assert_eq!(after[..after.len() - 1], before[..before.len() - 1]);
}

#[test]
fn an_outline_shows_a_path_that_one_node_of_each_group_has() {
    let mut film = Film::default();
    for i in 0..8_000 {
        let all = [("root", 1.0), ("judge", (i / 8) as f64)];
        film.apply(&fact(i, i, scores(&all[..if i % 8 == 7 { 2 } else { 1 }])));
    }
    let outline = film.outline(film.find_path("judge").unwrap(), 64);
    assert!((60..=67).contains(&outline.len()), "{} points", outline.len());
    assert!(outline.iter().all(|point| point.index % 8 == 7 && point.value == (point.index / 8) as f64));
}

#[test]
fn the_cause_of_a_failure_is_the_deepest_path_that_fails_so() {
    let of = |rules, all: &[(&str, f64)]| {
        let mut film = Film::with_rules(rules);
        film.apply(&fact(0, 0, scores(all)));
        film.cause(0).and_then(|id| film.path_of(id)).map(|path| path.path.clone())
    };
    let all = [("root", -4.0), ("a", -1.0), ("a.b", -2.0), ("c.d", -3.0), ("e", 1.0)];
    assert_eq!(of(FailureRules::Dipg, &all).as_deref(), Some("a.b"));
    assert_eq!(of(FailureRules::Auto, &all).as_deref(), Some("root"), "only the root makes the node failing");
    assert_eq!(of(FailureRules::Dipg, &[("root", -4.0)]).as_deref(), Some("root"));
    assert_eq!(of(FailureRules::Dipg, &[("root", 4.0)]), None);
}

#[test]
fn a_later_score_in_the_past_changes_the_totals() {
    let mut film = roots(&[1.0, -2.0, 3.0, -4.0]);
    let path = film.find_path("root").unwrap();
    assert_eq!(film.totals(path).failing_ends, Some([1, 3]));
    film.apply(&fact(9, 3, added("root", 8.0)));
    let totals = film.totals(path);
    assert_eq!((totals.failing, totals.failing_ends), (1, Some([1, 1])));
    assert_eq!(totals.extremes, Some([(1, -2.0), (3, 8.0)]));
}
