//! Monitors: rules over the values of each run of a project.

use gauntlet_model::{Severity, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule to save, or to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonitorRequest {
    /// The rule, such as `mean(loss, 20) > 3`.
    #[schemars(length(min = 1, max = 500))]
    pub rule: String,
    /// How grave its alerts are.
    #[serde(default)]
    pub severity: Severity,
    /// Least seconds between two alerts in one run; 600 where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_secs: Option<u32>,
}

/// A rule that watches the runs of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Monitor {
    /// The project.
    pub project: String,
    /// Its name, the only one of its project.
    pub name: String,
    /// The rule.
    pub rule: String,
    /// How grave its alerts are.
    pub severity: Severity,
    /// Least seconds between two alerts in one run.
    pub cooldown_secs: u32,
    /// When it was saved. What was received before raises no alert.
    pub saved_at: Timestamp,
}

/// Where a rule would have raised alerts in a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct MonitorTrial {
    /// The events that were looked at.
    pub events: u64,
    /// How often it would have raised an alert.
    pub total: u64,
    /// The first 1,000 of them.
    pub firings: Vec<MonitorFiring>,
}

/// A place at which a rule would have raised an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MonitorFiring {
    /// The step.
    pub step: Option<u64>,
    /// The event that decided it.
    pub seq: u64,
    /// The time of that event.
    pub at: Timestamp,
    /// What the functions of the rule computed, such as `mean(loss, 20) = 3.2`.
    pub values: String,
}
