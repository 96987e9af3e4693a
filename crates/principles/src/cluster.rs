//! Groups of points: by density (DBSCAN) and around medoids (k-medoids). Both are deterministic: ties go to
//! the point that comes first.

use dbscan::{Classification, Model};

/// How the distance of two points is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The length of the difference.
    Euclidean,
    /// One less the cosine of the angle: 0 for the same direction, 2 for the opposite one.
    Cosine,
}

/// The cosine of the angle between two vectors, -1 to 1; 0 where one of them is zero.
pub fn cosine_similarity(one: &[f64], other: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let lengths = (product(one, one) * product(other, other)).sqrt();
    if lengths > 0.0 { (product(one, other) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
}

fn cosine_distance(one: &[f64], other: &[f64]) -> f64 {
    1.0 - cosine_similarity(one, other)
}

/// The cluster of each point by DBSCAN, numbered from 0 in the order of their first core points; `None` is
/// noise. Points within `eps` of each other are neighbours, and a point with at least `least` of them, itself
/// included, is a core point.
pub fn by_density(points: &Vec<Vec<f64>>, metric: Metric, eps: f64, least: usize) -> Vec<Option<usize>> {
    let distance = match metric {
        Metric::Euclidean => dbscan::euclidean_distance::<f64>,
        Metric::Cosine => cosine_distance,
    };
    // The library takes those that are nearer than the bound, DBSCAN also those that are exactly as far.
    let model = Model::new(eps.next_up(), least).set_distance_fn::<()>(distance);
    let cluster_of = |found| match found {
        Classification::Core(cluster) | Classification::Edge(cluster) => Some(cluster),
        Classification::Noise => None,
    };
    model.run(points).into_iter().map(cluster_of).collect()
}

/// The points with each coordinate z-scored: its mean taken off, then divided by its standard deviation. A
/// coordinate without spread is divided by 1.
pub fn standardized(points: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let count = points.len() as f64;
    let dimensions = points.first().map_or(0, Vec::len);
    let column = |at: usize| points.iter().map(move |point| point[at]);
    let scales: Vec<(f64, f64)> = (0..dimensions)
        .map(|at| {
            let mean = column(at).sum::<f64>() / count;
            let variance = column(at).map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            // What rounding alone makes of equal values is not a spread.
            let noise = count * f64::EPSILON * variance + (count * mean * f64::EPSILON).powi(2);
            (mean, if variance <= noise { 1.0 } else { variance.sqrt() })
        })
        .collect();
    let scaled = |point: &Vec<f64>| {
        point.iter().zip(&scales).map(|(value, (mean, deviation))| (value - mean) / deviation).collect()
    };
    points.iter().map(scaled).collect()
}

/// Points around the point that is nearest to all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medoids {
    /// The points that the clusters are around, in the order in which they were chosen.
    pub medoids: Vec<usize>,
    /// The cluster of each point: a position in `medoids`.
    pub labels: Vec<usize>,
}

/// At most this many times all points are assigned again.
const MAX_PASSES: usize = 50;

/// Divides `count` points into at most `clusters` groups around medoids, by their distances alone. The first
/// medoids are those that lower the sum of the distances most, one after the other; then medoids and
/// assignments are improved in turn until nothing changes.
pub fn around_medoids(
    count: usize,
    clusters: usize,
    distance: impl Fn(usize, usize) -> f64 + Copy,
) -> Medoids {
    let mut medoids: Vec<usize> = Vec::new();
    let mut nearest = vec![f64::INFINITY; count];
    while medoids.len() < clusters.min(count) {
        let gain = |candidate: usize| -> f64 {
            (0..count).map(|point| nearest[point].min(distance(candidate, point))).sum()
        };
        let fresh = (0..count).filter(|point| !medoids.contains(point));
        let Some(best) = least_by(fresh, gain) else { break };
        medoids.push(best);
        for (point, near) in nearest.iter_mut().enumerate() {
            *near = near.min(distance(best, point));
        }
    }
    let mut labels = assign(count, &medoids, distance);
    for _ in 0..MAX_PASSES {
        let improved: Vec<usize> = (0..medoids.len())
            .map(|cluster| {
                let members: Vec<usize> = (0..count).filter(|point| labels[*point] == cluster).collect();
                let sum = |candidate: usize| members.iter().map(|p| distance(candidate, *p)).sum();
                least_by(members.iter().copied(), sum).unwrap_or(medoids[cluster])
            })
            .collect();
        if improved == medoids {
            break;
        }
        medoids = improved;
        labels = assign(count, &medoids, distance);
    }
    Medoids { medoids, labels }
}

/// The nearest medoid of each point.
fn assign(count: usize, medoids: &[usize], distance: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let nearest = |point: usize| {
        // A medoid belongs to itself, even where another one is just as near.
        let itself = medoids.iter().position(|medoid| *medoid == point);
        itself.or_else(|| least_by(0..medoids.len(), |m| distance(medoids[m], point))).unwrap_or_default()
    };
    (0..count).map(nearest).collect()
}

/// The first of the items with the least value.
fn least_by(items: impl Iterator<Item = usize>, value: impl Fn(usize) -> f64) -> Option<usize> {
    let valued = items.map(|item| (item, value(item)));
    valued.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(item, _)| item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_groups_have_a_medoid_each() {
        let at = [0.0_f64, 1.0, 2.0, 10.0, 11.0, 12.0];
        let found = around_medoids(at.len(), 2, |a, b| (at[a] - at[b]).abs());
        assert_eq!(found.labels[..3], [found.labels[0]; 3]);
        assert_eq!(found.labels[3..], [found.labels[3]; 3]);
        let mut medoids = found.medoids;
        medoids.sort_unstable();
        assert_eq!(medoids, [1, 4]);
    }

    #[test]
    fn there_are_no_more_groups_than_points() {
        let none = around_medoids(0, 3, |_, _| 0.0);
        assert!(none.medoids.is_empty() && none.labels.is_empty());
        let equal = around_medoids(2, 5, |_, _| 0.0);
        assert_eq!(equal.medoids.len(), 2);
        assert_eq!(equal.labels, [0, 1]);
    }

    #[test]
    fn a_point_exactly_as_far_as_the_bound_is_a_neighbour() {
        let points = vec![vec![0.0], vec![0.5], vec![1.0]];
        assert_eq!(by_density(&points, Metric::Euclidean, 0.5, 2), [Some(0), Some(0), Some(0)]);
        assert_eq!(by_density(&points, Metric::Euclidean, 0.49, 2), [None, None, None]);
        assert!(by_density(&Vec::new(), Metric::Cosine, 0.5, 2).is_empty());
    }

    #[test]
    fn a_zero_vector_has_no_direction() {
        assert_eq!(cosine_similarity(&[0.0, 0.0], &[1.0, 0.0]), 0.0);
        assert_eq!(cosine_similarity(&[1.0, 0.0], &[-2.0, 0.0]), -1.0);
    }
}
