//! One step as the inspector of the run page shows it.

use gauntlet_api::{InspectedEvent, InspectedSnapshot, InspectedStep};
use gauntlet_model::{Body, Object, Record, RunId, unescape_html};
use gauntlet_store::Store;
use serde_json::Value;

use crate::Error;
use crate::timeline::{self, ToHtml, cut};

/// Events of a step that are sent at once; more are read when they are asked for.
const PAGE_EVENTS: u32 = 200;

/// The snapshot `seq` of a step, with the first of the step's other events that belong to it and the timeline
/// of its episode; with `after`, only the events after that one. `None` where the run has no such step.
///
/// # Errors
///
/// [`Error::Unavailable`] where the log cannot be read.
pub async fn step(
    store: &Store,
    run: &RunId,
    step: u64,
    (seq, after): (u64, Option<u64>),
    to_html: ToHtml,
) -> Result<Option<InspectedStep>, Error> {
    let record = store.read(run, seq.checked_sub(1), 1, None).await?.records.into_iter().next();
    let record = record.filter(|record| record.seq == seq && record.step == Some(step));
    let episode = record.as_ref().and_then(|record| record.episode.as_ref());
    let part = store.step_events(run, step, episode, after, PAGE_EVENTS).await?;
    if part.total == 0 && part.snapshots == 0 {
        return Ok(None);
    }
    let mut found = InspectedStep { step, events_total: part.total, ..InspectedStep::default() };
    found.events = part.events.iter().map(|record| inspected_event(run, record, to_html)).collect();
    if after.is_some() {
        return Ok(Some(found));
    }
    found.snapshot = record.as_ref().and_then(inspected_snapshot);
    found.others = part.snapshots - u64::from(found.snapshot.is_some()).min(part.snapshots);
    if let Some(episode) = episode.filter(|_| found.snapshot.is_some()) {
        found.timeline = timeline::read(store, run, episode, 0..u64::MAX, to_html).await?;
    }
    Ok(Some(found))
}

/// A scored snapshot with its texts; `None` of another event.
fn inspected_snapshot(record: &Record) -> Option<InspectedSnapshot> {
    let broken = |error: &_| tracing::error!(seq = record.seq, %error, "a stored event breaks the rules");
    let event = record.event().inspect_err(broken).ok()?;
    let Body::SnapshotScored(scored) = event.body() else { return None };
    let mut metadata = scored.metadata.clone();
    metadata.retain(|key, _| key != "action" && key != "observation");
    let is_escaped = !scored.posted.is_empty();
    if is_escaped {
        metadata.values_mut().for_each(unescape_strings);
    }
    let text = |text: &str| match is_escaped {
        true => unescape_html(text).into_owned(),
        false => text.to_owned(),
    };
    Some(InspectedSnapshot {
        seq: record.seq,
        at: record.at,
        received_at: record.received_at,
        episode: record.episode.as_ref().map(ToString::to_string),
        action: text(&scored.action),
        observation: text(&scored.observation),
        duration_ms: scored.duration_ms,
        metadata,
    })
}

/// Undoes an origin client's escapes in every string of a value.
fn unescape_strings(value: &mut Value) {
    match value {
        Value::String(text) => *text = unescape_html(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(unescape_strings),
        Value::Object(members) => members.values_mut().for_each(unescape_strings),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn inspected_event(run: &RunId, record: &Record, to_html: ToHtml) -> InspectedEvent {
    let body: Object = serde_json::from_str(&record.body).unwrap_or_default();
    let html = match record.event().as_ref().map(|event| event.body()) {
        Ok(Body::ArtifactAdded(artifact)) => Some((to_html.artifact)(run, artifact)),
        _ => None,
    };
    let text = |value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let members = body.into_iter().map(|(key, value)| (key, cut(text(value)))).collect();
    InspectedEvent { seq: record.seq, at: record.at, kind: record.kind.to_string(), members, html }
}
