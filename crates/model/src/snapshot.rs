//! The snapshot as unmodified origin clients post it, and its way into and out of an event.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::body::{Challenge, SNAPSHOT_KEYS, SnapshotScored};
use crate::event::{Body, Event};
use crate::limits::FieldError;
use crate::{EventId, Object, Scores, Timestamp};

/// One rubric call on the origin's wire. Written, it has the keys it was posted with, in that order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The run's id. Absent in some result files.
    #[serde(default)]
    pub session_id: Option<String>,
    /// Which step; the hub's clients count from 1.
    pub step: u64,
    /// Scores by rubric path.
    pub scores: Scores,
    /// ISO 8601, usually without a zone.
    #[serde(default)]
    pub timestamp: Option<String>,
    /// Whether the client waits for a command.
    #[serde(default)]
    pub is_paused: Option<bool>,
    /// The question while it waits.
    #[serde(default)]
    pub challenge: Option<Challenge>,
    /// `action`, `observation`, `task_id`, `run_type` and anything else.
    #[serde(default)]
    pub metadata: Object,
    /// Top-level keys as posted; empty where it was never posted.
    #[serde(skip)]
    pub posted: Vec<String>,
}

/// Why a snapshot was refused: the path to the field, what is wrong, and the machine word for it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", loc.join("."))]
pub struct SnapshotError {
    /// Machine word: `json_invalid`, `missing`, `extra_forbidden`, `value_error`.
    pub kind: &'static str,
    /// Path of the field.
    pub loc: Vec<String>,
    /// What was expected and found.
    pub message: String,
    /// The offending value, where there is one.
    pub input: Box<Value>,
}

impl Snapshot {
    /// Reads one from JSON text; the error names the field that is wrong.
    pub fn from_json(json: &str) -> Result<Self, SnapshotError> {
        // The parser alone would also take a list of the values in order.
        if json.trim_ascii_start().starts_with('[') {
            let input = Box::new(serde_json::from_str(json).unwrap_or(Value::Null));
            let message = "is a list; a snapshot is an object".to_owned();
            return Err(SnapshotError { kind: "value_error", loc: Vec::new(), message, input });
        }
        let mut reader = serde_json::Deserializer::from_str(json);
        let read = serde_path_to_error::deserialize::<_, Self>(&mut reader);
        let snapshot = match read {
            Ok(snapshot) => reader.end().map(|()| snapshot).map_err(|e| (String::new(), e)),
            Err(e) => Err((e.path().to_string(), e.into_inner())),
        };
        let mut snapshot = snapshot.map_err(|(path, error)| located(json, &path, &error))?;
        let keys: serde_json::Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
        snapshot.posted = keys.into_iter().map(|(key, _)| key).collect();
        Ok(snapshot)
    }

    /// The event it becomes. `received_at` is used where it names no time. The id follows from the run and
    /// the step, so a snapshot sent twice is stored once.
    pub fn into_event(self, id: EventId, received_at: Timestamp) -> Result<Event, FieldError> {
        let at = match &self.timestamp {
            Some(text) => {
                Timestamp::parse_lenient(text).map_err(|e| FieldError::new("timestamp", e.message))?
            }
            None => received_at,
        };
        let mut metadata = self.metadata;
        let mut text_of = |key: &str| match metadata.get(key) {
            Some(Value::String(text)) if !text.is_empty() => match metadata.shift_remove(key) {
                Some(Value::String(text)) => text,
                _ => String::new(),
            },
            _ => String::new(),
        };
        let body = SnapshotScored {
            action: text_of("action"),
            observation: text_of("observation"),
            posted: self.posted,
            is_paused: self.is_paused.unwrap_or(false),
            challenge: self.challenge,
            timestamp: self.timestamp,
            scores: self.scores,
            metadata,
            ..SnapshotScored::default()
        };
        Event::new(id, at, None, Some(self.step), body)
    }

    /// The snapshot an event was, for clients of the origin's paths. `None` for other kinds.
    pub fn of_event(run: &str, event: &Event) -> Option<Self> {
        let (Body::SnapshotScored(body), Some(step)) = (event.body(), event.step()) else { return None };
        let mut metadata = body.metadata.clone();
        for (key, text) in [("action", &body.action), ("observation", &body.observation)] {
            if !text.is_empty() && !metadata.contains_key(key) {
                metadata.insert(key.to_owned(), Value::String(text.clone()));
            }
        }
        Some(Self {
            session_id: Some(run.to_owned()),
            step,
            scores: body.scores.clone(),
            timestamp: Some(body.timestamp.clone().unwrap_or_else(|| event.at().to_string())),
            is_paused: Some(body.is_paused),
            challenge: body.challenge.clone(),
            metadata,
            posted: body.posted.clone(),
        })
    }
}

