//! What every backend of [`ResultStore`] does. A backend runs [`run`] over an empty store in its tests.

use std::fmt::Debug;

use gauntlet_model::{
    Dataset, EvaluationJob, EvaluationType, ExperimentRegistered, FieldError, HypothesisType, Object, RunId,
    Scores, Status, Timestamp, TrialFinished,
};

use super::{Archived, ArchivedEntry, ExperimentQuery, ResultStore, ResultStoreError};
use crate::experiment::{Experiment, Trial};

/// The experiments of the suite.
const COUNT: u64 = 24;

/// Why a backend does not conform.
#[derive(Debug, thiserror::Error)]
pub enum ConformanceError {
    /// It does otherwise than a conforming store; the text says what.
    #[error("{0}")]
    Differs(String),
    /// It fails.
    #[error(transparent)]
    Store(#[from] ResultStoreError),
    /// The suite itself breaks a rule of the events.
    #[error(transparent)]
    Suite(#[from] FieldError),
}

fn differs(what: impl Into<String>) -> ConformanceError {
    ConformanceError::Differs(what.into())
}

/// Runs the suite over an empty store.
///
/// # Errors
///
/// The first thing that a conforming store does otherwise.
pub async fn run(store: &dyn ResultStore) -> Result<(), ConformanceError> {
    let experiments = (0..COUNT).map(example).collect::<Result<Vec<_>, _>>()?;
    write_once(store, &experiments).await?;
    every_filter(store, &experiments).await?;
    pages(store, &experiments).await
}

/// Experiment `n` of the suite: two of each second share their time of creation.
pub fn example(n: u64) -> Result<Experiment, ConformanceError> {
    let program = format!("program {}", n % 3);
    let at = Timestamp::from_micros(n as i64 / 2 * 1_000_000);
    let mut experiment = Experiment::new(RunId::new(format!("experiment {n}: ü"))?);
    experiment.status = if n.is_multiple_of(4) { Status::Cancelled } else { Status::Completed };
    experiment.created_at = Some(at);
    experiment.tags = vec![format!("tag {}", n % 5)];
    experiment.hypothesis = Some(ExperimentRegistered {
        hypothesis_id: format!("hypothesis {}", n % 2),
        research_question: format!("Is number {n} a GOOD one?"),
        independent_variables: Vec::new(),
        dependent_variables: Vec::new(),
        prediction: String::new(),
        hypothesis_type: HypothesisType::Exploratory,
        metadata: Object::new(),
    });
    let dataset = Dataset { name: "d".to_owned(), size: 1, sha256: None };
    let (metrics, evaluation_type) = (vec!["accuracy".to_owned()], EvaluationType::Standard);
    experiment.jobs = vec![EvaluationJob { program: program.clone(), dataset, metrics, evaluation_type }];
    let outcome = TrialFinished {
        trial_id: format!("{program}/0"),
        program,
        index: 0,
        status: Status::Completed,
        started_at: at,
        ended_at: at,
        data_point: serde_json::Value::Null,
        configuration: Object::new(),
        prediction: serde_json::Value::Null,
        metrics: Scores::new([("accuracy", n as f64 / 10.0)])?,
        score: None,
        latency_ms: None,
        cost: None,
        error: None,
    };
    experiment.trials = vec![Trial { trace: None, outcome }];
    Ok(experiment)
}

async fn write_once(store: &dyn ResultStore, experiments: &[Experiment]) -> Result<(), ConformanceError> {
    for experiment in experiments {
        equal("archiving", archive(store, experiment).await?, Archived::Created)?;
    }
    let first = experiments.first().ok_or_else(|| differs("the suite has no experiments"))?;
    equal("archiving the same again", archive(store, first).await?, Archived::Unchanged)?;
    let changed = Experiment { tags: vec!["changed".to_owned()], ..first.clone() };
    match store.archive_experiment(&changed).await {
        Err(ResultStoreError::Conflict(id)) => equal("the conflict", &id, &first.id)?,
        other => return Err(differs(format!("archiving other content under an id: {other:?}"))),
    }
    let running = Experiment { status: Status::Running, ..first.clone() };
    match store.archive_experiment(&running).await {
        Err(ResultStoreError::Invalid(error)) => equal("the refused field", error.field.as_str(), "status")?,
        other => return Err(differs(format!("archiving an experiment that runs: {other:?}"))),
    }
    for experiment in experiments {
        let read = store.get_experiment(&experiment.id).await?;
        equal("the experiment read", &read, experiment)?;
    }
    let unknown = RunId::new("experiment 9000")?;
    match store.get_experiment(&unknown).await {
        Err(ResultStoreError::NotFound(id)) => equal("what was not found", &id, &unknown),
        other => Err(differs(format!("reading an unknown id: {other:?}"))),
    }
}

async fn archive(store: &dyn ResultStore, experiment: &Experiment) -> Result<Archived, ConformanceError> {
    Ok(store.archive_experiment(experiment).await?)
}

/// Every subset of the filters finds what a look at each experiment finds.
async fn every_filter(store: &dyn ResultStore, experiments: &[Experiment]) -> Result<(), ConformanceError> {
    let filters: [&[(&str, &str)]; 9] = [
        &[("hypothesis_id", "hypothesis 1")],
        &[("hypothesis_contains", "a good ONE")],
        &[("program", "program 2")],
        &[("status", "completed")],
        &[("tag", "tag 3")],
        &[("created_from", "1970-01-01T00:00:03Z")],
        &[("created_to", "1970-01-01T00:00:09Z")],
        &[("metric", "accuracy"), ("metric_min", "0.5"), ("metric_max", "1.9")],
        &[("order", "oldest")],
    ];
    for subset in 0..1usize << filters.len() {
        let asked = (0..filters.len()).filter(|i| subset >> i & 1 == 1).flat_map(|i| filters[i]);
        let pairs: Vec<(&str, &str)> = asked.copied().chain([("limit", "500")]).collect();
        let query = ExperimentQuery::from_pairs(pairs.iter().copied())?;
        let found = ids(store, &query).await?;
        equal(&format!("{pairs:?}"), &found, &expected(experiments, &query))?;
    }
    Ok(())
}

/// Pages of any size, one after the other, have each experiment once and in order.
async fn pages(store: &dyn ResultStore, experiments: &[Experiment]) -> Result<(), ConformanceError> {
    for order in ["newest", "oldest"] {
        for limit in ["1", "5", "24", "25"] {
            let mut cursor: Option<String> = None;
            let mut found = Vec::new();
            loop {
                let mut pairs = vec![("order", order), ("limit", limit)];
                pairs.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
                let query = ExperimentQuery::from_pairs(pairs)?;
                let page = store.query_experiments(&query).await?;
                found.extend(page.experiments.into_iter().map(|entry| entry.id));
                cursor = page.next_cursor;
                if cursor.is_none() || found.len() > experiments.len() {
                    break;
                }
            }
            let query = ExperimentQuery::from_pairs([("order", order)])?;
            equal(&format!("pages of {limit}, {order} first"), &found, &expected(experiments, &query))?;
        }
    }
    Ok(())
}

async fn ids(store: &dyn ResultStore, query: &ExperimentQuery) -> Result<Vec<RunId>, ConformanceError> {
    let page = store.query_experiments(query).await?;
    Ok(page.experiments.into_iter().map(|entry| entry.id).collect())
}

/// What a query finds by looking at each experiment.
fn expected(experiments: &[Experiment], query: &ExperimentQuery) -> Vec<RunId> {
    let entries = experiments.iter().map(ArchivedEntry::of);
    let mut found: Vec<ArchivedEntry> = entries.filter(|entry| query.matches(entry)).collect();
    found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    if query.order == super::Order::Newest {
        found.reverse();
    }
    found.into_iter().map(|entry| entry.id).collect()
}

fn equal<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Result<(), ConformanceError> {
    if found == expected {
        return Ok(());
    }
    Err(differs(format!("{what}: found {found:?}, expected {expected:?}")))
}
