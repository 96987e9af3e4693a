//! A history as few points keeps its extremes.

use gauntlet_film::Film;
use proptest::prelude::*;

use crate::facts::{fact, film, scores};

fn history(values: &[Option<f64>]) -> Film {
    let facts: Vec<_> = (0u64..)
        .zip(values)
        .map(|(step, value)| match value {
            Some(value) => fact(step, step * 2, scores(&[("root", *value)])),
            None => fact(step, step * 2, scores(&[("other", 1.0)])),
        })
        .collect();
    film(&facts)
}

proptest! {
    #[test]
    fn no_extreme_is_lost_and_no_point_invented(
        values in prop::collection::vec(prop::option::weighted(0.9, -30.0..30.0f64), 1..700),
        points in 2usize..60,
        (from, to) in (0usize..800, 0usize..800),
    ) {
        let film = history(&values);
        let Some(root) = film.find_path("root") else { return Ok(()) };
        let series = film.series(root, from, to, points);
        let inside: Vec<f64> = values.iter().take(to).skip(from).flatten().copied().collect();
        prop_assert!(series.len() <= points.max(2));
        prop_assert!(series.windows(2).all(|pair| pair[0].index < pair[1].index));
        for point in &series {
            prop_assert_eq!(values[point.index as usize], Some(point.value));
            prop_assert_eq!(point.step, point.index * 2);
            prop_assert_eq!(point.failed, point.value < 0.0);
        }
        let ends = |values: &[f64]| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            (low, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
        };
        prop_assert_eq!(ends(&series.iter().map(|p| p.value).collect::<Vec<_>>()), ends(&inside));
        if inside.len() <= points {
            prop_assert_eq!(series.len(), inside.len(), "what fits is not thinned");
        }
    }
}

#[test]
fn a_single_spike_in_a_long_run_stays() {
    let mut values = vec![Some(1.0); 10_000];
    values[6_543] = Some(-100.0);
    let film = history(&values);
    let root = film.find_path("root").unwrap();
    let series = film.series(root, 0, usize::MAX, 100);
    assert!(series.len() <= 100);
    let spike = series.iter().find(|p| p.failed).unwrap();
    assert_eq!((spike.index, spike.step, spike.value), (6_543, 13_086, -100.0));
}

#[test]
fn an_empty_range_or_a_limit_of_0_has_no_points() {
    let film = history(&[Some(1.0), Some(2.0)]);
    let root = film.find_path("root").unwrap();
    assert!(film.series(root, 0, 2, 0).is_empty());
    assert!(film.series(root, 2, 1, 10).is_empty());
    assert!(film.series(root, 5, 9, 10).is_empty());
    assert!(Film::new().series(root, 0, 9, 10).is_empty());
}
