//! What each kind of event says. Field by field this is the wire format; `sdk/contract` holds one golden of each.

use serde::{Deserialize, Serialize};

use crate::limits::{FieldError, MAX_TAGS, label, non_negative, optional_label, text};
use crate::score::check_path;
use crate::{Object, Score, Scores, Timestamp};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
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

/// The failures a step can show, the gravest first. The order is the priority of the effect drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Every kind, the gravest first.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStarted {
    /// Name shown to people.
    pub name: String,
    /// Project it belongs to.
    pub project: String,
    /// What sort of run: `grpo`, `sft`, `evaluation`, ... free text.
    pub kind: String,
    /// Identity of the agent under training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What is attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Labels to filter by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Hyperparameters and other configuration.
    #[serde(default)]
    pub config: Object,
    /// Anything else.
    #[serde(default)]
    pub metadata: Object,
}

/// `run.status`: the run's status changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStatus {
    /// The new status.
    pub status: Status,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `run.finished`: the run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFinished {
    /// A final status.
    pub status: Status,
    /// Totals the producer wants to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Object>,
}

/// `episode.started`: one rollout on one task begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeStarted {
    /// What is attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Anything else.
    #[serde(default)]
    pub metadata: Object,
}

/// `episode.finished`: the rollout ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeFinished {
    /// How it ended.
    pub status: Status,
    /// Sum of rewards.
    #[serde(rename = "return", default, skip_serializing_if = "Option::is_none")]
    pub return_: Option<Score>,
    /// Wall time, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Cost in the producer's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A question put to a person while the run is paused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// Which guard asks, such as `HALLUCINATION_GUARD`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The question.
    pub question: String,
    /// The answers offered.
    #[serde(default)]
    pub options: Vec<String>,
    /// The answer the producer expects; never shown to the person who is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_answer: Option<String>,
}

/// `snapshot.scored`: one call of the whole rubric on one action. The event's `step` says which.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotScored {
    /// Scores of the paths evaluated in this call, `root` included.
    pub scores: Scores,
    /// Paths of the tree that this call skipped.
    #[serde(default)]
    pub not_evaluated: Vec<String>,
    /// Failures the producer names itself, where there are no scores to judge by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureKind>,
    /// What the agent did, as text.
    #[serde(default)]
    pub action: String,
    /// What the agent saw, as text.
    #[serde(default)]
    pub observation: String,
    /// How long the evaluation took, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    pub timestamp: Option<String>,
    /// Top-level keys of the snapshot an origin client posted, in its order, so that its viewers get it back as
    /// it was posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posted: Vec<String>,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// An error with its origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepError {
    /// Class or code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it said.
    pub message: String,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceback: Option<String>,
}

/// `step.recorded`: one atomic thing the agent did; also a span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRecorded {
    /// What it is.
    pub step_kind: StepKind,
    /// Tool or function name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 8-byte span id in hex.
    pub span_id: String,
    /// Span it happened inside of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

/// What a later score is about. A step is named by the event's own `step` (and `episode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ScoreTarget {
    Step,
    Episode,
    Run,
}

/// `score.added`: a score that came later, or from a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreAdded {
    /// What it scores.
    pub target: ScoreTarget,
    /// Rubric path.
    pub path: String,
    /// The score.
    pub value: Score,
    /// A word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// Who scored: a rubric, a judge model, a person.
    pub source: String,
}

/// `artifact.added`: a blob tied to the run, episode or step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactAdded {
    /// File name.
    pub name: String,
    /// Media type.
    pub mime_type: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content, lowercase hex.
    pub sha256: String,
    /// What it is for.
    pub role: String,
}

/// What a person tells the training side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandIssued {
    /// Names the command; delivered until acknowledged under this id.
    pub command_id: String,
    /// What to do.
    pub action: Action,
    /// Its parameters: rubric parameters for `tweak`, `{"answer": "..."}` for `answer`.
    #[serde(default)]
    pub parameters: Object,
    /// Who issued it.
    pub author: String,
}

/// `command.applied`: the training side did it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandApplied {
    /// Which command.
    pub command_id: String,
    /// What came of it.
    pub result: String,
}

/// `challenge.answered`: a person answered a paused step's question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeAnswered {
    /// The answer, one of the options.
    pub answer: String,
    /// Who answered.
    pub author: String,
    /// Whether it was the expected one, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correct: Option<bool>,
}

/// Steps a note speaks of, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRange {
    /// First step.
    pub from: u32,
    /// Last step.
    pub to: u32,
}

/// `annotation.added`: a person's note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnotationAdded {
    /// The note.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// Steps it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<StepRange>,
}

/// `gap`: events were lost before they reached the log; said aloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// How many.
    pub lost: u64,
    /// Why.
    pub reason: String,
}

/// Checks what types alone cannot: lengths, ranges, shapes.
pub(crate) trait Check {
    fn check(&self) -> Result<(), FieldError> {
        Ok(())
    }
}

fn opt_label(field: &str, value: &Option<String>) -> Result<(), FieldError> {
    value.as_deref().map_or(Ok(()), |v| optional_label(field, v))
}

fn opt_text(field: &str, value: &Option<String>) -> Result<(), FieldError> {
    value.as_deref().map_or(Ok(()), |v| text(field, v))
}

