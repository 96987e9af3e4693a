//! What is added to a run beside its steps: scores, artifacts, commands, notes, alerts, gaps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::{FieldError, MAX_LABEL_BYTES, MAX_PATH_BYTES, MAX_TEXT_BYTES};
use crate::{Object, Score};

/// What a later score is about. A step is named by the event's own `step` (and `episode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ScoreTarget {
    Step,
    Episode,
    Run,
}

/// `score.added`: a score that came later, or from a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreAdded {
    /// What it scores.
    pub target: ScoreTarget,
    /// Rubric path.
    #[schemars(length(min = 1, max = MAX_PATH_BYTES))]
    pub path: String,
    /// The score.
    pub value: Score,
    /// A word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_LABEL_BYTES))]
    pub label: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub explanation: Option<String>,
    /// Who scored: a rubric, a judge model, a person.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub source: String,
}

/// `artifact.added`: a blob tied to the run, episode or step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtifactAdded {
    /// File name.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub name: String,
    /// Media type.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub mime_type: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content, lowercase hex.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
    /// What it is for.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub role: String,
}

/// What a person tells the training side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Action {
    Pause,
    Resume,
    Tweak,
    Answer,
    Stop,
}

impl Action {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Pause => "pause",
            Action::Resume => "resume",
            Action::Tweak => "tweak",
            Action::Answer => "answer",
            Action::Stop => "stop",
        }
    }
}

/// `command.issued`: a person intervened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandIssued {
    /// Names the command; delivered until acknowledged under this id.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub command_id: String,
    /// What to do.
    pub action: Action,
    /// Its parameters: rubric parameters for `tweak`, `{"answer": "..."}` for `answer`.
    #[serde(default)]
    pub parameters: Object,
    /// Who issued it.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub author: String,
}

/// `command.applied`: the training side did it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandApplied {
    /// Which command.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub command_id: String,
    /// The result.
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub result: String,
}

/// `challenge.answered`: a person answered a paused step's question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChallengeAnswered {
    /// The answer, one of the options.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub answer: String,
    /// Who answered.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub author: String,
    /// Whether it was the expected one, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correct: Option<bool>,
}

/// Steps a note speaks of, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepRange {
    /// First step.
    pub from: u64,
    /// Last step.
    pub to: u64,
}

/// `annotation.added`: a person's note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnotationAdded {
    /// The note.
    #[schemars(length(max = MAX_TEXT_BYTES))]
    pub text: String,
    /// Who wrote it.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub author: String,
    /// Steps it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<StepRange>,
}

/// The severity of an alert.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Severity {
    Info,
    #[default]
    Warning,
    Error,
}

impl Severity {
    /// Every severity, the mildest first.
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Error];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl std::str::FromStr for Severity {
    type Err = FieldError;
    fn from_str(word: &str) -> Result<Self, FieldError> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            FieldError::new("severity", format!("{word:?} is not one of {all}"))
        })
    }
}

/// `alert.raised`: a monitor's rule began to hold, or the training code called for attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertRaised {
    /// What people read.
    #[schemars(length(min = 1, max = MAX_TEXT_BYTES))]
    pub text: String,
    /// Its severity.
    pub severity: Severity,
    /// The name of the monitor that raised it; absent where the producer of the run did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub monitor: Option<String>,
    /// The rule of that monitor at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub rule: Option<String>,
}

/// `gap`: events were lost before they reached the log; said aloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// How many.
    pub lost: u64,
    /// Why.
    #[schemars(length(min = 1, max = MAX_LABEL_BYTES))]
    pub reason: String,
}
