//! A run as it is created, changed, and listed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::body::{RunStarted, Severity, Status, tags};
use crate::fnv::fnv1a_128;
use crate::limits::{FieldError, label, text};
use crate::{Contact, EventId, FailureRules, Object, RuleInForce, RunId, Timestamp};

/// The project of a run that names none.
pub const DEFAULT_PROJECT: &str = "default";

/// What a client says to create a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// Its id; the server makes one where the client names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RunId>,
    /// Name shown to people.
    pub name: String,
    /// Project; `default` where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What sort of run; `training` where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Agent under training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What is attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Configuration.
    #[serde(default)]
    pub config: Object,
    /// Anything else.
    #[serde(default)]
    pub metadata: Object,
    /// Which steps fail; `auto` where nothing is asked for.
    #[serde(default, skip_serializing_if = "FailureRules::is_auto")]
    pub rules: FailureRules,
}

impl RunSpec {
    /// A spec with a name and nothing else.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            id: None,
            name: name.into(),
            project: None,
            kind: None,
            agent: None,
            task: None,
            tags: Vec::new(),
            config: Object::new(),
            metadata: Object::new(),
            rules: FailureRules::Auto,
        }
    }

    /// The body of the `run.started` event this creates.
    pub fn started(self) -> RunStarted {
        RunStarted {
            name: self.name,
            project: self.project.unwrap_or_else(|| DEFAULT_PROJECT.to_owned()),
            kind: self.kind.unwrap_or_else(|| "training".to_owned()),
            agent: self.agent,
            task: self.task,
            tags: self.tags,
            config: self.config,
            metadata: self.metadata,
            rules: self.rules,
        }
    }
}

/// A change of what people wrote about a run. Absent fields stay.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunPatch {
    /// New name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// New notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// New status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// New rules of which steps fail; every step is judged again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<FailureRules>,
}

impl RunPatch {
    /// Checks lengths.
    pub fn check(&self) -> Result<(), FieldError> {
        self.name.as_deref().map_or(Ok(()), |n| label("name", n))?;
        self.notes.as_deref().map_or(Ok(()), |n| text("notes", n))?;
        self.tags.as_deref().map_or(Ok(()), |t| tags("tags", t))
    }
}

/// A run as lists and headers show it: a projection of its log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// Name shown to people.
    pub name: String,
    /// Project.
    pub project: String,
    /// What sort of run.
    pub kind: String,
    /// Agent, if named.
    pub agent: Option<String>,
    /// Task, if named.
    pub task: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// People's notes.
    pub notes: String,
    /// Configuration.
    pub config: Object,
    /// Anything else.
    pub metadata: Object,
    /// Its status.
    pub status: Status,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its last event was received.
    pub updated_at: Timestamp,
    /// Events in its log; also the sequence number the next one gets.
    pub head: u64,
    /// Scored steps. A step of an episode counts once, however often it is scored.
    pub steps: u64,
    /// Episodes begun.
    pub episodes: u64,
    /// Root score of the last snapshot that has one, if any; later scores applied, as in the two below.
    pub last_root: Option<f64>,
    /// Mean root score over scored steps, if any.
    pub mean_root: Option<f64>,
    /// Scored steps that fail, by the rule in force.
    pub failing: u64,
    /// Which steps fail, as it was asked for.
    #[serde(default)]
    pub rules: FailureRules,
    /// The rule in force.
    #[serde(default)]
    pub failure_rule: RuleInForce,
    /// The greatest step that was logged, without those within episodes; a resumed run goes on after it.
    #[serde(default)]
    pub last_step: Option<u64>,
    /// Its alerts.
    #[serde(default)]
    pub alerts: u64,
    /// The most severe of its alerts.
    #[serde(default)]
    pub alert_severity: Option<Severity>,
    /// When somebody who writes the run was last heard of; `null` once it has ended.
    #[serde(default)]
    pub contact: Option<Contact>,
}

impl RunSummary {
    /// The idempotency key of the run's `run.started`: made from the run's id, so that creating it twice says
    /// it once.
    pub fn started_event_id(run: &RunId) -> EventId {
        EventId::from_u128(fnv1a_128(run.as_str().bytes()))
    }
}