/// Undoes the HTML escapes (`&lt;`, `&#x27;` and the like, each once) in a text of a snapshot that was posted
/// by an origin client, which escapes every text before it posts. A text with a raw `<` or `>` was not
/// escaped and stays.
///
/// Only for snapshots whose `posted` is not empty: in any other text an escape is what its author wrote.
///
/// ```
/// assert_eq!(gauntlet_model::unescape_html("a &lt; b &amp;amp;"), "a < b &amp;");
/// assert_eq!(gauntlet_model::unescape_html("<b> &amp;"), "<b> &amp;");
/// ```
pub fn unescape_html(text: &str) -> Cow<'_, str> {
    // `&amp;` comes last: what it becomes must not be taken for the beginning of another escape.
    const ESCAPES: [(&str, &str); 6] =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    if !text.contains('&') || text.contains(['<', '>']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(ESCAPES.iter().fold(text.to_owned(), |text, (escape, letter)| text.replace(escape, letter)))
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let keys: Vec<&str> = if self.posted.is_empty() {
            let absent = |key: &&str| match *key {
                "session_id" => self.session_id.is_none(),
                "timestamp" => self.timestamp.is_none(),
                "is_paused" => self.is_paused.is_none(),
                "challenge" => self.challenge.is_none(),
                _ => false,
            };
            SNAPSHOT_KEYS.into_iter().filter(|key| !absent(key)).collect()
        } else {
            self.posted.iter().map(String::as_str).collect()
        };
        let mut map = s.serialize_map(Some(keys.len()))?;
        for key in keys {
            match key {
                "session_id" => map.serialize_entry(key, &self.session_id)?,
                "step" => map.serialize_entry(key, &self.step)?,
                "scores" => map.serialize_entry(key, &self.scores)?,
                "timestamp" => map.serialize_entry(key, &self.timestamp)?,
                "is_paused" => map.serialize_entry(key, &self.is_paused)?,
                "challenge" => map.serialize_entry(key, &self.challenge)?,
                "metadata" => map.serialize_entry(key, &self.metadata)?,
                _ => {}
            }
        }
        map.end()
    }
}

/// A complaint of serde_json about a snapshot of the origin, as its clients know refusals: the kind, the path
/// as a list of keys, and the input found there. Kind and field come from the text of the complaint, as in
/// `decode::refusal`, since serde_json has no structured form of it. The kinds are named as pydantic names
/// them.
fn located(json: &str, path: &str, error: &serde_json::Error) -> SnapshotError {
    let full = error.to_string();
    let message =
        full.rfind(" at line ").filter(|_| error.is_data()).map_or(full.as_str(), |cut| &full[..cut]);
    let mut loc: Vec<String> = Vec::new();
    let path = path.trim_end_matches('?').trim_end_matches('.');
    if !path.is_empty() {
        // A score's path may itself hold dots: everything after `scores.` is one key.
        match path.split_once("scores.") {
            Some(("", rubric)) => loc.extend(["scores".to_owned(), rubric.to_owned()]),
            _ => loc.extend(path.split('.').map(str::to_owned)),
        }
    }
    let field = message
        .strip_prefix("missing field `")
        .or_else(|| message.strip_prefix("unknown field `"))
        .and_then(|rest| rest.split('`').next());
    let kind = match message {
        _ if !error.is_data() => "json_invalid",
        m if m.starts_with("missing field") => "missing",
        m if m.starts_with("unknown field") => "extra_forbidden",
        _ => "value_error",
    };
    if let Some(field) = field.filter(|f| loc.last().map(String::as_str) != Some(f)) {
        loc.push(field.to_owned());
    }
    let input = serde_json::from_str::<Value>(json)
        .ok()
        .and_then(|document| loc.iter().try_fold(&document, |v, key| v.get(key)).cloned())
        .unwrap_or(Value::Null);
    SnapshotError { kind, loc, message: message.to_owned(), input: Box::new(input) }
}
