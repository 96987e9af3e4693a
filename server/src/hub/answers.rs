//! What the hub's paths answer, in the shapes that its unmodified clients know.

use gauntlet_model::{FieldError, Object, RunId, Scores, Snapshot, SnapshotError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::extract::Json;

/// A hub that runs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubHealth")]
pub struct Health {
    /// Always `healthy`.
    pub status: &'static str,
    /// Always `observability_hub`.
    pub service: &'static str,
}

/// What was posted is kept.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubAccepted")]
pub(super) struct Accepted {
    /// Always `ok`.
    pub status: &'static str,
}

impl Accepted {
    /// The only one there is.
    pub(super) const OK: Self = Self { status: "ok" };
}

/// Every session.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubSessions")]
pub struct Sessions {
    /// The sessions.
    pub sessions: Vec<Session>,
}

/// A session: a run, as the hub calls it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubSession")]
pub struct Session {
    /// The run's id.
    pub session_id: RunId,
    /// Metadata of its last step.
    pub metadata: Object,
    /// Scored steps.
    pub step_count: u64,
}

/// The snapshots of a session. Written one by one, so that it is a type for the document only.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "HubSessionData")]
#[allow(dead_code, reason = "describes what is written bit by bit")]
pub(super) struct SessionData {
    /// The run's id.
    session_id: String,
    /// Its snapshots, by step.
    snapshots: Vec<Object>,
}

/// A step that two sessions have.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubPair")]
pub(super) struct Pair {
    /// The step.
    pub step: u64,
    /// Its snapshot in the SFT session.
    #[schemars(with = "Object")]
    pub sft: Snapshot,
    /// Its snapshot in the GRPO session.
    #[schemars(with = "Object")]
    pub grpo: Snapshot,
    /// What GRPO's root score gained over SFT's, where both have one.
    pub delta: Option<f64>,
}

/// Two sessions side by side. Written pair by pair, so that it is a type for the document only.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "HubComparison")]
#[allow(dead_code, reason = "describes what is written bit by bit")]
pub(super) struct Comparison {
    /// The one session.
    sft: String,
    /// The other.
    grpo: String,
    /// The steps both have.
    pairs: Vec<Pair>,
}

/// A task before and after. Written pair by pair, so that it is a type for the document only.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "HubEvolution")]
#[allow(dead_code, reason = "describes what is written bit by bit")]
pub(super) struct Evolution {
    /// The task.
    task_id: String,
    /// The steps that its newest SFT and its newest GRPO session both have.
    pairs: Vec<Pair>,
}

/// What a search found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubSearch")]
pub(super) struct Found {
    /// What was looked for.
    pub query: String,
    /// Whether any of the words is enough, by their stems.
    pub semantic: bool,
    /// The snapshots, best first.
    pub results: Vec<FoundSnapshot>,
}

/// A snapshot that was found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubSearchResult")]
pub(super) struct FoundSnapshot {
    /// Its event's id.
    pub id: String,
    /// Its session.
    pub session_id: RunId,
    /// Its step.
    pub step: u64,
    /// Its scores.
    pub scores: Scores,
    /// Its metadata.
    pub metadata: Object,
    /// `keyword` where all words match, `expanded_keyword` where any does.
    pub search_type: &'static str,
    /// Its rank against the best one's, 0 to 1.
    pub similarity: f64,
}

/// Snapshots as context for a prompt.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubContext")]
pub(super) struct Context {
    /// What was looked for.
    pub query: String,
    /// The best matches as text.
    pub context: String,
}

/// A command as the hub's clients know it.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HubCommand")]
pub struct Command {
    /// `RESUME`, `TWEAK`, or another action in capitals; `NONE` where no command is pending.
    pub action: String,
    /// Parameters and their new values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tweak: Option<Object>,
}

/// A snapshot, as it is posted.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "HubSnapshot")]
#[allow(dead_code, reason = "the model reads snapshots; this describes them")]
pub(super) struct PostedSnapshot {
    /// The step.
    step: u64,
    /// Scores by rubric.
    scores: Scores,
    /// Anything else.
    metadata: Option<Object>,
}

/// A refusal, in the shape that the hub's clients know.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubError")]
pub(super) struct Refusal {
    /// What is wrong.
    pub detail: Vec<Detail>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HubErrorDetail")]
pub(super) struct Detail {
    /// A word for machines, such as `missing`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where it is: `body` or `query`, then the path of the field.
    pub loc: Vec<String>,
    /// A sentence for people.
    pub msg: String,
    /// What was found there.
    pub input: Value,
}

impl Refusal {
    /// A refusal of one part of `place`, which is `body` or `query`.
    pub(super) fn new(kind: &'static str, place: &str, path: Vec<String>, msg: String, input: Value) -> Self {
        let loc = std::iter::once(place.to_owned()).chain(path).collect();
        Self { detail: vec![Detail { kind, loc, msg, input }] }
    }

    /// A refusal of one field of the body.
    pub(super) fn of_field(kind: &'static str, error: &FieldError, input: Value) -> Self {
        let path = error.field.split('.').map(str::to_owned).filter(|part| !part.is_empty()).collect();
        Self::of_snapshot(&SnapshotError {
            kind,
            loc: path,
            message: error.message.clone(),
            input: Box::new(input),
        })
    }

    /// A refusal of a snapshot.
    pub(super) fn of_snapshot(error: &SnapshotError) -> Self {
        let input = (*error.input).clone();
        Self::new(error.kind, "body", error.loc.clone(), error.to_string(), input)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json::<Self>(self)).into_response()
    }
}
