//! A snapshot that has been read, before its step and episode are settled.

use gauntlet_model::{Object, SnapshotScored, StepError, StepKind, StepRecorded, Timestamp};
use serde_json::Value;

use crate::error::ImportError;
use crate::fields::{Fields, Step, insert_unique};
use crate::json_span::Members;

/// A snapshot that was read. Its step and episode are final only after the first pass.
pub(crate) struct Draft<'a> {
    pub fields: Fields<'a>,
    pub session: Option<String>,
    pub step: Option<Step>,
    pub at: Option<Timestamp>,
    pub body: SnapshotScored,
    /// The steps of the transcript before it, in order.
    pub before: Vec<TranscriptStep>,
    /// Whether it is an episode of its own, named by its session.
    pub is_episode: bool,
}

/// A step of a transcript; its time, episode and step number are those of the snapshot it leads to.
#[derive(Debug)]
pub(crate) struct TranscriptStep {
    pub kind: StepKind,
    pub name: Option<String>,
    pub span: String,
    pub payload: Object,
    pub error: Option<StepError>,
}

impl TranscriptStep {
    /// The body of its event.
    pub(crate) fn into_body(self, at: Timestamp) -> StepRecorded {
        StepRecorded {
            step_kind: self.kind,
            name: self.name,
            span_id: self.span,
            parent_span_id: None,
            started_at: at,
            ended_at: None,
            payload: self.payload,
            error: self.error,
            metadata: Object::new(),
        }
    }
}

/// Whether an object is an event of Gauntlet.
pub(crate) fn is_event(members: &Members<'_>) -> bool {
    members.get("kind").is_some() && members.get("body").is_some()
}

/// The snapshot of these fields. Unknown fields become metadata.
pub(crate) fn draft_from_fields(mut fields: Fields<'_>) -> Result<Draft<'_>, ImportError> {
    let session = fields.take_text("session_id");
    let step = fields.take_step("step")?;
    let scores = fields.take_scores("scores")?;
    let (scores, mut skipped) =
        scores.ok_or_else(|| fields.refuse("scores", "is missing", "rubric paths and finite numbers"))?;
    let (timestamp, at) = fields.take_time("timestamp").unzip();
    let is_paused = fields.take_flag("is_paused")?.unwrap_or(false);
    let challenge = fields.take_challenge()?;
    let named: Option<Vec<String>> = fields.take_as("not_evaluated", "a list of rubric paths")?;
    let mut not_evaluated = named.unwrap_or_default();
    skipped.retain(|path| !not_evaluated.contains(path));
    not_evaluated.append(&mut skipped);
    let failures = fields.take_as("failures", "a list of failure kinds")?.unwrap_or_default();
    let duration_ms = fields.take_number("duration_ms")?;
    let mut metadata = fields.take_object("metadata")?.map_or_else(Object::new, |inner| inner.left);
    let action = fields.take_text("action").unwrap_or_else(|| moved(&mut metadata, "action"));
    let observation = fields.take_text("observation").unwrap_or_else(|| moved(&mut metadata, "observation"));
    for (key, value) in std::mem::take(&mut fields.left) {
        insert_unique(&mut metadata, &key, value);
    }
    let body = SnapshotScored {
        scores,
        not_evaluated,
        failures,
        action,
        observation,
        duration_ms,
        is_paused,
        challenge,
        metadata,
        timestamp,
        posted: Vec::new(),
    };
    Ok(Draft { fields, session, step, at, body, before: Vec::new(), is_episode: false })
}

/// Takes a text out of a snapshot's metadata, where hubs put it.
fn moved(metadata: &mut Object, key: &str) -> String {
    match metadata.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned) {
        Some(text) => {
            metadata.shift_remove(key);
            text
        }
        None => String::new(),
    }
}
