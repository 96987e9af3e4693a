//! Digests that are updated while a film grows equal those that read every node, for less work.

use gauntlet_film::{BLOCK, Digest, Digests, FailuresOf, Film};
use gauntlet_model::FailureRules;
use proptest::prelude::*;

use crate::facts::{PATHS, added, fact, log, scores};

fn check(film: &Film, kept: &Digests, path: &str, failures: FailuresOf) {
    let id = film.find_path(path);
    let ends = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, film.len() / 2, film.len()];
    for from in ends {
        for to in ends {
            let read = Digest::of(film, id, failures, from..to);
            let joined = kept.between(film, from..to);
            assert!((read.sum - joined.sum).abs() <= 1e-9 * read.sum.abs().max(1.0), "{read:?} {joined:?}");
            assert_eq!(Digest { sum: 0.0, ..read }, Digest { sum: 0.0, ..joined }, "{from}..{to}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_kept_is_what_would_be_read(
        facts in log(400),
        path in prop::sample::select(PATHS.to_vec()),
        batch in 1usize..60,
        by_path in any::<bool>(),
    ) {
        let failures = if by_path { FailuresOf::Path } else { FailuresOf::Node };
        let mut film = Film::new();
        let mut kept = Digests::default();
        for (number, batch) in facts.chunks(batch).enumerate() {
            batch.iter().for_each(|fact| film.apply(fact));
            if number == 3 {
                film.set_rules(FailureRules::RootBelow(4.0));
            }
            kept.update(&film, film.find_path(path), failures);
            check(&film, &kept, path, failures);
        }
    }
}

#[test]
fn a_long_film_that_grows_costs_its_last_block() {
    let mut film = Film::new();
    let mut kept = Digests::default();
    let step = |film: &mut Film, step: u64| film.apply(&fact(step, step, scores(&[("root", step as f64)])));
    (0..10_000).for_each(|i| step(&mut film, i));
    kept.update(&film, film.find_path("root"), FailuresOf::Node);
    let before = kept.computed();
    for i in 10_000..10_100 {
        step(&mut film, i);
        kept.update(&film, film.find_path("root"), FailuresOf::Node);
    }
    assert!(kept.computed() - before <= 101, "{} blocks for a hundred steps", kept.computed() - before);
    // A later score in the past costs its block.
    film.apply(&fact(20_000, 77, added("root", -1.0)));
    kept.update(&film, film.find_path("root"), FailuresOf::Node);
    assert_eq!(kept.between(&film, 64..128).extremes.map(|[low, _]| low), Some((77, -1.0)));
    check(&film, &kept, "root", FailuresOf::Node);
}

#[test]
fn another_film_in_its_place_is_read_anew() {
    let of = |root: f64| {
        let mut film = Film::new();
        film.apply(&fact(0, 0, scores(&[("root", root)])));
        film
    };
    let (old, mut new) = (of(1.0), of(2.0));
    let mut kept = Digests::default();
    kept.update(&old, old.find_path("root"), FailuresOf::Node);
    new.supersede(&old);
    assert!(new.revision() > old.revision());
    kept.update(&new, new.find_path("root"), FailuresOf::Node);
    assert_eq!(kept.between(&new, 0..1).mean(), Some(2.0));
    assert_eq!(new, of(2.0), "what a film answers is the same");
}

#[test]
fn most_scores_are_within_the_robust_range_and_few_outliers_do_not_move_it() {
    let film = |roots: &[f64]| {
        let mut film = Film::new();
        (0u64..).zip(roots).for_each(|(i, root)| film.apply(&fact(i, i, scores(&[("root", *root)]))));
        film
    };
    let range = |film: &Film| film.robust_range(film.main_path().unwrap());
    assert_eq!(Film::new().main_path(), None);
    assert_eq!(range(&film(&[0.25])), Some((0.25, 0.25)));
    assert_eq!(range(&film(&[0.25, 1.0, 0.0])), Some((0.0, 1.0)), "a short run keeps its extremes");
    let mut roots: Vec<f64> = (0..20_000).map(|i| f64::from(i % 101) / 100.0).collect();
    roots[7_000] = -1e6;
    roots[19_000] = 1e300;
    let (low, high) = range(&film(&roots)).unwrap();
    assert!((0.0..0.06).contains(&low) && (0.94..=1.0).contains(&high), "{low} {high}");
}

#[test]
fn a_film_without_a_root_is_drawn_by_its_first_score() {
    let main = |what: &[gauntlet_film::FactBody]| {
        let mut film = Film::new();
        (0u64..).zip(what).for_each(|(i, what)| film.apply(&fact(i, i, what.clone())));
        film.main_path().and_then(|id| film.path_of(id)).map(|path| path.path.clone())
    };
    assert_eq!(main(&[scores(&[("a.b", 1.0), ("root", 2.0)])]).as_deref(), Some("root"));
    assert_eq!(main(&[scores(&[("a.b", 1.0)])]).as_deref(), Some("a.b"), "a group has no score");
    let metrics = scores(&[("metrics.loss", 1.0), ("x", 3.0)]);
    assert_eq!(main(&[metrics]).as_deref(), Some("x"));
    assert_eq!(main(&[scores(&[]), added("metrics.loss", 1.0)]).as_deref(), Some("metrics.loss"));
}
