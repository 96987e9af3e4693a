//! Monitors, what their webhooks failed with, and alerts as lists show them: what the database returns and
//! the API answers. Rules are texts here; `crates/monitor` parses and evaluates them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Action, EventId, FieldError, RunId, Severity, Timestamp};

/// A rule that watches the runs of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Monitor {
    /// The project.
    pub project: String,
    /// Its name, the only one of its project.
    pub name: String,
    /// The rule.
    pub rule: String,
    /// The severity of its alerts.
    pub severity: Severity,
    /// Least seconds between two alerts in one run.
    pub cooldown_secs: u32,
    /// When it was saved. What was received before raises no alert.
    pub saved_at: Timestamp,
    /// The address that each of its alerts is posted to.
    pub webhook: Option<String>,
    /// What the training side is told to do when it raises an alert.
    pub action: Option<MonitorAction>,
}

/// A command that a monitor issues with each of its alerts. The other commands need a person's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum MonitorAction {
    Pause,
    Stop,
}

impl MonitorAction {
    /// Every action.
    pub const ALL: [MonitorAction; 2] = [MonitorAction::Pause, MonitorAction::Stop];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        self.command().as_str()
    }

    /// What the command asks for.
    pub fn command(self) -> Action {
        match self {
            MonitorAction::Pause => Action::Pause,
            MonitorAction::Stop => Action::Stop,
        }
    }
}

impl std::str::FromStr for MonitorAction {
    type Err = FieldError;
    fn from_str(word: &str) -> Result<Self, FieldError> {
        Self::ALL.into_iter().find(|action| action.as_str() == word).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            FieldError::new("action", format!("{word:?} is not one of {all}"))
        })
    }
}

/// Why an alert was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookFailure {
    /// When it was tried.
    pub at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed.
    pub error: String,
    /// Whether it was given up.
    pub is_final: bool,
}

/// An alert of a run of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectAlert {
    /// Its id.
    pub id: EventId,
    /// The run.
    pub run: RunId,
    /// The name of the run.
    pub run_name: String,
    /// Its place in the log.
    pub seq: u64,
    /// The step that it is of.
    pub step: Option<u64>,
    /// Its time.
    pub at: Timestamp,
    /// What it says.
    pub text: String,
    /// Its severity.
    pub severity: Severity,
    /// The monitor that raised it; `null` where the producer of the run did.
    pub monitor: Option<String>,
}
