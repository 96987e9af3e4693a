//! One step as the inspector of the run page shows it.

use gauntlet_api::{InspectedEvent, InspectedSnapshot, InspectedStep};
use gauntlet_model::{Body, Object, Record, RunId, unescape_html};
use gauntlet_store::{InEpisode, Store};
use serde_json::Value;

use crate::Error;
use crate::timeline::{self, ToHtml};

/// The snapshot `seq` of a step, with the step's other events that belong to it and the timeline of its
/// episode; `None` where the run has no such step.
///
/// # Errors
///
/// [`Error::Unavailable`] where the log cannot be read.
pub async fn step(
    store: &Store,
    run: &RunId,
    step: u64,
    seq: u64,
    to_html: ToHtml,
) -> Result<Option<InspectedStep>, Error> {
    let records = store.step(run, step, InEpisode::Any).await?;
    if records.is_empty() {
        return Ok(None);
    }
    let mut found = InspectedStep { step, ..InspectedStep::default() };
    let episode = records.iter().find(|record| record.seq == seq).and_then(|record| record.episode.as_ref());
    for record in &records {
        match record.event().as_ref().map(|e| e.body()) {
            Ok(Body::SnapshotScored(scored)) if record.seq == seq => {
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
                found.snapshot = Some(InspectedSnapshot {
                    seq: record.seq,
                    at: record.at,
                    received_at: record.received_at,
                    episode: record.episode.as_ref().map(ToString::to_string),
                    action: text(&scored.action),
                    observation: text(&scored.observation),
                    duration_ms: scored.duration_ms,
                    metadata,
                });
            }
            Ok(Body::SnapshotScored(_)) => found.others += 1,
            Ok(Body::StepRecorded(_)) if record.episode.is_some() => {}
            Ok(_) if record.episode.is_none() || record.episode.as_ref() == episode => {
                found.events.push(inspected(run, record, to_html));
            }
            Ok(_) => {}
            Err(error) => tracing::error!(seq = record.seq, %error, "a stored event breaks the rules"),
        }
    }
    if let Some(episode) = episode.filter(|_| found.snapshot.is_some()) {
        found.timeline = timeline::read(store, run, episode, 0..u64::MAX, to_html).await?;
    }
    Ok(Some(found))
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

fn inspected(run: &RunId, record: &Record, to_html: ToHtml) -> InspectedEvent {
    let body: Object = serde_json::from_str(&record.body).unwrap_or_default();
    let html = match record.event().as_ref().map(|event| event.body()) {
        Ok(Body::ArtifactAdded(artifact)) => Some((to_html.artifact)(run, artifact)),
        _ => None,
    };
    InspectedEvent { seq: record.seq, at: record.at, kind: record.kind.to_string(), body, html }
}
