//! Events and exports of Gauntlet, read back unchanged, with ids and order.

use gauntlet_model::{Event, EventId, RunSpec, Timestamp, decode_one};
use serde::Deserialize;

use crate::context::{Context, Head};
use crate::draft;
use crate::error::ImportError;
use crate::event_ids::{duplicate_id, fingerprint};
use crate::fields::Fields;
use crate::json_span::{JsonSpan, Members};
use crate::recent_keys::{RecentKeys, Seen};

/// The version of the `gauntlet` member that [`crate::write_results`] writes.
pub(crate) const EXPORT_VERSION: u32 = 1;

/// An event as the API accepts it.
pub(crate) fn event(span: JsonSpan<'_>) -> Result<Event, ImportError> {
    decode_one(span.raw).map_err(|e| {
        let mut error = span.refuse(e.message, "an event as `sdk/contract` describes it");
        let dot = if error.path.is_empty() || e.field.is_empty() { "" } else { "." };
        error.path = format!("{}{dot}{}", error.path, e.field);
        error
    })
}

/// The position of an exported record in the log.
#[derive(Deserialize)]
struct Placed {
    seq: Option<u64>,
}

/// The same for an exported snapshot.
#[derive(Deserialize)]
struct Enveloped {
    event: Option<Placed>,
}

/// Reads a report that [`crate::write_results`] wrote. `gauntlet` and `snapshots` hold the run; the rest is
/// for other viewers of reports.
pub(crate) fn read_export(
    top: &Members<'_>,
    ours: JsonSpan<'_>,
    context: &mut Context<'_>,
) -> Result<Head, ImportError> {
    let members = ours.members()?;
    let version = members.get("version").map(|v| v.raw);
    if version.and_then(|v| v.parse().ok()) != Some(EXPORT_VERSION) {
        let found = version.unwrap_or("missing");
        return Err(ours.refuse(format!("version is {found}"), format!("version {EXPORT_VERSION}")));
    }
    // Sorted by position first, so that only one record is parsed at a time.
    let mut places: Vec<(u64, bool, JsonSpan<'_>)> = Vec::new();
    for item in members.get("events").map_or(Ok(Vec::new()), JsonSpan::items)? {
        let placed: Option<Placed> = serde_json::from_str(item.raw).ok();
        let seq = placed.and_then(|placed| placed.seq);
        places.push((seq.ok_or_else(|| item.refuse("has no seq", "its position in the log"))?, false, item));
    }
    for item in top.get("snapshots").map_or(Ok(Vec::new()), JsonSpan::items)? {
        let placed: Option<Enveloped> = serde_json::from_str(item.raw).ok();
        let Some(event) = placed.and_then(|placed| placed.event) else {
            return Err(Fields::from_object(item)?.refuse("event", "is missing", "{seq, id, at}"));
        };
        let seq = event.seq;
        let missing = || {
            ImportError::new(format!("{}.event.seq", item.path()), "is missing", "its position in the log")
        };
        places.push((seq.ok_or_else(missing)?, true, item));
    }
    places.sort_by_key(|(seq, _, _)| *seq);
    let mut known: RecentKeys<EventId> = RecentKeys::default();
    let mut copies = 0_u64;
    for (_, is_snapshot, item) in places {
        let event = if is_snapshot { snapshot(item, context)? } else { event(item)? };
        match known.record(event.id(), fingerprint(&event)) {
            Seen::New => (context.emit)(event)?,
            Seen::Duplicate => copies += 1,
            Seen::Conflict => return Err(item.refuse(duplicate_id(event.id()), "an id for each event")),
        }
    }
    if copies > 0 {
        context.warnings.push(format!("{copies} events stand in the file twice; each was read once"));
    }
    let mut head =
        Fields::from_row(ours, String::new(), members.others(&["events", "version"], &mut context.repeats)?);
    let notes = head.take_text("notes").unwrap_or_default();
    let spec: Option<RunSpec> = head.take_as("run", "what the run is")?;
    let mut spec = spec.ok_or_else(|| head.refuse("run", "is missing", "what the run is"))?;
    spec.id = None;
    Ok(Head { spec, notes })
}

/// An exported snapshot: the body of the event as hubs write it, its other fields under `event`.
fn snapshot(span: JsonSpan<'_>, context: &mut Context<'_>) -> Result<Event, ImportError> {
    let mut fields = Fields::from_object(span)?;
    let Some(mut envelope) = fields.take_object("event")? else {
        return Err(fields.refuse("event", "is missing", "{seq, id, at}"));
    };
    envelope.take("seq");
    let id: Option<EventId> = envelope.take_as("id", "a UUID")?;
    let at: Option<Timestamp> = envelope.take_as("at", "an RFC 3339 time")?;
    let episode = envelope.take_as("episode", "a name")?;
    let posted = envelope.take_as("posted", "a list of keys")?.unwrap_or_default();
    let timed = envelope.take_flag("timed")?.unwrap_or(true);
    // If the client sent no time, `timestamp` is a copy of the event's time for viewers.
    let written = if timed { fields.left.shift_remove("timestamp") } else { None };
    fields.left.shift_remove("timestamp");
    let mut draft = draft::draft_from_fields(fields)?;
    draft.body.timestamp = written.and_then(|text| text.as_str().map(str::to_owned));
    draft.body.posted = posted;
    let body = std::mem::take(&mut draft.body);
    let id = id.unwrap_or_else(|| (context.ids)());
    draft.fields.event(id, at.unwrap_or(context.now), episode, draft.step, body)
}

/// A snapshot from a row of a table that Gauntlet wrote, with its id and time.
pub(crate) fn event_from_row(mut fields: Fields<'_>) -> Result<Event, ImportError> {
    let id: Option<EventId> = fields.take_as("id", "a UUID")?;
    let at: Option<Timestamp> = fields.take_as("at", "an RFC 3339 time")?;
    let episode = fields.take_as("episode", "a name")?;
    let written = fields.left.shift_remove("timestamp");
    let (Some(id), Some(at)) = (id, at) else {
        return Err(fields.refuse("id", "is missing", "an id and a time in each row"));
    };
    let mut draft = draft::draft_from_fields(fields)?;
    draft.body.timestamp = written.and_then(|text| text.as_str().map(str::to_owned));
    let body = std::mem::take(&mut draft.body);
    draft.fields.event(id, at, episode, draft.step, body)
}
