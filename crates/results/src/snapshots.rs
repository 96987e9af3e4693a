//! Snapshots in a list: under `snapshots`, in a bare array, or one a line; events of our own may stand among
//! them. Hubs write such lists in order of arrival, sometimes an entry twice, sometimes several sessions.

use gauntlet_model::{Object, SnapshotScored, Timestamp};
use serde_json::Value;

use crate::error::ImportError;
use crate::fields::{Fields, keep};
use crate::import::{Context, Read};
use crate::piece::{Members, Piece};
use crate::rows::Pieces;
use crate::survey::Survey;

/// A snapshot that has been read; its step and episode are settled once all are known.
pub(crate) struct Draft<'a> {
    pub fields: Fields<'a>,
    pub session: Option<String>,
    pub step: Option<u64>,
    pub at: Option<Timestamp>,
    pub body: SnapshotScored,
}

/// Whether an object is a snapshot or an event of ours.
pub(crate) fn is_item(members: &Members<'_>) -> bool {
    members.get("scores").is_some() || is_event(members)
}

/// Whether an object is an event of ours.
pub(crate) fn is_event(members: &Members<'_>) -> bool {
    members.get("kind").is_some() && members.get("body").is_some()
}

/// `{"snapshots": [...]}` and whatever stands beside it.
pub(crate) fn of_object(top: &Members<'_>, context: &mut Context<'_>) -> Result<Read, ImportError> {
    let items = top.get("snapshots").map_or(Ok(Vec::new()), Piece::items)?;
    list(items, top.others(&["snapshots"])?, "snapshots", context)
}

/// A bare list: an array's elements or a file's lines.
pub(crate) fn of_pieces(items: Vec<Piece<'_>>, context: &mut Context<'_>) -> Result<Read, ImportError> {
    list(items, Object::new(), "list of snapshots", context)
}

fn list(
    items: Vec<Piece<'_>>,
    facts: Object,
    shape: &'static str,
    context: &mut Context<'_>,
) -> Result<Read, ImportError> {
    let mut survey = Survey::of_list(Pieces::new(items.clone()), context.now, shape, facts);
    while survey.advance()? {}
    let plan = survey.plan(context.name)?;
    context.warnings.extend(plan.warnings().iter().cloned());
    let events =
        plan.replay(Box::new(Pieces::new(items)), &mut *context.ids).collect::<Result<Vec<_>, _>>()?;
    Ok(Read { spec: plan.spec().clone(), notes: plan.notes().to_owned(), events })
}

/// The snapshot these fields are. Fields it does not know stay, as metadata.
pub(crate) fn of_fields(mut fields: Fields<'_>) -> Result<Draft<'_>, ImportError> {
    let session = fields.take_text("session_id");
    let step = fields.take_step("step")?;
    let scores = fields.take_scores("scores")?;
    let scores =
        scores.ok_or_else(|| fields.refuse("scores", "is missing", "rubric paths and finite numbers"))?;
    let (timestamp, at) = fields.take_time("timestamp")?.unzip();
    let is_paused = fields.take_flag("is_paused")?.unwrap_or(false);
    let challenge = fields.take_challenge()?;
    let not_evaluated = fields.take_as("not_evaluated", "a list of rubric paths")?.unwrap_or_default();
    let failures = fields.take_as("failures", "a list of failure kinds")?.unwrap_or_default();
    let duration_ms = fields.take_as("duration_ms", "milliseconds")?;
    let mut metadata = fields.take_object("metadata")?.map_or_else(Object::new, |inner| inner.left);
    let action = fields.take_text("action").unwrap_or_else(|| moved(&mut metadata, "action"));
    let observation = fields.take_text("observation").unwrap_or_else(|| moved(&mut metadata, "observation"));
    for (key, value) in std::mem::take(&mut fields.left) {
        keep(&mut metadata, &key, value);
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
    Ok(Draft { fields, session, step, at, body })
}

/// A text that hubs keep in a snapshot's metadata, moved out of it.
fn moved(metadata: &mut Object, key: &str) -> String {
    match metadata.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned) {
        Some(text) => {
            metadata.shift_remove(key);
            text
        }
        None => String::new(),
    }
}
