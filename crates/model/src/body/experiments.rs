//! Events of an experiment: the hypothesis, the design, and each trial. The run whose log they are in is the
//! experiment, and the event of a trial names the trial's trace as its episode.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Status, StepError};
use crate::limits::{MAX_LABEL_BYTES, MAX_STEP, MAX_TAGS, MAX_TEXT_BYTES};
use crate::{Object, Score, Scores, Timestamp};

/// What a hypothesis is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HypothesisType {
    /// It predicts how two programs differ, and is confirmed or rejected.
    Comparative,
    /// It asks what there is to find; its numbers are reported without a verdict.
    Exploratory,
}

/// `experiment.registered`: the hypothesis of the experiment, stated before any trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentRegistered {
    /// Names the hypothesis; several experiments can test the same one.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub hypothesis_id: String,
    /// The question.
    #[schemars(length(min = 1, max = MAX_TEXT_BYTES))]
    pub research_question: String,
    /// What is varied, such as the program or its prompt.
    #[schemars(length(max = MAX_TAGS), inner(length(min = 1, max = MAX_LABEL_BYTES)))]
    pub independent_variables: Vec<String>,
    /// What is measured: names of metrics, `score`, `latency_ms`, `tokens` or `cost`.
    #[schemars(length(max = MAX_TAGS), inner(length(min = 1, max = MAX_LABEL_BYTES)))]
    pub dependent_variables: Vec<String>,
    /// What is expected to be found.
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub prediction: String,
    /// What it is for.
    pub hypothesis_type: HypothesisType,
    /// Anything else.
    #[serde(default)]
    pub metadata: Object,
}

/// In which order the planned trials are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RandomizationStrategy {
    /// One program after the other, each in the order of the dataset.
    Sequential,
    /// The programs take turns on each data point.
    Interleaved,
    /// All trials in one order that is drawn from the seed of the design.
    Shuffled,
}

/// How the trials of two programs belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// Trials of the same index have the same data point, and are compared with each other.
    Paired,
    /// The trials are two samples without partners.
    Independent,
}

/// A test of whether two programs differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatisticalTest {
    /// Student's t test of the differences of pairs.
    PairedT,
    /// Wilcoxon's signed-rank test of pairs.
    Wilcoxon,
    /// McNemar's exact test of the pass rates of pairs: a trial passes where the metric is 0.5 or more.
    Mcnemar,
    /// Welch's t test of two samples.
    Welch,
    /// Mann and Whitney's rank test of two samples.
    MannWhitney,
}

/// Which way a metric is predicted to differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The candidate's mean is above the baseline's.
    Increase,
    /// The candidate's mean is below the baseline's.
    Decrease,
}

/// The comparison that decides about the hypothesis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrimaryComparison {
    /// One of the dependent variables.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub metric: String,
    /// The program that is compared with.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub baseline: String,
    /// The program that is predicted to differ.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub candidate: String,
    /// Which way.
    pub direction: Direction,
}

/// How likely the experiment finds an effect of a size, computed before it is executed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerAnalysis {
    /// The smallest effect of interest, as Cohen's d, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub effect_size: f64,
    /// The power that is asked for, between 0 and 1.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub target_power: f64,
    /// The number of trials of each program that reaches it.
    #[schemars(range(max = MAX_STEP))]
    pub required_sample_size: u64,
    /// The power that the sample size of the design has, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub achieved_power: f64,
}

