//! Events of a run and of its episodes: begun, changed, ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::{FieldError, MAX_LABEL_BYTES, MAX_TAGS, MAX_TEXT_BYTES};
use crate::{FailureRules, Object, Score};

/// The status of a run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Created, nothing has happened yet.
    #[default]
    Pending,
    /// Events are arriving.
    Running,
    /// Waiting for a person's command.
    Paused,
    /// Ended well.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended by a time limit.
    TimedOut,
    /// Ended by a person.
    Cancelled,
}

impl Status {
    /// Every status, in order.
    pub const ALL: [Status; 7] = [
        Status::Pending,
        Status::Running,
        Status::Paused,
        Status::Completed,
        Status::Failed,
        Status::TimedOut,
        Status::Cancelled,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::TimedOut => "timed_out",
            Status::Cancelled => "cancelled",
        }
    }

    /// Whether it is an end that went wrong: an error, or a time limit. One that a person ended has not
    /// failed.
    pub fn is_failure(self) -> bool {
        matches!(self, Status::Failed | Status::TimedOut)
    }

    /// Whether nothing more is expected.
    pub fn is_final(self) -> bool {
        matches!(self, Status::Completed | Status::Failed | Status::TimedOut | Status::Cancelled)
    }
}

impl std::str::FromStr for Status {
    type Err = FieldError;
    fn from_str(word: &str) -> Result<Self, FieldError> {
        Self::ALL.into_iter().find(|s| s.as_str() == word).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|s| s.as_str()).collect();
            FieldError::new("status", format!("{word:?} is not one of {}", all.join(", ")))
        })
    }
}

/// The failures a step can show, the most severe first. The order is the priority of the effect drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A claim the context does not contain.
    Hallucination,
    /// The answer's form could not be read.
    Format,
    /// The agent declined to answer.
    Refusal,
    /// The answer contradicts its own reasoning.
    Inconsistency,
    /// Any other rubric below its threshold.
    Generic,
}

impl FailureKind {
    /// Every kind, the most severe first.
    pub const ALL: [FailureKind; 5] = [
        FailureKind::Hallucination,
        FailureKind::Format,
        FailureKind::Refusal,
        FailureKind::Inconsistency,
        FailureKind::Generic,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::Hallucination => "hallucination",
            FailureKind::Format => "format",
            FailureKind::Refusal => "refusal",
            FailureKind::Inconsistency => "inconsistency",
            FailureKind::Generic => "generic",
        }
    }
}

/// `run.started`: what the run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunStarted {
    /// Name shown to people.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub name: String,
    /// Project it belongs to.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub project: String,
    /// What sort of run: `grpo`, `sft`, `evaluation`, ... free text.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub kind: String,
    /// Identity of the agent under training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_LABEL_BYTES))]
    pub agent: Option<String>,
    /// What is attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_LABEL_BYTES))]
    pub task: Option<String>,
    /// Labels to filter by.
    #[serde(default)]
    #[schemars(length(max = MAX_TAGS), inner(length(min = 1, max = MAX_LABEL_BYTES)))]
    pub tags: Vec<String>,
    /// Hyperparameters and other configuration.
    #[serde(default)]
    pub config: Object,
    /// Anything else.
    #[serde(default)]
    pub metadata: Object,
    /// Which steps fail.
    #[serde(default, skip_serializing_if = "FailureRules::is_auto")]
    pub rules: FailureRules,
}

/// `run.status`: the run's status changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunStatus {
    /// The new status.
    pub status: Status,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub reason: Option<String>,
}

/// `run.finished`: the run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunFinished {
    /// A final status.
    #[schemars(extend("enum" = ["completed", "failed", "timed_out", "cancelled"]))]
    pub status: Status,
    /// Totals the producer wants to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Object>,
}

/// `episode.started`: one rollout on one task begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EpisodeStarted {
    /// What is attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_LABEL_BYTES))]
    pub task: Option<String>,
    /// Anything else.
    #[serde(default)]
    pub metadata: Object,
}

/// `episode.finished`: the rollout ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EpisodeFinished {
    /// How it ended.
    pub status: Status,
    /// Sum of rewards.
    #[serde(rename = "return", default, skip_serializing_if = "Option::is_none")]
    pub return_: Option<Score>,
    /// Wall time, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub latency_ms: Option<f64>,
    /// Cost in the producer's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cost: Option<f64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub error: Option<String>,
}
