//! What the trials of an experiment show: numbers for each program, comparisons, and the verdict.

mod compare;
mod summary;
mod support;

use gauntlet_model::FieldError;
use serde::{Deserialize, Serialize};

pub use compare::{EffectSizes, ProgramComparison, TestResult};
pub use summary::{CostSummary, EvaluationResult, LatencySummary, MetricSummary, evaluate};

use crate::experiment::{Experiment, HypothesisSupport};

/// What the trials say about the hypothesis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatisticalAnalysis {
    /// The verdict.
    pub hypothesis_support: HypothesisSupport,
    /// The rule the verdict follows, with its numbers, for people.
    pub rule: String,
    /// Every comparison of two programs by one metric.
    pub comparisons: Vec<ProgramComparison>,
    /// What to do next, for people.
    pub recommendations: Vec<String>,
}

/// Compares the programs of an experiment by its dependent variables, and decides about its hypothesis.
///
/// Each program is compared with the baseline of the design; without one, each with each. The p values of a
/// test are corrected (Holm) over all comparisons that the test was made of.
///
/// # Errors
///
/// Where the experiment has no design.
pub fn analyze(experiment: &Experiment) -> Result<StatisticalAnalysis, FieldError> {
    let Some(design) = &experiment.design else {
        return Err(FieldError::new("design", "is missing; there is nothing to compare"));
    };
    let comparisons = compare::all(experiment, design);
    let (hypothesis_support, rule) = support::verdict(experiment, design, &comparisons);
    let recommendations = support::recommendations(experiment, design, &comparisons, hypothesis_support);
    Ok(StatisticalAnalysis { hypothesis_support, rule, comparisons, recommendations })
}
