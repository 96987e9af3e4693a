//! Snapshots in a list: under `snapshots`, in a bare array, or one a line; events of our own may stand among
//! them. Hubs write such lists in order of arrival, sometimes an entry twice, sometimes several sessions.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use gauntlet_model::{EpisodeId, EpisodeStarted, Event, EventId, Object, SnapshotScored, Timestamp};
use serde_json::{Value, json};

use crate::error::ImportError;
use crate::fields::{Fields, keep, said};
use crate::import::{Context, Read};
use crate::native::Natives;
use crate::piece::{Members, Piece};
use crate::run;

/// A snapshot that has been read; its step and episode are settled once all are known.
pub(crate) struct Draft<'a> {
    pub fields: Fields<'a>,
    pub session: Option<String>,
    pub step: Option<u32>,
    pub at: Option<Timestamp>,
    pub body: SnapshotScored,
}

/// Whether an object is a snapshot or an event of ours.
pub(crate) fn is_item(members: &Members<'_>) -> bool {
    members.get("scores").is_some() || is_event(members)
}

fn is_event(members: &Members<'_>) -> bool {
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
    shape: &str,
    context: &mut Context<'_>,
) -> Result<Read, ImportError> {
    let mut natives = Natives::default();
    let mut drafts = Vec::new();
    for (place, item) in items.into_iter().enumerate() {
        if !item.is_object() {
            return Err(
                item.refuse(format!("is {}", item.what()), "a snapshot or an event, which are objects")
            );
        }
        let members = item.members()?;
        if is_event(&members) {
            natives.add(place as u64, item)?;
        } else if members.get("scores").is_some() {
            drafts.push((place as u64, draft(item)?));
        } else {
            let mut error = members.unknown();
            error.expected = "a snapshot with `scores`, or an event with `kind` and `body`".to_owned();
            return Err(error);
        }
    }
    let (spec, mut events) = natives.finish(context);
    let mut facts = facts;
    let bodies: Vec<&SnapshotScored> = drafts.iter().map(|(_, draft)| &draft.body).collect();
    let kind = shared(&bodies, "run_type").unwrap_or_else(|| "training".to_owned());
    let task = shared(&bodies, "task_id");
    events.append(&mut settle(drafts, &mut facts, context)?);
    events.sort_by_key(|(place, _)| *place);
    let spec = spec.unwrap_or_else(|| {
        let mut spec = run::spec(context.name, shape, &kind, facts);
        spec.task = task;
        spec
    });
    Ok(Read { spec, notes: String::new(), events: events.into_iter().map(|(_, event)| event).collect() })
}

/// The label all snapshots carry under `key`, if they agree.
fn shared(bodies: &[&SnapshotScored], key: &str) -> Option<String> {
    let label = |body: &&SnapshotScored| body.metadata.get(key).and_then(Value::as_str).map(str::to_owned);
    let first = label(bodies.first()?)?;
    let fits = !first.is_empty()
        && first.len() <= gauntlet_model::MAX_LABEL_BYTES
        && !first.contains(char::is_control);
    (fits && bodies.iter().all(|body| label(body).as_deref() == Some(&first))).then_some(first)
}

