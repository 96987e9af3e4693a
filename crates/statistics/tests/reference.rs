//! The numbers of the crate against those of SciPy and statsmodels, which `reference.py` writes into
//! `reference.json`; and what holds for any sample.

use gauntlet_statistics::{
    Design, MeanTest, Method, Summary, bootstrap, cliffs_delta, cohens_d, histogram, holm, mann_whitney,
    mcnemar, paired_d, paired_t, power, quantile, sample_size, student, welch, wilcoxon,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

/// How far a number may be from its reference: of large ones the share, of small ones the distance.
const TOLERANCE: f64 = 1e-9;

fn rows(part: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("reference.json")).unwrap();
    let rows = all[part].as_array().unwrap().clone();
    assert!(!rows.is_empty());
    rows
}

#[track_caller]
fn check(found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    let distance = (found - expected).abs() / expected.abs().max(1.0);
    assert!(distance <= TOLERANCE, "{found}, not {expected}");
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn sides(row: &Value) -> (Vec<f64>, Vec<f64>) {
    (numbers(&row["a"]), numbers(&row["b"]))
}

fn check_means(found: MeanTest, row: &Value) {
    check(found.t, &row["t"]);
    check(found.degrees, &row["degrees"]);
    check(found.p_value, &row["p"]);
    check(found.interval.low, &row["interval"][0]);
    check(found.interval.high, &row["interval"][1]);
}

#[test]
fn summaries_are_those_of_numpy_and_scipy() {
    for row in rows("summary") {
        let values = numbers(&row["values"]);
        let found = Summary::of(&values).unwrap();
        check(found.mean, &row["mean"]);
        check(found.variance.unwrap(), &row["variance"]);
        check(found.standard_deviation.unwrap(), &row["sd"]);
        check(found.median, &row["median"]);
        check(found.interval.unwrap().low, &row["interval"][0]);
        check(found.interval.unwrap().high, &row["interval"][1]);
        for (index, p) in [0.0, 0.05, 0.5, 0.95, 0.99, 1.0].into_iter().enumerate() {
            check(quantile(&values, p).unwrap(), &row["quantiles"][index]);
        }
        let counts: Vec<u64> =
            row["histogram"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
        assert_eq!(histogram(&values, 7).unwrap().counts, counts);
    }
}

#[test]
fn tests_of_means_are_those_of_scipy() {
    for part in ["student", "welch", "paired", "unequal"] {
        for row in rows(part) {
            let (a, b) = sides(&row);
            let found = match part {
                "student" => student(&a, &b),
                "paired" => paired_t(&a, &b),
                _ => welch(&a, &b),
            };
            check_means(found.unwrap(), &row);
        }
    }
}

#[test]
fn tests_of_ranks_are_those_of_scipy() {
    let mut methods = Vec::new();
    for row in rows("ranks") {
        let (a, b) = sides(&row);
        let is_exact = |method| method == Method::Exact;
        let signed = wilcoxon(&a, &b).unwrap();
        check(signed.statistic, &row["w"]);
        check(signed.p_value, &row["w_p"]);
        assert_eq!(is_exact(signed.method), row["w_exact"]);
        let summed = mann_whitney(&a, &b).unwrap();
        check(summed.statistic, &row["u"]);
        check(summed.p_value, &row["u_p"]);
        assert_eq!(is_exact(summed.method), row["u_exact"]);
        methods.extend([signed.method, summed.method]);
    }
    assert!(methods.contains(&Method::Exact) && methods.contains(&Method::Normal));
    for row in rows("unequal") {
        let (a, b) = sides(&row);
        let found = mann_whitney(&a, &b).unwrap();
        check(found.statistic, &row["u"]);
        check(found.p_value, &row["u_p"]);
        check(cohens_d(&a, &b).unwrap(), &row["d"]);
        check(cliffs_delta(&a, &b).unwrap(), &row["delta"]);
    }
    for row in rows("mcnemar") {
        let count = |key: &str| row[key].as_u64().unwrap();
        check(mcnemar(count("gained"), count("lost")).unwrap().p_value, &row["p"]);
    }
}

#[test]
fn corrections_and_power_are_those_of_statsmodels() {
    for row in rows("holm") {
        let found = holm(&numbers(&row["p"])).unwrap();
        found.iter().zip(row["adjusted"].as_array().unwrap()).for_each(|(p, expected)| check(*p, expected));
    }
    for row in rows("power") {
        let (effect, alpha) = (row["effect"].as_f64().unwrap(), row["alpha"].as_f64().unwrap());
        let size = row["size"].as_u64().unwrap();
        for (design, name) in [(Design::Paired, "paired"), (Design::Independent, "independent")] {
            let found = power(design, effect, size, alpha).unwrap();
            // SciPy answers no number for some powers near 1.
            match &row[name] {
                Value::Null => assert!(found > 0.999, "{found}: {row}"),
                expected => check(found, expected),
            }
            let needed = sample_size(design, effect, 0.8, alpha).unwrap();
            assert_eq!(needed, row[format!("{name}_size")].as_u64().unwrap(), "{row}");
        }
    }
}

#[test]
fn a_bootstrap_interval_is_near_that_of_the_t_test() {
    let row = &rows("welch")[3];
    let (a, b) = sides(row);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let interval = |seed| bootstrap((&a, &b), |a, b| mean(a) - mean(b), 4_000, seed).unwrap();
    let (found, expected) = (interval(1), welch(&a, &b).unwrap().interval);
    assert!((found.low - expected.low).abs() < 0.03, "{found:?}, not {expected:?}");
    assert!((found.high - expected.high).abs() < 0.03, "{found:?}, not {expected:?}");
    assert_eq!(found, interval(1));
    assert_ne!(found, interval(2));
    assert!(bootstrap((&a, &b), |_, _| f64::NAN, 100, 1).is_err());
}

fn sample() -> impl Strategy<Value = Vec<f64>> {
    // Few different values, so that ties are common.
    vec((-20_i32..20).prop_map(|value| f64::from(value) / 4.0), 2..40)
}

proptest! {
    #[test]
    fn the_order_of_two_samples_changes_the_sign_alone(a in sample(), b in sample()) {
        if let (Ok(one), Ok(other)) = (welch(&a, &b), welch(&b, &a)) {
            prop_assert!((one.difference + other.difference).abs() < 1e-12);
            prop_assert!((one.p_value - other.p_value).abs() < 1e-12 && (0.0..=1.0).contains(&one.p_value));
        }
        if let (Ok(one), Ok(other)) = (mann_whitney(&a, &b), mann_whitney(&b, &a)) {
            prop_assert!((one.statistic + other.statistic - (a.len() * b.len()) as f64).abs() < 1e-9);
            prop_assert!((one.p_value - other.p_value).abs() < 1e-12 && (0.0..=1.0).contains(&one.p_value));
        }
        let delta = cliffs_delta(&a, &b).unwrap();
        prop_assert!((delta + cliffs_delta(&b, &a).unwrap()).abs() < 1e-12 && (-1.0..=1.0).contains(&delta));
    }

    #[test]
    fn paired_samples_may_come_in_any_order(pairs in vec((-9_i32..9, -9_i32..9), 2..30), by in 0_usize..30) {
        let split = |pairs: &[(i32, i32)]| -> (Vec<f64>, Vec<f64>) {
            pairs.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).unzip()
        };
        let mut turned = pairs.clone();
        turned.rotate_left(by % pairs.len());
        let ((a, b), (c, d)) = (split(&pairs), split(&turned));
        prop_assert_eq!(wilcoxon(&a, &b), wilcoxon(&c, &d));
        let of = |found: Result<f64, _>| found.ok();
        let (one, other) = (of(paired_d(&a, &b)), of(paired_d(&c, &d)));
        prop_assert!(one.zip(other).is_none_or(|(one, other)| (one - other).abs() < 1e-9));
    }

    #[test]
    fn corrected_values_are_not_smaller_and_keep_their_order(p in vec(0.0_f64..=1.0, 0..12)) {
        let adjusted = holm(&p).unwrap();
        for (i, one) in p.iter().enumerate() {
            prop_assert!(adjusted[i] >= *one && adjusted[i] <= 1.0);
            for (j, other) in p.iter().enumerate() {
                prop_assert!(one > other || adjusted[i] <= adjusted[j]);
            }
        }
    }
}
