//! Which rubrics of a run move together, which oppose each other, and which are always equal.

use gauntlet_api::Correlations;
use gauntlet_film::{Film, PathId, is_measurement};
use gauntlet_model::{FieldError, RunId};

use crate::Error;
use crate::films::Films;

/// Rubrics that are compared at most: the first ones of the tree that have a score.
const MAX_PATHS: usize = 24;
/// Nodes that are read at most, evenly distributed over the range.
const MAX_NODES: usize = 4096;
/// The fewest nodes with both scores of a pair that has a coefficient.
const LEAST_PAIRS: usize = 3;

/// The rank correlations of a run's rubrics over steps `from..=to`.
///
/// # Errors
///
/// [`Error::Invalid`] where `from` is above `to`; [`Error::NotFound`] where there is no such run.
pub async fn read(films: &Films, run: &RunId, from: u64, to: u64) -> Result<Correlations, Error> {
    if from > to {
        return Err(FieldError::new("from", format!("{from} is above `to`, {to}")).into());
    }
    films.look(run, move |film| of(film, from, to)).await
}

/// The correlations of a film.
fn of(film: &Film, from: u64, to: u64) -> Correlations {
    let (first, end) = (film.position_of(from), film.position_of(to.saturating_add(1)));
    let nodes = end.saturating_sub(first);
    let taken = nodes.min(MAX_NODES);
    let node = |k: usize| first + k * (nodes.max(1) - 1) / (taken.max(2) - 1);
    let column = |id: PathId| (0..taken).map(|k| film.score(node(k), id)).collect::<Vec<_>>();
    let mut scored = film
        .paths()
        .iter()
        .filter(|path| !is_measurement(&path.path))
        .filter(|path| (0..taken).any(|k| film.score(node(k), path.id).is_some()));
    let columns: Vec<(String, Vec<Option<f64>>)> =
        scored.by_ref().take(MAX_PATHS).map(|path| (path.path.clone(), column(path.id))).collect();
    let left_out = scored.count() as u64;
    Correlations {
        nodes: nodes as u64,
        read: taken as u64,
        left_out,
        most_common: columns.iter().map(|(_, values)| most_common(values)).collect(),
        coefficients: matrix(&columns),
        paths: columns.into_iter().map(|(path, _)| path).collect(),
    }
}

/// The coefficients of all pairs, a row for each column. The matrix is symmetric: each pair is computed once.
fn matrix(columns: &[(String, Vec<Option<f64>>)]) -> Vec<Vec<Option<f64>>> {
    let mut rows = vec![vec![None; columns.len()]; columns.len()];
    for (i, (_, a)) in columns.iter().enumerate() {
        for (j, (_, b)) in columns.iter().enumerate().skip(i) {
            let found = coefficient(a, b);
            rows[i][j] = found;
            rows[j][i] = found;
        }
    }
    rows
}

/// Spearman's coefficient of the nodes that have both scores: Pearson's of their ranks. It asks whether two
/// rubrics rise and fall together, not whether they do so in proportion, and one outlier does not decide it.
/// `None` for fewer than three such nodes, and where one of the rubrics never changes.
fn coefficient(a: &[Option<f64>], b: &[Option<f64>]) -> Option<f64> {
    let pairs = a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?)));
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
    if a.len() < LEAST_PAIRS {
        return None;
    }
    let (a, b) = (ranks(&a), ranks(&b));
    // Tied ranks are averaged, so the mean of all ranks is always the same.
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let size = (product(&a, &a) * product(&b, &b)).sqrt();
    (size > 0.0).then(|| (product(&a, &b) / size).clamp(-1.0, 1.0))
}

/// The rank of each value, from 1 on; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = below as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|index| ranks[*index] = rank);
        below += tied.len();
    }
    ranks
}

