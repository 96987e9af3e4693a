//! The trials of one program in numbers.

use std::collections::BTreeMap;

use gauntlet_statistics::{Histogram, Summary, histogram, quantile};
use serde::{Deserialize, Serialize};

use crate::experiment::{Experiment, Trial};

/// The number of bins of a distribution.
const BINS: usize = 20;

/// One metric over the trials of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// Mean, spread, extremes, median and the 95 % interval of the mean.
    #[serde(flatten)]
    pub summary: Summary,
    /// How often values are where.
    pub distribution: Histogram,
}

/// How long trials took, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// The trials whose latency is known.
    pub count: u64,
    /// Half of them took at most this.
    pub p50: f64,
    /// 95 % of them took at most this.
    pub p95: f64,
    /// 99 % of them took at most this.
    pub p99: f64,
}

/// What trials cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CostSummary {
    /// The trials whose cost is known.
    pub count: u64,
    /// Tokens of all of them.
    pub tokens: u64,
    /// Money for all of them, in the producer's currency.
    pub financial: f64,
    /// Money a trial.
    pub mean_financial: f64,
}

/// The evaluation of one program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationResult {
    /// The program.
    pub program: String,
    /// Its finished trials.
    pub trials: u64,
    /// Those that failed or timed out.
    pub failed: u64,
    /// Each metric that was measured in one trial or more; also `score`.
    pub summary_statistics: BTreeMap<String, MetricSummary>,
    /// What it cost, where that is known.
    pub cost_summary: Option<CostSummary>,
    /// How long it took, where that is known.
    pub latency_summary: Option<LatencySummary>,
}

/// The evaluation of each program, in the order of the jobs.
pub fn evaluate(experiment: &Experiment) -> Vec<EvaluationResult> {
    experiment.program_names().map(|program| evaluation(program, &experiment.trials_of(program))).collect()
}

fn evaluation(program: &str, trials: &[&Trial]) -> EvaluationResult {
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for trial in trials {
        for (name, value) in trial.outcome.metrics.iter() {
            values.entry(name.to_owned()).or_default().push(value);
        }
        if let Some(score) = trial.outcome.score
            && trial.outcome.metrics.get("score").is_none()
        {
            values.entry("score".to_owned()).or_default().push(score.get());
        }
    }
    // A sample of one finite value or more has a summary: none is left out.
    let summarized = values.into_iter().filter_map(|(name, values)| Some((name, metric(&values)?)));
    EvaluationResult {
        program: program.to_owned(),
        trials: trials.len() as u64,
        failed: trials.iter().filter(|trial| trial.outcome.status.is_failure()).count() as u64,
        summary_statistics: summarized.collect(),
        cost_summary: cost(trials),
        latency_summary: latency(trials),
    }
}

fn metric(values: &[f64]) -> Option<MetricSummary> {
    let summary = Summary::of(values).ok()?;
    let distribution = histogram(values, BINS).ok()?;
    Some(MetricSummary { summary, distribution })
}

fn latency(trials: &[&Trial]) -> Option<LatencySummary> {
    let values: Vec<f64> = trials.iter().filter_map(|trial| trial.outcome.latency_ms).collect();
    let at = |p| quantile(&values, p).ok();
    Some(LatencySummary { count: values.len() as u64, p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)? })
}

fn cost(trials: &[&Trial]) -> Option<CostSummary> {
    let costs: Vec<_> = trials.iter().filter_map(|trial| trial.outcome.cost).collect();
    let financial: f64 = costs.iter().map(|cost| cost.financial).sum();
    (!costs.is_empty()).then(|| CostSummary {
        count: costs.len() as u64,
        tokens: costs.iter().fold(0, |sum: u64, cost| sum.saturating_add(cost.tokens)),
        financial,
        mean_financial: financial / costs.len() as f64,
    })
}
