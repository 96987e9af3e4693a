//! Several runs side by side.

use std::collections::{BTreeMap, HashMap, HashSet};

use gauntlet_api::{Comparison, ConfigDifference, FailureCounts, PathComparison, PathSummary};
use gauntlet_film::{Film, Path, is_measurement};
use gauntlet_model::{FieldError, Object, RunId, RunSummary};
use gauntlet_store::Store;
use serde_json::Value;

use crate::Error;
use crate::films::Films;
use crate::series::{MAX_RUNS, distinct};
use crate::setups::{setups, summaries};

/// Compares runs; differences are taken to the run `baseline`, or to the first one.
///
/// # Errors
///
/// [`Error::Invalid`] for no run, too many runs, a run that is named twice, or a baseline that is none of the
/// runs; [`Error::NotFound`] for a run that is not there.
pub async fn read(
    store: &Store,
    films: &Films,
    ids: &[RunId],
    baseline: Option<&RunId>,
) -> Result<Comparison, Error> {
    distinct("runs", ids, MAX_RUNS)?;
    let base = match baseline {
        Some(id) => ids.iter().position(|run| run == id).ok_or_else(|| {
            FieldError::new("baseline", format!("{:?} is none of the compared runs", id.as_str()))
        })?,
        None => 0,
    };
    let mut runs = Vec::with_capacity(ids.len());
    let mut columns: Vec<Column> = Vec::with_capacity(ids.len());
    for id in ids {
        columns.push(films.look(id, Column::of).await?);
        // Read after the film, so that the numbers of the summary are not behind it.
        runs.push(store.run(id).await?.ok_or_else(|| Error::no_run(id.as_str()))?);
    }
    let ids = ids.to_vec();
    // Thousands of paths of many runs take long.
    let work = move || comparison(runs, columns, &ids, base);
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "runs could not be compared");
        Error::internal("something broke while the runs were compared; the log says what")
    })
}

fn comparison(runs: Vec<RunSummary>, columns: Vec<Column>, ids: &[RunId], base: usize) -> Comparison {
    let objects = |of: fn(&RunSummary) -> &Object| differences(&runs.iter().map(of).collect::<Vec<_>>());
    let setups = setups(&runs);
    let named = |members: &Vec<usize>| members.iter().map(|index| ids[*index].clone()).collect();
    Comparison {
        baseline: ids[base].clone(),
        paths: paths(&columns, ids, base, &setups),
        setups: setups.iter().map(named).collect(),
        config: objects(|run| &run.config),
        metadata: objects(|run| &run.metadata),
        failures: columns.into_iter().map(|column| column.failures).collect(),
        runs,
    }
}

/// What one run adds to a comparison.
struct Column {
    /// Paths with values, in tree order.
    paths: Vec<(String, PathSummary)>,
    failures: FailureCounts,
}

impl Column {
    fn of(film: &Film) -> Self {
        let summary = |path: &Path| Some((path.path.clone(), summary(film, path)?));
        let mut failures = BTreeMap::new();
        for kind in (0..film.len()).filter_map(|node| film.failure(node)) {
            *failures.entry(kind).or_default() += 1;
        }
        Self {
            paths: film.paths().iter().filter_map(summary).collect(),
            failures: FailureCounts { nodes: film.len() as u64, failures },
        }
    }
}

/// What the values of a path came to; `None` without any.
fn summary(film: &Film, path: &Path) -> Option<PathSummary> {
    let all = totals(film, path)?;
    let failing = || (0..film.len()).filter(|node| film.path_failure(*node, path.id).is_some()).count();
    let failing_share = (!is_measurement(&path.path)).then(|| failing() as f64 / all.values as f64);
    Some(PathSummary { failing_share, ..all })
}

