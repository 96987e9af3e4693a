//! What the values of a run came to, as lists of runs show it.

use gauntlet_model::{RunId, Status};

/// What the values of one rubric or measurement came to.
#[derive(Debug, Clone, PartialEq)]
pub struct PathTotals {
    /// The rubric or measurement.
    pub path: String,
    /// Mean over the rollouts of the last step.
    pub last: f64,
    /// Mean over all values.
    pub mean: f64,
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
}

/// What the values of a run came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Projection {
    /// Events of the log that it is made of.
    pub head: u64,
    /// Every path with a value.
    pub paths: Vec<PathTotals>,
    /// The root score over the steps: few means, in order.
    pub sparkline: Vec<f64>,
}

/// A run with more events than its stored projection is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct StaleRun {
    /// The run.
    pub run: RunId,
    /// Events in its log.
    pub head: u64,
    /// Its status.
    pub status: Status,
}
