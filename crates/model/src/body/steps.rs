//! Events of a step: what was scored, what was done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FailureKind;
use crate::limits::{MAX_LABEL_BYTES, MAX_PATH_BYTES, MAX_SCORES, MAX_TEXT_BYTES};
use crate::{Object, Scores, Timestamp};

/// The top-level keys a snapshot of the origin can have, in the order they are written in where none was
/// posted.
pub(crate) const SNAPSHOT_KEYS: [&str; 7] =
    ["session_id", "step", "scores", "timestamp", "is_paused", "challenge", "metadata"];

/// A question put to a person while the run is paused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// Which guard asks, such as `HALLUCINATION_GUARD`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub kind: String,
    /// The question.
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub question: String,
    /// The answers offered.
    #[serde(default)]
    #[schemars(inner(length(min = 1, max = MAX_LABEL_BYTES)))]
    pub options: Vec<String>,
    /// The answer the producer expects; never shown to the person who is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub expected_answer: Option<String>,
}

/// `snapshot.scored`: one call of the whole rubric on one action. The event's `step` says which.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotScored {
    /// Scores of the paths evaluated in this call, `root` included.
    pub scores: Scores,
    /// Paths of the tree that this call skipped.
    #[serde(default)]
    #[schemars(length(max = MAX_SCORES), inner(length(min = 1, max = MAX_PATH_BYTES)))]
    pub not_evaluated: Vec<String>,
    /// Failures the producer names itself, where there are no scores to judge by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureKind>,
    /// What the agent did, as text.
    #[serde(default)]
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub action: String,
    /// What the agent saw, as text.
    #[serde(default)]
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub observation: String,
    /// How long the evaluation took, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub duration_ms: Option<f64>,
    /// Whether the run waits here for a person.
    #[serde(default)]
    pub is_paused: bool,
    /// What the person is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// Anything else.
    #[serde(default)]
    pub metadata: Object,
    /// The time as an origin client wrote it, kept to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_LABEL_BYTES))]
    pub timestamp: Option<String>,
    /// Top-level keys of the snapshot an origin client posted, in its order, so that its viewers get it back
    /// as it was posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posted: Vec<String>,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum StepKind {
    Thought,
    ToolCall,
    ToolResult,
    Observation,
    Error,
    PlanUpdate,
    Message,
    Handoff,
    Decision,
    Reward,
    Tick,
}

impl StepKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::Thought => "thought",
            StepKind::ToolCall => "tool_call",
            StepKind::ToolResult => "tool_result",
            StepKind::Observation => "observation",
            StepKind::Error => "error",
            StepKind::PlanUpdate => "plan_update",
            StepKind::Message => "message",
            StepKind::Handoff => "handoff",
            StepKind::Decision => "decision",
            StepKind::Reward => "reward",
            StepKind::Tick => "tick",
        }
    }
}

/// An error with its origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepError {
    /// Class or code.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub kind: String,
    /// What it said.
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub message: String,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub traceback: Option<String>,
}

/// `step.recorded`: one atomic thing the agent did; also a span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepRecorded {
    /// What it is.
    pub step_kind: StepKind,
    /// Tool or function name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_LABEL_BYTES))]
    pub name: Option<String>,
    /// 8-byte span id in hex.
    #[schemars(regex(pattern = "^[0-9a-f]{16}$"))]
    pub span_id: String,
    /// Span it happened inside of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9a-f]{16}$"))]
    pub parent_span_id: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Its content.
    #[serde(default)]
    pub payload: Object,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
    /// Anything else.
    #[serde(default)]
    pub metadata: Object,
}
