//! Histories of rubrics and measurements: of one run as points, of several runs in columns for charts.

use gauntlet_model::{RunId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Bounded;
use crate::page::non_empty;

/// Which rubric, which steps, how many points at most.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesQuery {
    /// The rubric or measurement; `root` where it is absent.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// First step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// Most points to answer.
    #[serde(default)]
    pub points: Bounded<2, 2000, 20_000>,
}

/// A rubric's history, thinned so that every minimum and maximum stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// The rubric or measurement.
    pub path: String,
    /// Its values, by step.
    pub points: Vec<SeriesPoint>,
    /// Events in the log when it was read.
    pub head: u64,
}

/// One value of a history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesPoint {
    /// The step.
    pub step: u64,
    /// The value.
    pub value: f64,
    /// Whether the rule in force fails it; never for a measurement.
    pub failed: bool,
}

/// What the horizontal axis of a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesAxis {
    /// The step.
    #[default]
    Step,
    /// Wall time: seconds since the Unix epoch, UTC.
    Time,
    /// Seconds since the first event of the run.
    Elapsed,
}

/// Which histories of which runs, for charts. Every path is read of every run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesRequest {
    /// The runs, 1 to 200, each once.
    pub runs: Vec<RunId>,
    /// Rubrics and measurements, each once; without any only the paths of the runs are answered.
    #[serde(default)]
    pub paths: Vec<String>,
    /// What `x` holds.
    #[serde(default)]
    pub axis: SeriesAxis,
    /// First step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// Most points of each history. Runs x paths x points must not be over 1,000,000.
    #[serde(default)]
    pub points: Bounded<4, 1000, 3000>,
    /// Weight of the past in the exponential moving average, from 0 (none) to below 1.
    #[serde(default)]
    pub smoothing: f64,
}

/// Histories of several runs by step, in columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesBatch {
    /// The runs, as asked.
    pub runs: Vec<SeriesRun>,
    /// The histories there are, by run, then by path as asked. A run that never evaluated a path has none.
    pub series: Vec<SeriesColumns>,
}

/// A run of a [`SeriesBatch`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesRun {
    /// Its id.
    pub run: RunId,
    /// Events in its log when it was read.
    pub head: u64,
    /// The time of its earliest event.
    pub started_at: Option<Timestamp>,
    /// The paths that have a value, in the order of the rubric tree.
    pub paths: Vec<String>,
}

/// One history in columns of equal length, thinned so that every minimum and maximum stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesColumns {
    /// The run.
    pub run: RunId,
    /// The rubric or measurement.
    pub path: String,
    /// How many steps of the range have a value; more than there are points where some were left out.
    pub steps: u64,
    /// The steps, rising.
    pub step: Vec<u64>,
    /// The steps on another axis; absent where that is the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<Vec<f64>>,
    /// Mean over the rollouts of each step.
    pub mean: Vec<f64>,
    /// Lowest value of each step; absent where every step has one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<Vec<f64>>,
    /// Highest value of each step; absent where every step has one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<Vec<f64>>,
    /// Sample standard deviation of each step's values; absent where every step has one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<Vec<f64>>,
    /// How many values each step has; absent where every step has one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Vec<u64>>,
    /// The moving average of the means over all steps up to this one; absent without smoothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smooth: Option<Vec<f64>>,
}
