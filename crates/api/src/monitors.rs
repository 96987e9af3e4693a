//! Monitors: rules over the values of each run of a project.

use gauntlet_model::{Monitor, MonitorAction, RunId, Severity, Timestamp, WebhookFailure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule to save, or to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonitorRequest {
    /// The rule, such as `mean(loss, 20) > 3`.
    #[schemars(length(min = 1, max = 500))]
    pub rule: String,
    /// The severity of its alerts.
    #[serde(default)]
    pub severity: Severity,
    /// Least seconds between two alerts in one run; 600 where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_secs: Option<u32>,
    /// The `http:` or `https:` address that each alert is posted to; none where it is absent or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub webhook: Option<String>,
    /// What the training side is told to do with each of its alerts; nothing where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<MonitorAction>,
}

/// A monitor, and the state of its webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Monitor")]
pub struct ListedMonitor {
    /// The monitor.
    #[serde(flatten)]
    pub monitor: Monitor,
    /// The last failure of the webhook since it was last delivered to.
    pub webhook_failure: Option<WebhookFailure>,
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

/// Where a rule would have raised alerts in the newest runs of a project.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProjectTrial {
    /// The events that were looked at.
    pub events: u64,
    /// How often it would have raised an alert.
    pub total: u64,
    /// Whether there are runs or events that were not looked at.
    pub is_cut: bool,
    /// The newest 20 runs, as far as they were looked at.
    pub runs: Vec<RunTrial>,
}

/// Where a rule would have raised alerts in one of several runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunTrial {
    /// The run.
    pub run: RunId,
    /// The name of the run.
    pub run_name: String,
    /// How often it would have raised an alert.
    pub total: u64,
    /// The first 20 of them.
    pub firings: Vec<MonitorFiring>,
}
