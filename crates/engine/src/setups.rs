//! Runs that repeat one setup with other seeds: what their means say together, and how sure that is.

use gauntlet_api::{Interval, PathSummary, SetupSummary};
use gauntlet_model::{Object, RunSummary};
use gauntlet_statistics::{Summary, welch};
use serde_json::Value;

/// The runs by setup, as their indexes, in the order of each setup's first run. Empty where no setup has two
/// runs.
pub(crate) fn setups(runs: &[RunSummary]) -> Vec<Vec<usize>> {
    let mut setups: Vec<(Object, Vec<usize>)> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let config = without_seeds(&run.config);
        match setups.iter_mut().find(|(known, _)| *known == config) {
            Some((_, members)) => members.push(index),
            None => setups.push((config, vec![index])),
        }
    }
    if setups.iter().all(|(_, members)| members.len() < 2) {
        return Vec::new();
    }
    setups.into_iter().map(|(_, members)| members).collect()
}

/// A configuration without its seeds, at any depth.
fn without_seeds(config: &Object) -> Object {
    let others = config.iter().filter(|(key, _)| !is_seed(key));
    let plain = |value: &Value| match value {
        Value::Object(inner) => Value::Object(without_seeds(inner)),
        other => other.clone(),
    };
    others.map(|(key, value)| (key.clone(), plain(value))).collect()
}

/// Whether a key of a configuration names a seed: `seed`, `random_seed`, `seeds`, `dataSeed`.
fn is_seed(key: &str) -> bool {
    let small = key.to_ascii_lowercase();
    small.trim_end_matches('s').ends_with("seed")
}

/// What the runs of each setup came to on one path; differences are taken to the setup of the run `base`.
pub(crate) fn summaries(
    setups: &[Vec<usize>],
    runs: &[Option<PathSummary>],
    base: usize,
) -> Vec<Option<SetupSummary>> {
    let means = |members: &Vec<usize>| -> Vec<f64> {
        members.iter().filter_map(|index| Some(runs.get(*index)?.as_ref()?.mean)).collect()
    };
    let all: Vec<Vec<f64>> = setups.iter().map(means).collect();
    let base = setups.iter().position(|members| members.contains(&base));
    let of_base = base.and_then(|index| all.get(index));
    let summary = |(index, means): (usize, &Vec<f64>)| {
        let found = Summary::of(means).ok()?;
        let against = of_base.filter(|_| base != Some(index)).filter(|means| !means.is_empty());
        let base_mean = against.and_then(|means| Summary::of(means).ok()).map(|summary| summary.mean);
        let test = against.and_then(|against| welch(means, against).ok());
        let has_spread = found.variance.is_some_and(|variance| variance > 0.0);
        Some(SetupSummary {
            runs: found.count as u64,
            mean: found.mean,
            interval: found.interval.filter(|_| has_spread).map(interval),
            difference: base_mean.map(|mean| found.mean - mean),
            difference_interval: test.map(|test| interval(test.interval)),
        })
    };
    all.iter().enumerate().map(summary).collect()
}

/// An interval as answers have it.
fn interval(found: gauntlet_statistics::Interval) -> Interval {
    Interval { low: found.low, high: found.high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_found_by_its_name() {
        for key in ["seed", "random_seed", "seeds", "dataSeed", "SEED"] {
            assert!(is_seed(key), "{key}");
        }
        for key in ["seeded", "lr", "seed_count", "see"] {
            assert!(!is_seed(key), "{key}");
        }
    }
}
