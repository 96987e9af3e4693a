//! Several runs side by side: what their rubrics and measurements came to, where their configurations differ,
//! what failed.

use std::collections::BTreeMap;

use gauntlet_model::{FailureKind, RunId, RunSummary};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::page::non_empty;

/// Which runs to compare.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareQuery {
    /// The ids of 1 to 200 runs, separated by commas. A comma or a percent sign of an id is written `%2C` or
    /// `%25`.
    pub runs: String,
    /// The run that differences are taken to; the first one where none is named.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

/// Several runs side by side. Every list with an entry a run is in the order of `runs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The runs, as asked.
    pub runs: Vec<RunSummary>,
    /// The run that differences are taken to.
    pub baseline: RunId,
    /// Rubrics and measurements that any of the runs has, in the order of the rubric trees.
    pub paths: Vec<PathComparison>,
    /// Where the configurations differ.
    pub config: Vec<ConfigDifference>,
    /// Where the rest of what the runs said of themselves differs, such as the version of the code.
    pub metadata: Vec<ConfigDifference>,
    /// What failed in each run.
    pub failures: Vec<FailureCounts>,
    /// The runs by their setup: those of one differ in their seed alone. Empty where no setup has two runs.
    pub setups: Vec<Vec<RunId>>,
}

/// One path over all runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PathComparison {
    /// The rubric or measurement.
    pub path: String,
    /// Whether it is measured, not judged: more is neither better nor worse.
    pub is_measurement: bool,
    /// What each run's values came to; null for a run without any.
    pub runs: Vec<Option<PathSummary>>,
    /// The run with the highest mean, of a rubric where the means differ.
    pub best: Option<RunId>,
    /// What the means of each setup's runs came to, in the order of `setups`; null for one without any.
    pub setups: Vec<Option<SetupSummary>>,
}

/// What the means of the runs of one setup came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetupSummary {
    /// Runs that have values of the path.
    pub runs: u64,
    /// Mean of their means: a run counts once, however many values it has.
    pub mean: f64,
    /// The 95 % interval of that mean by Student's t; null of one run, or where the runs are equal.
    pub interval: Option<Interval>,
    /// This mean less that of the baseline's setup, where both have one.
    pub difference: Option<f64>,
    /// The 95 % interval of that difference by Welch's t; null where either setup has one run, or neither
    /// varies.
    pub difference_interval: Option<Interval>,
}

/// Two bounds, `low <= high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    /// Whether 0 is outside.
    pub fn excludes_zero(self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// What the values of one path in one run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PathSummary {
    /// Steps with a value.
    pub steps: u64,
    /// Values: one for each rollout of each of these steps.
    pub values: u64,
    /// Mean over the rollouts of the last step.
    pub last: f64,
    /// Mean over all values.
    pub mean: f64,
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
    /// Share of values that the rule in force fails, 0 to 1; null for a measurement.
    pub failing_share: Option<f64>,
    /// This mean less that of the baseline, where both have one.
    pub difference: Option<f64>,
}

/// A key under which runs have different values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigDifference {
    /// The names of the nested objects and of the value, with dots between them.
    pub key: String,
    /// The value of each run; null also where it has none.
    pub values: Vec<Value>,
}

/// What failed in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailureCounts {
    /// Scored steps; a step of an episode counts once.
    pub nodes: u64,
    /// Failing ones by their most severe failure.
    pub failures: BTreeMap<FailureKind, u64>,
}