/// The share of the scores that are the most common one, above 0 and up to 1.
fn most_common(values: &[Option<f64>]) -> f64 {
    let mut values: Vec<f64> = values.iter().copied().flatten().collect();
    values.sort_unstable_by(f64::total_cmp);
    let longest = values.chunk_by(|a, b| a == b).map(<[f64]>::len).max().unwrap_or(0);
    longest as f64 / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use gauntlet_film::{Fact, FactBody};
    use gauntlet_model::{Scores, Timestamp};

    use super::*;

    /// Spearman's coefficient by its definition, every rank counted.
    fn naive(pairs: &[(f64, f64)]) -> f64 {
        let rank = |of: f64, all: &mut dyn Iterator<Item = f64>| {
            let (mut below, mut equal) = (0.0, 0.0);
            all.for_each(|value| {
                below += f64::from(u8::from(value < of));
                equal += f64::from(u8::from(value == of));
            });
            below + (equal + 1.0) / 2.0
        };
        let xs: Vec<f64> = pairs.iter().map(|(x, _)| rank(*x, &mut pairs.iter().map(|p| p.0))).collect();
        let ys: Vec<f64> = pairs.iter().map(|(_, y)| rank(*y, &mut pairs.iter().map(|p| p.1))).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (mx, my) = (mean(&xs), mean(&ys));
        let covariance: f64 = xs.iter().zip(&ys).map(|(x, y)| (x - mx) * (y - my)).sum();
        let spread =
            |values: &[f64], mean: f64| values.iter().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt();
        covariance / (spread(&xs, mx) * spread(&ys, my))
    }

    fn film(steps: &[Vec<(&str, f64)>]) -> Film {
        let mut film = Film::new();
        for (step, scores) in (0u64..).zip(steps) {
            let body = FactBody::Scored {
                scores: Scores::new(scores.iter().copied()).unwrap(),
                not_evaluated: Vec::new(),
                failures: Vec::new(),
                duration_ms: None,
                is_paused: false,
                challenge: None,
            };
            let at = Timestamp::from_micros(0);
            film.apply(&Fact { seq: step, at, episode: None, step: Some(step), body });
        }
        film
    }

    #[test]
    fn a_coefficient_is_that_of_its_definition() {
        let mut state = 7u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for round in 0..200 {
            let pairs: Vec<(f64, f64)> =
                (0..3 + round % 20).map(|_| (random(6) as f64, random(1000) as f64 - 500.0)).collect();
            let (a, b): (Vec<_>, Vec<_>) = pairs.iter().map(|(a, b)| (Some(*a), Some(*b))).unzip();
            let is_constant = pairs.iter().all(|pair| pair.0 == pairs[0].0);
            match coefficient(&a, &b) {
                None => assert!(is_constant, "{pairs:?}"),
                Some(found) => assert!((found - naive(&pairs)).abs() < 1e-9, "{found} for {pairs:?}"),
            }
        }
    }

    #[test]
    fn rubrics_that_oppose_or_never_change_are_seen_in_the_range() {
        let step = |i: u64| {
            let x = i as f64;
            vec![("root", x), ("length", x * x), ("quality", -x), ("format", 1.0), ("metrics.loss", x)]
        };
        let mut steps: Vec<_> = (0..40).map(step).collect();
        steps[39] = vec![("root", -1e9)];
        let found = of(&film(&steps), 0, 38);
        assert_eq!(found.paths, ["root", "length", "quality", "format"]);
        assert_eq!((found.nodes, found.read, found.left_out), (39, 39, 0));
        assert_eq!(found.coefficients[0], [Some(1.0), Some(1.0), Some(-1.0), None]);
        assert_eq!(found.most_common, [1.0 / 39.0, 1.0 / 39.0, 1.0 / 39.0, 1.0]);
        assert_eq!(of(&film(&steps), 0, 1).coefficients[0][1], None, "two nodes are too few");
        assert_eq!(of(&film(&[]), 0, 9).paths, Vec::<String>::new());
    }

    #[test]
    fn a_long_run_is_read_at_evenly_distributed_nodes_and_a_wide_tree_in_part() {
        let steps: Vec<_> = (0..10_000).map(|i| vec![("root", f64::from(i)), ("b", f64::from(-i))]).collect();
        let found = of(&film(&steps), 0, 9_999);
        assert_eq!((found.nodes, found.read), (10_000, 4_096));
        assert_eq!(found.coefficients[1][0], Some(-1.0));
        let names: Vec<String> = (0..30).map(|i| format!("r{i}")).collect();
        let wide: Vec<_> = (0..4).map(|_| names.iter().map(|name| (name.as_str(), 1.0)).collect()).collect();
        let found = of(&film(&wide), 0, 9);
        assert_eq!((found.paths.len(), found.left_out), (24, 6));
    }
}
