//! The numbers of the crate against those of SciPy, scikit-learn and dtaidistance: `reference.py` writes
//! `reference.json`.

use gauntlet_principles::cluster::{Metric, by_density, standardized};
use gauntlet_principles::{FEATURES, Posterior, entropy, volatility, warping};
use serde_json::Value;

/// How far a number may be from its reference.
const TOLERANCE: f64 = 1e-9;

/// The rows of one part of the file.
fn rows(part: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("reference.json")).unwrap();
    let rows = all[part].as_array().unwrap().clone();
    assert!(!rows.is_empty());
    rows
}

#[track_caller]
fn check(found: f64, row: &Value, field: &str) {
    let expected = row[field].as_f64().unwrap();
    assert!((found - expected).abs() <= TOLERANCE, "{field}: {found}, not {expected}, of {row}");
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn entropies_are_those_of_scipy() {
    for row in rows("entropy") {
        let counts = row["counts"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap());
        check(entropy::shannon(counts.clone()), &row, "bits");
        check(entropy::normalized(counts, row["alphabet"].as_u64().unwrap()), &row, "normalized");
    }
}

#[test]
fn posteriors_are_those_of_scipy() {
    for row in rows("posterior") {
        let weight = |side: &str| row[side].as_f64().unwrap();
        let posterior = Posterior::new(weight("support"), weight("contradiction"));
        check(posterior.strength(), &row, "strength");
        check(posterior.interval().low, &row, "low");
        check(posterior.interval().high, &row, "high");
    }
}

#[test]
fn volatilities_are_those_of_numpy() {
    for row in rows("volatility") {
        check(volatility(&numbers(&row["strengths"])), &row, "volatility");
    }
}

fn points(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn warping_distances_are_those_of_dtaidistance() {
    for row in rows("warping") {
        // Coordinates that are 0 in both series add nothing.
        let series = |side: &str| -> Vec<[f64; FEATURES]> {
            let padded = |p: Vec<f64>| std::array::from_fn(|at| p.get(at).copied().unwrap_or(0.0));
            points(&row[side]).into_iter().map(padded).collect()
        };
        check(warping::distance(&series("one"), &series("other")), &row, "distance");
    }
}

#[test]
fn scaled_points_are_those_of_scikit_learn() {
    for row in rows("scaling") {
        let found = standardized(&points(&row["points"]));
        for (found, expected) in found.iter().flatten().zip(points(&row["scaled"]).iter().flatten()) {
            assert!((found - expected).abs() <= TOLERANCE, "{found}, not {expected}");
        }
    }
}

#[test]
fn density_clusters_are_those_of_scikit_learn() {
    for row in rows("density") {
        let (points, eps) = (points(&row["points"]), row["eps"].as_f64().unwrap());
        let least = row["least"].as_u64().unwrap() as usize;
        let found = match row["metric"].as_str().unwrap() {
            "euclidean" => by_density(&standardized(&points), Metric::Euclidean, eps, least),
            _ => by_density(&points, Metric::Cosine, eps, least),
        };
        let found: Vec<i64> = found.into_iter().map(|label| label.map_or(-1, |l| l as i64)).collect();
        let expected: Vec<i64> =
            row["labels"].as_array().unwrap().iter().map(|label| label.as_i64().unwrap()).collect();
        assert_eq!(found, expected, "{row}");
    }
}
