//! Taking typed fields out of one record, with errors that name the field's path in the file.

use gauntlet_model::{Body, Event, EventId, FieldError, Object, Scores, Timestamp};
use gauntlet_model::{Challenge, EpisodeId, MAX_STEP};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ImportError;
use crate::piece::Piece;

/// Deepest nesting kept as metadata, in levels: below the 128 that readers of JSON accept, wrapping included.
const MAX_DEPTH: usize = 100;

/// The fields of one record that nobody has taken yet; what is left at the end is metadata.
pub(crate) struct Fields<'a> {
    /// The record, for its place in the file.
    pub piece: Piece<'a>,
    /// Path below the record, with a dot behind it, where these are the fields of an inner object.
    below: String,
    /// What is left.
    pub left: Object,
}

impl<'a> Fields<'a> {
    /// All fields of an object.
    pub fn of(piece: Piece<'a>) -> Result<Self, ImportError> {
        Ok(Self { piece, below: String::new(), left: piece.object()? })
    }

    /// The cells of a table's row; `place` is its path in errors, with a dot behind it where it is not empty.
    pub fn of_row(piece: Piece<'a>, place: String, left: Object) -> Self {
        Self { piece, below: place, left }
    }

    /// A refusal of one field.
    pub fn refuse(
        &self,
        field: &str,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) -> ImportError {
        let mut path = self.piece.path();
        for part in [self.below.as_str(), field] {
            if !path.is_empty() && !part.is_empty() && !path.ends_with('.') {
                path.push('.');
            }
            path.push_str(part);
        }
        path.truncate(path.trim_end_matches('.').len());
        ImportError::new(path, message, expected).on_line(self.piece.line())
    }

    /// A refusal by the model's rules. Its path is the event's, which mirrors the record's closely enough.
    pub fn refuse_rule(&self, error: &FieldError) -> ImportError {
        let field = error.field.strip_prefix("body").map_or(&*error.field, |f| f.trim_start_matches('.'));
        self.refuse(field, error.message.clone(), "a value within the limits")
    }