/// How an experiment is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentalDesign {
    /// What is held constant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_TAGS), inner(length(min = 1, max = MAX_LABEL_BYTES)))]
    pub controlled_variables: Vec<String>,
    /// In which order trials are executed.
    pub randomization_strategy: RandomizationStrategy,
    /// The number of trials of each program, 1 or more. Trial `i` has the data point `i` modulo the size of
    /// the dataset.
    #[schemars(range(min = 1, max = MAX_STEP))]
    pub sample_size: u64,
    /// How measurements are taken.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub measurement_protocol: String,
    /// How the trials of two programs belong together.
    pub pairing: Pairing,
    /// The tests, the one that decides first. Each has to fit the pairing.
    #[schemars(length(min = 1, max = 5))]
    pub statistical_tests: Vec<StatisticalTest>,
    /// The level of significance, between 0 and 1.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub alpha: f64,
    /// The seed of everything that is drawn at random.
    #[schemars(range(max = MAX_STEP))]
    pub seed: u64,
    /// The comparison that decides; absent where the hypothesis is exploratory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<PrimaryComparison>,
    /// The power of the design.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_analysis: Option<PowerAnalysis>,
}

/// The data that programs are evaluated on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Its name.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub name: String,
    /// The number of its data points, 1 or more.
    #[schemars(range(min = 1, max = MAX_STEP))]
    pub size: u64,
    /// SHA-256 of its content, lowercase hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: Option<String>,
}

/// How the evaluation of a program is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvaluationType {
    /// For itself.
    Standard,
    /// Beside other programs.
    Comparison,
    /// By an optimizer that changes the program between trials.
    Adaptive,
}

/// One program to evaluate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationJob {
    /// The program's name.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub program: String,
    /// What it is evaluated on.
    pub dataset: Dataset,
    /// Names of the metrics.
    #[schemars(length(max = MAX_TAGS), inner(length(min = 1, max = MAX_LABEL_BYTES)))]
    pub metrics: Vec<String>,
    /// How the evaluation is used.
    pub evaluation_type: EvaluationType,
}

/// `experiment.designed`: how the experiment is made, and which programs it evaluates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentDesigned {
    /// The design.
    pub design: ExperimentalDesign,
    /// One job a program.
    #[schemars(length(min = 1, max = MAX_TAGS))]
    pub jobs: Vec<EvaluationJob>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_TAGS), inner(length(min = 1, max = MAX_LABEL_BYTES)))]
    pub tags: Vec<String>,
}

/// `experiment.started`: trials are executed from here on. An experiment that is resumed starts again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentStarted {
    /// The version of the code, such as a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_LABEL_BYTES))]
    pub code_version: Option<String>,
    /// What it is executed in: versions, host, hardware.
    #[serde(default)]
    pub environment: Object,
}

/// `experiment.finished`: no further trial is executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentFinished {
    /// A final status.
    #[schemars(extend("enum" = ["completed", "failed", "timed_out", "cancelled"]))]
    pub status: Status,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub reason: Option<String>,
    /// What people conclude.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_TAGS), inner(length(min = 1, max = MAX_TEXT_BYTES)))]
    pub research_insights: Vec<String>,
}

/// `trial.started`: a program begins to work on a data point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialStarted {
    /// Names the trial within the experiment.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub trial_id: String,
    /// The program.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub program: String,
    /// Which trial of that program it is, from 0.
    #[schemars(range(max = MAX_STEP))]
    pub index: u64,
}

/// What a trial cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialCost {
    /// Tokens of models.
    #[schemars(range(max = MAX_STEP))]
    pub tokens: u64,
    /// Money, in the producer's currency, 0 or more.
    #[schemars(range(min = 0))]
    pub financial: f64,
}

/// `trial.finished`: what came of one program on one data point. One that failed is data too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialFinished {
    /// Names the trial within the experiment; a trial finishes once.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub trial_id: String,
    /// The program.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub program: String,
    /// Which trial of that program it is, from 0.
    #[schemars(range(max = MAX_STEP))]
    pub index: u64,
    /// A final status.
    #[schemars(extend("enum" = ["completed", "failed", "timed_out", "cancelled"]))]
    pub status: Status,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What the program was given.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data_point: Value,
    /// How the program was configured.
    #[serde(default)]
    pub configuration: Object,
    /// What the program answered.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub prediction: Value,
    /// Scores by metric.
    #[serde(default)]
    pub metrics: Scores,
    /// The score of the whole trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// How long the program took, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub latency_ms: Option<f64>,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<TrialCost>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
}