/// As [`summary`], without the share that fails.
pub(crate) fn totals(film: &Film, path: &Path) -> Option<PathSummary> {
    let mut all: Option<PathSummary> = None;
    let mut sum = 0.0;
    for step in film.values_by_step(path.id) {
        let all = all.get_or_insert(PathSummary {
            steps: 0,
            values: 0,
            last: step.mean,
            mean: step.mean,
            low: step.low,
            high: step.high,
            failing_share: None,
            difference: None,
        });
        sum += step.mean * step.count as f64;
        all.steps += 1;
        all.values += step.count;
        all.last = step.mean;
        all.low = all.low.min(step.low);
        all.high = all.high.max(step.high);
    }
    let all = all?;
    // Rounding must not put the mean outside of the range.
    Some(PathSummary { mean: (sum / all.values as f64).clamp(all.low, all.high), ..all })
}

/// Every path that any run has: those of the first run, then those that later runs add.
fn paths(columns: &[Column], ids: &[RunId], base: usize, setups: &[Vec<usize>]) -> Vec<PathComparison> {
    let mut seen = HashSet::new();
    let all = columns.iter().flat_map(|column| &column.paths).map(|(name, _)| name.as_str());
    let names: Vec<&str> = all.filter(|name| seen.insert(*name)).collect();
    let by_name: Vec<HashMap<&str, &PathSummary>> = columns
        .iter()
        .map(|column| column.paths.iter().map(|(name, summary)| (name.as_str(), summary)).collect())
        .collect();
    let compared = |name: &str| {
        let mut runs: Vec<Option<PathSummary>> =
            by_name.iter().map(|column| column.get(name).copied().cloned()).collect();
        let base_mean = runs[base].as_ref().map(|summary| summary.mean);
        for (index, summary) in runs.iter_mut().enumerate() {
            if let Some(summary) = summary.as_mut().filter(|_| index != base) {
                summary.difference = base_mean.map(|mean| summary.mean - mean);
            }
        }
        let is_measurement = is_measurement(name);
        let best = if is_measurement { None } else { best(&runs).map(|index| ids[index].clone()) };
        let setups = summaries(setups, &runs, base);
        PathComparison { path: name.to_owned(), is_measurement, runs, best, setups }
    };
    names.into_iter().map(compared).collect()
}

/// The run with the highest mean, where the means differ.
fn best(runs: &[Option<PathSummary>]) -> Option<usize> {
    let means = || runs.iter().enumerate().filter_map(|(index, run)| Some((index, run.as_ref()?.mean)));
    let (index, highest) = means().max_by(|a, b| a.1.total_cmp(&b.1))?;
    means().any(|(_, mean)| mean < highest).then_some(index)
}

/// The keys under which the objects differ, in the order of their first appearance. Nested objects are
/// compared key by key, everything else as a value with its type: 1 is not 1.0 and not "1".
fn differences(objects: &[&Object]) -> Vec<ConfigDifference> {
    let flat: Vec<_> = objects.iter().map(|object| flattened(object)).collect();
    let mut keys: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    for (key, _) in flat.iter().flatten() {
        if seen.insert(key.as_str()) {
            keys.push(key);
        }
    }
    let by_key: Vec<BTreeMap<&str, &Value>> = flat
        .iter()
        .map(|entries| entries.iter().map(|(key, value)| (key.as_str(), *value)).collect())
        .collect();
    let row = |key: &str| {
        let values: Vec<Option<&Value>> = by_key.iter().map(|entries| entries.get(key).copied()).collect();
        let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
        let values = values.into_iter().map(|value| value.cloned().unwrap_or(Value::Null)).collect();
        differs.then(|| ConfigDifference { key: key.to_owned(), values })
    };
    keys.into_iter().filter_map(row).collect()
}

/// The values of an object under their dotted keys. An empty object is a value.
fn flattened(object: &Object) -> Vec<(String, &Value)> {
    let mut flat = Vec::new();
    let mut open: Vec<(String, &Value)> =
        object.iter().rev().map(|(key, value)| (key.clone(), value)).collect();
    while let Some((key, value)) = open.pop() {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                open.extend(inner.iter().rev().map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            _ => flat.push((key, value)),
        }
    }
    flat
}
