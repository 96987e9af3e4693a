//! Measurements of a step are beside its rollouts: they replace none, make none, and are read at each of
//! them.

use gauntlet_film::levels::thin;
use gauntlet_film::surroundings::Surroundings;
use gauntlet_film::{Fact, Measurement};
use gauntlet_model::{EpisodeId, FailureRule};
use proptest::prelude::*;

use crate::facts::{added, fact, film, log, scores};

fn rollout(seq: u64, step: u64, episode: &str, root: f64) -> Fact {
    Fact { episode: EpisodeId::new(episode).ok(), ..fact(seq, step, scores(&[("root", root)])) }
}

#[test]
fn metrics_after_the_rollouts_of_a_step_replace_none_of_them() {
    let film = film(&[
        rollout(0, 3, "a", 1.0),
        rollout(1, 3, "b", 5.0),
        fact(2, 3, added("metrics.loss", 0.25)),
        fact(3, 3, added("metrics.kl", 0.01)),
    ]);
    assert_eq!((film.len(), film.mean_root(), film.failing()), (2, Some(3.0), 0));
    let loss = film.find_path("metrics.loss").unwrap();
    assert_eq!([film.score(0, loss), film.score(1, loss)], [Some(0.25), Some(0.25)]);
    assert_eq!(film.measurements(loss, 0, 9, 100), [Measurement { step: 3, value: 0.25 }]);
    let names: Vec<_> = film.measured_paths().map(|path| path.path.as_str()).collect();
    assert_eq!(names, ["metrics.kl", "metrics.loss"], "later scores have no order of their of_episode");
}

#[test]
fn metrics_alone_are_curves_without_nodes() {
    let facts: Vec<Fact> =
        (0..100).map(|i| fact(i, i, added("metrics.loss", if i == 37 { 99.0 } else { 1.0 }))).collect();
    let film = film(&facts);
    assert!(film.is_empty());
    assert_eq!(film.last_measured_step(), Some(99));
    let loss = film.find_path("metrics.loss").unwrap();
    assert_eq!(film.measurements(loss, 0, u64::MAX, 1000).len(), 100);
    assert_eq!(film.measurements(loss, 10, 12, 1000).len(), 3);
    let thinned = film.measurements(loss, 0, u64::MAX, 10);
    assert!(thinned.len() <= 10 && thinned.contains(&Measurement { step: 37, value: 99.0 }), "{thinned:?}");
}

#[test]
fn the_later_value_of_a_step_counts_and_one_of_an_episode_comes_first() {
    let mut of_episode = rollout(1, 1, "a", 1.0);
    of_episode.body = scores(&[("root", 1.0), ("metrics.tokens", 7.0)]);
    let facts = [
        of_episode,
        rollout(2, 1, "b", 1.0),
        fact(3, 1, added("metrics.tokens", 100.0)),
        fact(4, 1, added("metrics.tokens", 120.0)),
    ];
    let forwards = film(&facts);
    let backwards = film(facts.iter().rev());
    assert_eq!(forwards, backwards);
    let tokens = forwards.find_path("metrics.tokens").unwrap();
    assert_eq!([forwards.score(0, tokens), forwards.score(1, tokens)], [Some(7.0), Some(120.0)]);
}

#[test]
fn coarser_levels_keep_the_spikes_of_a_curve() {
    let value = |step: u64| if step == 5_000 { 40.0 } else { 0.5 };
    let facts: Vec<Fact> = (0..20_000).map(|i| fact(i, i, added("metrics.loss", value(i)))).collect();
    let thinned = thin(&facts, FailureRule::Dipg, 2, &Surroundings::default());
    assert!(thinned.len() < facts.len() / 10, "{}", thinned.len());
    let film = film(&thinned);
    let loss = film.find_path("metrics.loss").unwrap();
    assert!(film.measurements(loss, 0, 20_000, 9_999).contains(&Measurement { step: 5_000, value: 40.0 }));
    assert_eq!((film.head(), film.last_measured_step()), (20_000, Some(19_999)));
}

proptest! {
    #[test]
    fn points_are_in_order_and_within_their_bounds(facts in log(80), points in 2usize..20) {
        let film = film(&facts);
        for path in film.measured_paths() {
            let all = film.measurements(path.id, 0, u64::MAX, usize::MAX);
            prop_assert!(all.windows(2).all(|pair| pair[0].step < pair[1].step));
            let few = film.measurements(path.id, 0, u64::MAX, points);
            prop_assert!(few.len() <= all.len() && few.iter().all(|point| all.contains(point)));
        }
    }
}
