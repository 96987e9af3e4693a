//! A rubric's history.

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
