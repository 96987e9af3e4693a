//! Our own events and our own exports: read back to the letter, ids and order included.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use gauntlet_model::{Body, Event, EventId, RunSpec, Timestamp, decode_one};

use crate::error::ImportError;
use crate::fields::Fields;
use crate::import::{Context, Read};
use crate::piece::{Members, Piece};
use crate::{run, snapshots};

/// The version of the `gauntlet` member that [`crate::write_results`] writes.
pub(crate) const EXPORT_VERSION: u32 = 1;

/// Events collected from a file, each with its place in the order.
#[derive(Default)]
pub(crate) struct Natives {
    events: Vec<(u64, Event)>,
    known: BTreeMap<EventId, usize>,
    spec: Option<RunSpec>,
    copies: u64,
    more_starts: u64,
}

impl Natives {
    /// Adds one event. The same event twice counts once; two events of one id are refused.
    pub fn add(&mut self, place: u64, piece: Piece<'_>) -> Result<(), ImportError> {
        let event = event(piece)?;
        if let Body::RunStarted(started) = event.body() {
            match &self.spec {
                None => self.spec = Some(run::spec_of(started.clone())),
                Some(_) => self.more_starts += 1,
            }
            return Ok(());
        }
        match self.known.entry(event.id()) {
            Entry::Vacant(free) => {
                free.insert(self.events.len());
                self.events.push((place, event));
            }
            Entry::Occupied(known) if self.events[*known.get()].1 == event => self.copies += 1,
            Entry::Occupied(_) => {
                return Err(piece.refuse(taken(event.id()), "an id for each event"));
            }
        }
        Ok(())
    }

    /// The run they name, if one of them is `run.started`, and the others.
    pub fn finish(self, context: &mut Context<'_>) -> (Option<RunSpec>, Vec<(u64, Event)>) {
        if self.copies > 0 {
            context
                .warnings
                .push(format!("{} events stand in the file twice; each was read once", self.copies));
        }
        if self.more_starts > 0 {
            let more = self.more_starts;
            context
                .warnings
                .push(format!("{more} more `run.started` were left out: the first one names the run"));
        }
        (self.spec, self.events)
    }
}

/// One event of ours, as the API takes it.
pub(crate) fn event(piece: Piece<'_>) -> Result<Event, ImportError> {
    decode_one(piece.raw).map_err(|e| {
        let mut error = piece.refuse(e.message, "an event as `sdk/contract` describes it");
        let dot = if error.path.is_empty() || e.field.is_empty() { "" } else { "." };
        error.path = format!("{}{dot}{}", error.path, e.field);
        error
    })
}

/// The refusal of an event whose id an other one has.
pub(crate) fn taken(id: EventId) -> String {
    format!("{id} also names a different event")
}

/// A report that [`crate::write_results`] wrote: `gauntlet` and `snapshots` hold everything, the rest is for
/// viewers of reports.
pub(crate) fn of_export(
    top: &Members<'_>,
    ours: Piece<'_>,
    context: &mut Context<'_>,
) -> Result<Read, ImportError> {
    let members = ours.members()?;
    let version = members.get("version").map(|v| v.raw);
    if version.and_then(|v| v.parse().ok()) != Some(EXPORT_VERSION) {
        let found = version.unwrap_or("missing");
        return Err(ours.refuse(format!("version is {found}"), format!("version {EXPORT_VERSION}")));
    }
    let mut natives = Natives::default();
    for item in members.get("events").map_or(Ok(Vec::new()), Piece::items)? {
        let place = Fields::of(item)?.left.get("seq").and_then(serde_json::Value::as_u64);
        natives.add(place.ok_or_else(|| item.refuse("has no seq", "its position in the log"))?, item)?;
    }
    let (_, mut events) = natives.finish(context);
    for item in top.get("snapshots").map_or(Ok(Vec::new()), Piece::items)? {
        events.push(snapshot(item, context)?);
    }
    events.sort_by_key(|(place, _)| *place);
    let mut head = Fields::of(ours)?;
    let notes = head.take_text("notes").unwrap_or_default();
    let spec: Option<RunSpec> = head.take_as("run", "what the run is")?;
    let mut spec = spec.ok_or_else(|| head.refuse("run", "is missing", "what the run is"))?;
    spec.id = None;
    Ok(Read { spec, notes, events: events.into_iter().map(|(_, event)| event).collect() })
}

/// One of our snapshots: the body of the event in the hub's words, the rest of the event under `event`.
fn snapshot(piece: Piece<'_>, context: &mut Context<'_>) -> Result<(u64, Event), ImportError> {
    let mut fields = Fields::of(piece)?;
    let Some(mut envelope) = fields.take_object("event")? else {
        return Err(fields.refuse("event", "is missing", "{seq, id, at}"));
    };
    let place: Option<u64> = envelope.take_as("seq", "its position in the log")?;
    let id: Option<EventId> = envelope.take_as("id", "a UUID")?;
    let at: Option<Timestamp> = envelope.take_as("at", "an RFC 3339 time")?;
    let episode = envelope.take_as("episode", "a name")?;
    let posted = envelope.take_as("posted", "a list of keys")?.unwrap_or_default();
    let timed = envelope.take_flag("timed")?.unwrap_or(true);
    let place = place.ok_or_else(|| envelope.refuse("seq", "is missing", "its position in the log"))?;
    // Without one the viewer's copy of the time stands there: it is not the client's.
    let written = if timed { fields.left.shift_remove("timestamp") } else { None };
    fields.left.shift_remove("timestamp");
    let mut draft = snapshots::of_fields(fields)?;
    draft.body.timestamp = written.and_then(|text| text.as_str().map(str::to_owned));
    draft.body.posted = posted;
    let body = std::mem::take(&mut draft.body);
    let id = id.unwrap_or_else(|| (context.ids)());
    Ok((place, draft.fields.event(id, at.unwrap_or(context.now), episode, draft.step, body)?))
}

/// A snapshot of ours from the row of a table, which names its id and its time.
pub(crate) fn of_row(mut fields: Fields<'_>) -> Result<Event, ImportError> {
    let id: Option<EventId> = fields.take_as("id", "a UUID")?;
    let at: Option<Timestamp> = fields.take_as("at", "an RFC 3339 time")?;
    let episode = fields.take_as("episode", "a name")?;
    let written = fields.left.shift_remove("timestamp");
    let (Some(id), Some(at)) = (id, at) else {
        return Err(fields.refuse("id", "is missing", "an id and a time in each row"));
    };
    let mut draft = snapshots::of_fields(fields)?;
    draft.body.timestamp = written.and_then(|text| text.as_str().map(str::to_owned));
    let body = std::mem::take(&mut draft.body);
    draft.fields.event(id, at, episode, draft.step, body)
}
