//! From bytes to validated events. Strict, fast on the good path; on a refusal it reads again, slowly, to
//! name the field.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::event::{Body, Event, Kind, Record};
use crate::limits::{FieldError, MAX_BODY_BYTES, bounded};
use crate::{EpisodeId, EventId, Timestamp};

/// Why one event was refused.
pub type EventError = FieldError;

/// Most refused events that one refusal of a batch names.
pub const MAX_REFUSED_EVENTS: usize = 100;

/// Why a batch was refused: which of its events, which field, and why. Nothing of the batch is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("event {index}: {field}: {message}")]
pub struct BatchError {
    /// 0-based position in the batch.
    pub index: u64,
    /// Dotted path of the field; empty where the text is not JSON.
    pub field: String,
    /// What was expected and found.
    pub message: String,
    /// The refused events after this one, in order, up to [`MAX_REFUSED_EVENTS`] in all: a client sets all
    /// of them aside at once. Those between that are not named here were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<BatchError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    v: u16,
    #[serde(default)]
    episode: Option<EpisodeId>,
    #[serde(default)]
    step: Option<u64>,
    #[serde(borrow)]
    body: &'a RawValue,
    // What the server added when it sent the event out; ignored when it comes back in an import.
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    received_at: Option<Timestamp>,
}

/// The same fields, with bodies read into values, so that a path into the body can be named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "read only for the path of its first error")]
struct SlowEnvelope {
    id: String,
    at: String,
    kind: String,
    v: u16,
    #[serde(default)]
    episode: Option<EpisodeId>,
    #[serde(default)]
    step: Option<u64>,
    body: serde_json::Value,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    received_at: Option<Timestamp>,
}

impl Record {
    /// The typed event. Fails only where the stored text no longer follows the rules.
    pub fn event(&self) -> Result<Event, EventError> {
        typed(self.id, self.at, self.episode.clone(), self.step, self.kind, self.version, &self.body)
    }
}

/// One event from its JSON text.
pub fn decode_one(json: &str) -> Result<Event, EventError> {
    object("", json)?;
    let envelope: Envelope<'_> = match serde_json::from_str(json) {
        Ok(envelope) => envelope,
        Err(error) => {
            let mut reader = serde_json::Deserializer::from_str(json);
            let located = serde_path_to_error::deserialize::<_, SlowEnvelope>(&mut reader);
            return Err(match located {
                Err(located) => refusal("", &located.path().to_string(), located.into_inner()),
                Ok(_) => refusal("", "", error),
            });
        }
    };
    let _ = (envelope.seq, envelope.received_at);
    let kind = Kind::from_name(&envelope.kind).ok_or_else(|| {
        let all: Vec<_> = Kind::ALL.iter().map(|k| k.as_str()).collect();
        FieldError::new("kind", format!("{:?} is not one of {}", envelope.kind, all.join(", ")))
    })?;
    let id: EventId = envelope.id.parse()?;
    let at: Timestamp = envelope.at.parse()?;
    bounded("body", envelope.body.get(), MAX_BODY_BYTES)?;
    // Written again it may be longer than it came: `1e5` is `100000.0`.
    typed(id, at, envelope.episode, envelope.step, kind, envelope.v, envelope.body.get())?.bounded()
}

/// An event from its parts, of any size.
pub(crate) fn typed(
    id: EventId,
    at: Timestamp,
    episode: Option<EpisodeId>,
    step: Option<u64>,
    kind: Kind,
    version: u16,
    body: &str,
) -> Result<Event, EventError> {
    if version != kind.version() {
        let known = kind.version();
        return Err(FieldError::new(
            "v",
            format!("is {version}; this server reads version {known} of {kind}"),
        ));
    }
    object("body", body)?;
    let body = Body::parse(kind, body).map_err(|error| match Body::locate(kind, body) {
        Some((path, error)) => refusal("body", &path, error),
        None => refusal("body", "", error),
    })?;
    Event::of_any_size(id, at, episode, step, body)
}

