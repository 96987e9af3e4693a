//! Histories by step: mean and range over rollouts, smoothing, and no extreme lost.

use gauntlet_film::{Chart, ChartOptions, Fact, Film, StepValues};
use gauntlet_model::EpisodeId;
use proptest::prelude::*;

use crate::facts::{added, fact, film, scores};

fn rollouts(steps: &[Vec<f64>]) -> Film {
    let mut facts: Vec<Fact> = Vec::new();
    for (step, values) in (0u64..).zip(steps) {
        for (number, value) in values.iter().enumerate() {
            let seq = facts.len() as u64;
            let episode = EpisodeId::new(format!("{step}-{number}")).ok();
            facts.push(Fact { episode, ..fact(seq, step, scores(&[("root", *value)])) });
        }
    }
    film(&facts)
}

const ALL: ChartOptions = ChartOptions { from: 0, to: u64::MAX, points: 1000, smoothing: 0.0 };

fn chart(film: &Film, path: &str, options: ChartOptions) -> Chart {
    film.chart(film.find_path(path).unwrap(), options)
}

#[test]
fn a_step_is_one_point_with_the_mean_and_range_of_its_rollouts() {
    let film = rollouts(&[vec![1.0, 5.0, 3.0], vec![], vec![-2.0]]);
    let chart = chart(&film, "root", ALL);
    let values = |v: StepValues| (v.step, v.low, v.mean, v.high, v.deviation, v.count);
    let points: Vec<_> = chart.points.iter().map(|p| values(p.values)).collect();
    assert_eq!(points, [(0, 1.0, 3.0, 5.0, 2.0, 3), (2, -2.0, -2.0, -2.0, 0.0, 1)]);
    assert_eq!(chart.steps, 2);
}

#[test]
fn a_measurement_of_the_step_is_drawn_once_whatever_the_number_of_rollouts() {
    let loss = |seq, step, value| fact(seq, step, added("metrics.loss", value));
    let film = film(&[
        fact(0, 0, scores(&[("root", 1.0)])),
        loss(1, 0, 0.5),
        loss(2, 3, 0.25),
        fact(3, 3, added("metrics.kl", 0.1)),
    ]);
    let chart = chart(&film, "metrics.loss", ALL);
    let points: Vec<_> = chart.points.iter().map(|p| (p.values.step, p.values.mean)).collect();
    assert_eq!(points, [(0, 0.5), (3, 0.25)]);
    let names: Vec<_> = film.valued_paths().map(|path| path.path.as_str()).collect();
    assert_eq!(names, ["root", "metrics.loss", "metrics.kl"], "the group `metrics` has no values");
}

#[test]
fn the_average_follows_the_distance_of_steps_and_does_not_depend_on_what_is_drawn() {
    let values: Vec<Vec<f64>> = (0..2000).map(|i| vec![f64::from(i % 7)]).collect();
    let film = rollouts(&values);
    let smooth = ChartOptions { smoothing: 0.9, ..ALL };
    let exact = chart(&film, "root", ChartOptions { points: 3000, ..smooth });
    let few = chart(&film, "root", ChartOptions { points: 40, from: 500, ..smooth });
    assert!(few.points.len() <= 40 && few.points[0].values.step >= 500);
    for point in &few.points {
        let same = &exact.points[point.values.step as usize];
        assert_eq!(same.smooth, point.smooth, "step {}", point.values.step);
    }
    let first = &exact.points[0];
    assert_eq!(first.smooth, first.values.mean, "it starts at the first value");
    let last = exact.points.last().unwrap();
    assert!((last.smooth - 3.0).abs() < 0.5, "{last:?}");
    let none = chart(&film, "root", ChartOptions { points: 3000, ..ALL });
    assert!(none.points.iter().all(|p| p.smooth == p.values.mean), "without smoothing it is the mean");
}

#[test]
fn a_gap_makes_the_past_count_less() {
    let film = film(&[
        fact(0, 0, scores(&[("root", 0.0)])),
        fact(1, 1, scores(&[("root", 1.0)])),
        fact(2, 100, scores(&[("root", 10.0)])),
    ]);
    let points = chart(&film, "root", ChartOptions { smoothing: 0.5, ..ALL }).points;
    assert!(points[1].smooth < 0.6, "steps that are close weigh about alike: {points:?}");
    // Without regard to distances it would be (0 / 4 + 1 / 2 + 10) / 1.75 = 6.
    assert!(points[2].smooth > 6.5, "after a long gap the new value counts most: {points:?}");
}

proptest! {
    #[test]
    fn no_extreme_is_lost_and_every_point_is_a_step(
        steps in prop::collection::vec(prop::collection::vec(-30.0..30.0f64, 0..4), 1..200),
        points in 4usize..60,
        (from, to) in (0u64..150, 0u64..250),
    ) {
        let film = rollouts(&steps);
        let Some(root) = film.find_path("root") else { return Ok(()) };
        let chart = film.chart(root, ChartOptions { from, to, points, smoothing: 0.5 });
        prop_assert!(chart.points.len() <= points);
        prop_assert!(chart.points.windows(2).all(|pair| pair[0].values.step < pair[1].values.step));
        let inside = steps.iter().take(to as usize + 1).skip(from as usize);
        let inside: Vec<_> = inside.filter(|values| !values.is_empty()).collect();
        prop_assert_eq!(chart.steps as usize, inside.len());
        for point in &chart.points {
            let values = &steps[point.values.step as usize];
            prop_assert_eq!(point.values.count as usize, values.len());
            prop_assert!(values.contains(&point.values.low) && values.contains(&point.values.high));
            prop_assert!((point.values.low..=point.values.high).contains(&point.values.mean));
        }
        let lowest = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        let drawn = (
            lowest(&mut chart.points.iter().map(|p| p.values.low)),
            lowest(&mut chart.points.iter().map(|p| -p.values.high)),
        );
        let all = (
            lowest(&mut inside.iter().copied().flatten().copied()),
            lowest(&mut inside.iter().copied().flatten().map(|value| -value)),
        );
        prop_assert_eq!(drawn, all);
    }
}