/// Reads one snapshot. Fields it does not know stay, as metadata.
pub(crate) fn draft(piece: Piece<'_>) -> Result<Draft<'_>, ImportError> {
    of_fields(Fields::of(piece)?)
}

/// The snapshot these fields are.
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

/// Gives each snapshot its step and, where there are several sessions, its episode.
fn settle(
    drafts: Vec<(u64, Draft<'_>)>,
    facts: &mut Object,
    context: &mut Context<'_>,
) -> Result<Vec<(u64, Event)>, ImportError> {
    let mut sessions: BTreeMap<Option<String>, Vec<(u64, Draft<'_>)>> = BTreeMap::new();
    for (place, draft) in drafts {
        sessions.entry(draft.session.clone()).or_default().push((place, draft));
    }
    let several = sessions.len() > 1;
    if let (false, Some(Some(only))) = (several, sessions.keys().next()) {
        facts.entry("session_id").or_insert_with(|| json!(only));
    }
    if several {
        context.warnings.push(format!("the file holds {} sessions; each became an episode", sessions.len()));
    }
    let mut events = Vec::new();
    let mut taken = BTreeSet::new();
    for (n, (session, drafts)) in sessions.into_iter().enumerate() {
        let episode = if several { Some(episode(session.as_deref(), n, &mut taken, context)?) } else { None };
        let drafts = numbered(without_copies(drafts, context), context);
        for (i, (place, step, mut draft)) in drafts.into_iter().enumerate() {
            let at = draft.at.unwrap_or(context.now);
            if let (0, Some(episode)) = (i, &episode) {
                events.push((place, started(episode, session.as_deref(), at, (context.ids)(), &draft)?));
            }
            let body = std::mem::take(&mut draft.body);
            events.push((place, draft.fields.event((context.ids)(), at, episode.clone(), Some(step), body)?));
        }
    }
    Ok(events)
}

fn started(
    episode: &EpisodeId,
    session: Option<&str>,
    at: Timestamp,
    id: EventId,
    first: &Draft<'_>,
) -> Result<Event, ImportError> {
    let metadata = session.map(|session| ("session_id".to_owned(), json!(session))).into_iter().collect();
    first.fields.event(id, at, Some(episode.clone()), None, EpisodeStarted { task: None, metadata })
}

/// The episode of a session: its own id where that can be one, else a number.
fn episode(
    session: Option<&str>,
    n: usize,
    taken: &mut BTreeSet<EpisodeId>,
    context: &mut Context<'_>,
) -> Result<EpisodeId, ImportError> {
    let own = session.and_then(|text| EpisodeId::new(text).ok()).filter(|id| !taken.contains(id));
    let id = match own {
        Some(id) => id,
        None => {
            let named = EpisodeId::new(format!("session-{}", n + 1))
                .map_err(|e| ImportError::new("session_id", e.message, "a name"))?;
            let called = session.map_or_else(|| "none".to_owned(), |text| said(&json!(text)));
            context.warnings.push(format!("session_id {called} cannot name an episode; it is {named}"));
            named
        }
    };
    taken.insert(id.clone());
    Ok(id)
}

/// Drops snapshots that say the same about the same step again, as clients that retry cause.
fn without_copies<'a>(drafts: Vec<(u64, Draft<'a>)>, context: &mut Context<'_>) -> Vec<(u64, Draft<'a>)> {
    let mut first: BTreeMap<u32, usize> = BTreeMap::new();
    let mut kept: Vec<(u64, Draft<'a>)> = Vec::with_capacity(drafts.len());
    let mut copies = 0_u64;
    for (place, draft) in drafts {
        if let Some(step) = draft.step {
            match first.entry(step) {
                Entry::Occupied(known) => {
                    let (_, earlier) = &kept[*known.get()];
                    if earlier.body == draft.body && earlier.at == draft.at {
                        copies += 1;
                        continue;
                    }
                }
                Entry::Vacant(free) => {
                    free.insert(kept.len());
                }
            }
        }
        kept.push((place, draft));
    }
    if copies > 0 {
        context.warnings.push(format!("{copies} snapshots stand in the file twice; each was read once"));
    }
    kept
}

/// Settles step numbers: the file's own, where each is there and different; else the order in the file from 1.
fn numbered<'a>(drafts: Vec<(u64, Draft<'a>)>, context: &mut Context<'_>) -> Vec<(u64, u32, Draft<'a>)> {
    let own: BTreeSet<u32> = drafts.iter().filter_map(|(_, draft)| draft.step).collect();
    let usable = own.len() == drafts.len();
    if !usable && !own.is_empty() {
        let kept = "the file's own numbers are in `metadata.step`";
        context
            .warnings
            .push(format!("steps repeat or are missing; they were numbered in the file's order, {kept}"));
    }
    let settle = |(i, (place, mut draft)): (usize, (u64, Draft<'a>))| {
        let order = u32::try_from(i + 1).unwrap_or(u32::MAX);
        let step = draft.step.filter(|_| usable).unwrap_or(order);
        if let (false, Some(said)) = (usable, draft.step) {
            keep(&mut draft.body.metadata, "step", json!(said));
        }
        (place, step, draft)
    };
    drafts.into_iter().enumerate().map(settle).collect()
}