/// Refuses what is not an object: the parser alone would also take a list of the values in order.
fn object(field: &str, json: &str) -> Result<(), FieldError> {
    if json.trim_ascii_start().starts_with('{') {
        return Ok(());
    }
    let start: String = json.trim_ascii_start().chars().take(20).collect();
    Err(FieldError::new(field, format!("{start:?} is not the start of a JSON object")))
}

/// A parser's complaint with the path it happened at: `path` is the object that was being read, and where a
/// field is missing or unknown its name, which only the complaint has, is added to it.
///
/// serde_json gives no structured form of these complaints, so their text is read; the tests of refused
/// events (`tests/contract`) hold the wording, and fail if a new version of serde changes it.
fn refusal(prefix: &str, path: &str, error: serde_json::Error) -> FieldError {
    let full = error.to_string();
    let message = match full.rfind(" at line ") {
        Some(cut) if error.is_data() => &full[..cut],
        _ => full.as_str(),
    };
    let mut parts: Vec<&str> = Vec::new();
    if !prefix.is_empty() {
        parts.push(prefix);
    }
    // Where a value breaks off before its key is known, the path ends in a question mark.
    let path = path.trim_end_matches('?').trim_end_matches('.');
    if !path.is_empty() {
        parts.push(path);
    }
    let named = message
        .strip_prefix("missing field `")
        .or_else(|| message.strip_prefix("unknown field `"))
        .and_then(|rest| rest.split('`').next());
    if let Some(field) = named
        && parts.last().is_none_or(|last| last.rsplit('.').next() != Some(field))
    {
        parts.push(field);
    }
    FieldError::new(parts.join("."), message)
}

/// Any other JSON text of a known shape; the error names the field that is wrong.
pub fn decode_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, FieldError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|e| refusal("", &e.path().to_string(), e.into_inner()))?;
    reader.end().map_err(|e| refusal("", "", e))?;
    Ok(value)
}

/// Events from a JSON array. One bad event refuses the batch; the refusal names the others too.
pub fn decode_array(bytes: &[u8]) -> Result<Vec<Event>, BatchError> {
    let text = utf8(bytes)?;
    let raw: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| BatchError {
        index: 0,
        field: String::new(),
        message: format!("the body is not a JSON array of events: {e}"),
        others: Vec::new(),
    })?;
    decode_all(raw.iter().map(|json| json.get()))
}

/// Events from NDJSON, one a line; empty lines are skipped. One bad event refuses the batch; the refusal
/// names the others too.
pub fn decode_lines(bytes: &[u8]) -> Result<Vec<Event>, BatchError> {
    decode_all(utf8(bytes)?.lines().map(str::trim).filter(|l| !l.is_empty()))
}

fn decode_all<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Vec<Event>, BatchError> {
    let mut events = Vec::new();
    let mut refused = Vec::new();
    for (index, json) in (0..).zip(texts) {
        match decode_one(json) {
            Ok(event) if refused.is_empty() => events.push(event),
            Ok(_) => {}
            Err(EventError { field, message }) => {
                refused.push(BatchError { index, field, message, others: Vec::new() });
            }
        }
        if refused.len() == MAX_REFUSED_EVENTS {
            break;
        }
    }
    let mut refused = refused.into_iter();
    match refused.next() {
        None => Ok(events),
        Some(first) => Err(BatchError { others: refused.collect(), ..first }),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, BatchError> {
    std::str::from_utf8(bytes).map_err(|e| BatchError {
        index: 0,
        field: String::new(),
        message: format!("the body is not UTF-8: {e}"),
        others: Vec::new(),
    })
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(d)?;
        decode_one(raw.get()).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Stamp {
            seq: u64,
            received_at: Timestamp,
        }
        let raw = Box::<RawValue>::deserialize(d)?;
        let stamp: Stamp = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
        let event = decode_one(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(event.record(stamp.seq, stamp.received_at))
    }
}