pub(crate) fn tags(field: &str, tags: &[String]) -> Result<(), FieldError> {
    if tags.len() > MAX_TAGS {
        return Err(FieldError::new(
            field,
            format!("has {} tags; at most {MAX_TAGS} are allowed", tags.len()),
        ));
    }
    tags.iter().enumerate().try_for_each(|(i, t)| label(&format!("{field}[{i}]"), t))
}

fn hex(field: &str, text: &str, digits: usize) -> Result<(), FieldError> {
    if text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Ok(());
    }
    Err(FieldError::new(field, format!("{text:?} is not {digits} lowercase hexadecimal digits")))
}

impl Check for RunStarted {
    fn check(&self) -> Result<(), FieldError> {
        label("name", &self.name)?;
        label("project", &self.project)?;
        label("kind", &self.kind)?;
        opt_label("agent", &self.agent)?;
        opt_label("task", &self.task)?;
        tags("tags", &self.tags)
    }
}

impl Check for RunStatus {
    fn check(&self) -> Result<(), FieldError> {
        opt_text("reason", &self.reason)
    }
}

impl Check for RunFinished {
    fn check(&self) -> Result<(), FieldError> {
        if self.status.is_final() {
            return Ok(());
        }
        let found = self.status.as_str();
        Err(FieldError::new(
            "status",
            format!("{found:?} does not end a run; use completed, failed, timed_out or cancelled"),
        ))
    }
}

impl Check for EpisodeStarted {
    fn check(&self) -> Result<(), FieldError> {
        opt_label("task", &self.task)
    }
}

impl Check for EpisodeFinished {
    fn check(&self) -> Result<(), FieldError> {
        non_negative("latency_ms", self.latency_ms)?;
        non_negative("cost", self.cost)?;
        opt_text("error", &self.error)
    }
}

impl Check for SnapshotScored {
    fn check(&self) -> Result<(), FieldError> {
        for (i, path) in self.not_evaluated.iter().enumerate() {
            check_path(path).map_err(|e| FieldError::new(format!("not_evaluated[{i}]"), e.message))?;
            if self.scores.get(path).is_some() {
                return Err(FieldError::new(
                    format!("not_evaluated[{i}]"),
                    format!("{path:?} also has a score"),
                ));
            }
        }
        if self.not_evaluated.len() > crate::MAX_SCORES {
            return Err(FieldError::new(
                "not_evaluated",
                format!("names more than {} paths", crate::MAX_SCORES),
            ));
        }
        text("action", &self.action)?;
        text("observation", &self.observation)?;
        non_negative("duration_ms", self.duration_ms)?;
        opt_label("timestamp", &self.timestamp)?;
        for (i, key) in self.posted.iter().enumerate() {
            if !crate::snapshot::KEYS.contains(&key.as_str()) || self.posted[..i].contains(key) {
                let message = format!("{key:?} is not a key of a snapshot, each named once");
                return Err(FieldError::new(format!("posted[{i}]"), message));
            }
        }
        let Some(challenge) = &self.challenge else { return Ok(()) };
        label("challenge.type", &challenge.kind)?;
        text("challenge.question", &challenge.question)?;
        opt_text("challenge.expected_answer", &challenge.expected_answer)?;
        challenge
            .options
            .iter()
            .enumerate()
            .try_for_each(|(i, o)| label(&format!("challenge.options[{i}]"), o))
    }
}

impl Check for StepRecorded {
    fn check(&self) -> Result<(), FieldError> {
        opt_label("name", &self.name)?;
        hex("span_id", &self.span_id, 16)?;
        self.parent_span_id.as_deref().map_or(Ok(()), |p| hex("parent_span_id", p, 16))?;
        if self.ended_at.is_some_and(|end| end < self.started_at) {
            return Err(FieldError::new("ended_at", "is before started_at"));
        }
        let Some(error) = &self.error else { return Ok(()) };
        label("error.type", &error.kind)?;
        text("error.message", &error.message)?;
        opt_text("error.traceback", &error.traceback)
    }
}

impl Check for ScoreAdded {
    fn check(&self) -> Result<(), FieldError> {
        check_path(&self.path).map_err(|e| FieldError::new("path", e.message))?;
        opt_label("label", &self.label)?;
        opt_text("explanation", &self.explanation)?;
        label("source", &self.source)
    }
}

impl Check for ArtifactAdded {
    fn check(&self) -> Result<(), FieldError> {
        label("name", &self.name)?;
        label("mime_type", &self.mime_type)?;
        label("role", &self.role)?;
        hex("sha256", &self.sha256, 64)
    }
}

impl Check for CommandIssued {
    fn check(&self) -> Result<(), FieldError> {
        label("command_id", &self.command_id)?;
        label("author", &self.author)
    }
}

impl Check for CommandApplied {
    fn check(&self) -> Result<(), FieldError> {
        label("command_id", &self.command_id)?;
        text("result", &self.result)
    }
}

impl Check for ChallengeAnswered {
    fn check(&self) -> Result<(), FieldError> {
        label("answer", &self.answer)?;
        label("author", &self.author)
    }
}

impl Check for AnnotationAdded {
    fn check(&self) -> Result<(), FieldError> {
        text("text", &self.text)?;
        label("author", &self.author)?;
        match self.range {
            Some(r) if r.from > r.to => {
                Err(FieldError::new("range", format!("from {} is after to {}", r.from, r.to)))
            }
            _ => Ok(()),
        }
    }
}

impl Check for Gap {
    fn check(&self) -> Result<(), FieldError> {
        label("reason", &self.reason)
    }
}