    /// Takes a field; null counts as absent.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.left.shift_remove(key).filter(|v| !v.is_null())
    }

    /// Takes an inner object with its fields.
    pub fn take_object(&mut self, key: &str) -> Result<Option<Fields<'a>>, ImportError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Object(left)) => {
                Ok(Some(Fields { piece: self.piece, below: format!("{}{key}.", self.below), left }))
            }
            Some(other) => Err(self.refuse(key, format!("is {}", said(&other)), "an object")),
        }
    }

    /// Takes a text. What is not a string becomes its JSON text, and stays in the record as it was.
    pub fn take_text(&mut self, key: &str) -> Option<String> {
        match self.left.get(key)? {
            Value::Null => None,
            Value::String(_) => match self.left.shift_remove(key) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            },
            other => Some(other.to_string()),
        }
    }

    /// Reads a number without taking it.
    pub fn number(&self, key: &str) -> Result<Option<f64>, ImportError> {
        match self.left.get(key) {
            None => Ok(None),
            Some(Value::Number(n)) => Ok(n.as_f64()),
            Some(other) => Err(self.refuse(key, format!("is {}", said(other)), "a finite number")),
        }
    }

    /// Takes a truth value; 0 and 1 count.
    pub fn take_flag(&mut self, key: &str) -> Result<Option<bool>, ImportError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match flag(&value) {
            Some(flag) => Ok(Some(flag)),
            None => Err(self.refuse(key, format!("is {}", said(&value)), "true or false")),
        }
    }

    /// Takes a step number.
    pub fn take_step(&mut self, key: &str) -> Result<Option<u64>, ImportError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.as_u64().filter(|n| *n <= MAX_STEP) {
            Some(step) => Ok(Some(step)),
            None => Err(self.refuse(
                key,
                format!("is {}", said(&value)),
                format!("a whole number from 0 to {MAX_STEP}"),
            )),
        }
    }

    /// Takes scores by rubric path.
    pub fn take_scores(&mut self, key: &str) -> Result<Option<Scores>, ImportError> {
        let Some(inner) = self.take_object(key)? else { return Ok(None) };
        let mut pairs = Vec::with_capacity(inner.left.len());
        for (path, value) in &inner.left {
            let number = value
                .as_f64()
                .ok_or_else(|| inner.refuse(path, format!("is {}", said(value)), "a finite number"))?;
            pairs.push((path.clone(), number));
        }
        Scores::new(pairs).map(Some).map_err(|e| {
            inner.refuse("", format!("{}: {}", e.field, e.message), "rubric paths and finite numbers")
        })
    }

    /// Takes a time: its text to the letter, and the instant. Numbers are seconds since the Unix epoch, or
    /// milliseconds where seconds would lie beyond the year 5000.
    pub fn take_time(&mut self, key: &str) -> Result<Option<(String, Timestamp)>, ImportError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match instant(&value) {
            Some(time) => Ok(Some(time)),
            None => Err(self.refuse(
                key,
                format!("is {}", said(&value)),
                "an ISO 8601 time such as 2026-11-21T00:06:33",
            )),
        }
    }

    /// Takes a value of one of the model's types.
    pub fn take_as<T: DeserializeOwned>(
        &mut self,
        key: &str,
        expected: &str,
    ) -> Result<Option<T>, ImportError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        serde_json::from_value(value)
            .map(Some)
            .map_err(|e| self.refuse(key, format!("is refused: {e}"), expected))
    }

    /// Takes the question of a paused step.
    pub fn take_challenge(&mut self) -> Result<Option<Challenge>, ImportError> {
        self.take_as("challenge", "{type, question, options}")
    }

    /// The event of this record, checked.
    pub fn event(
        &self,
        id: EventId,
        at: Timestamp,
        episode: Option<EpisodeId>,
        step: Option<u64>,
        body: impl Into<Body>,
    ) -> Result<Event, ImportError> {
        let event = Event::new(id, at, episode, step, body).map_err(|e| self.refuse_rule(&e))?;
        if let Body::SnapshotScored(scored) = event.body()
            && !shallow(&scored.metadata)
        {
            return Err(self.refuse("", "is nested too deeply", format!("at most {MAX_DEPTH} levels")));
        }
        Ok(event)
    }
}

/// A truth value, where it is one or a number that stands for one.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| match value.as_f64() {
        Some(0.0) => Some(false),
        Some(1.0) => Some(true),
        _ => None,
    })
}

/// A time as files write it: text to keep, and the instant.
pub(crate) fn instant(value: &Value) -> Option<(String, Timestamp)> {
    match value {
        Value::String(text) => {
            let at = Timestamp::parse_lenient(text).ok().or_else(|| epoch(text.trim().parse().ok()?))?;
            Some((text.clone(), at))
        }
        Value::Number(number) => Some((number.to_string(), epoch(number.as_f64()?)?)),
        _ => None,
    }
}

fn epoch(number: f64) -> Option<Timestamp> {
    const YEAR_5000_SECS: f64 = 95_617_584_000.0;
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    let secs = if number > YEAR_5000_SECS { number / 1e3 } else { number };
    Some(Timestamp::from_micros((secs * 1e6).round() as i64))
}

/// A value as an error says it.
pub(crate) fn said(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// Adds `value` under `key`, or under the nearest free name, so that nothing is overwritten.
pub(crate) fn keep(map: &mut Object, key: &str, value: Value) {
    let mut name = key.to_owned();
    while map.contains_key(&name) {
        name.push('_');
    }
    map.insert(name, value);
}

/// Whether an object is nested no deeper than readers of the log accept.
pub(crate) fn shallow(object: &Object) -> bool {
    fn within(value: &Value, levels: usize) -> bool {
        levels > 0
            && match value {
                Value::Array(items) => items.iter().all(|item| within(item, levels - 1)),
                Value::Object(map) => map.values().all(|item| within(item, levels - 1)),
                _ => true,
            }
    }
    object.values().all(|value| within(value, MAX_DEPTH))
}
