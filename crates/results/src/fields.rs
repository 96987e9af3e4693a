//! Typed fields of a record, with errors that name the field's path in the file.

use gauntlet_model::{Body, Event, EventId, FieldError, Object, Scores, Timestamp};
use gauntlet_model::{Challenge, EpisodeId, MAX_STEP};
use gauntlet_values::{Decimal, Reading};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ImportError;
use crate::json_span::JsonSpan;
use crate::messages::conversation_text;
use crate::names::{ROOT, is_almost_root};
use crate::tally::Tally;

/// The deepest metadata, in levels: below the 128 that JSON readers accept, with room for wrapping.
const MAX_DEPTH: usize = 100;

/// The fields of a record that have not been taken yet; the rest becomes metadata.
pub(crate) struct Fields<'a> {
    /// The record's place in the file.
    pub span: JsonSpan<'a>,
    /// Path of an inner object within the record, with a trailing dot.
    prefix: String,
    /// The fields not taken yet.
    pub left: Object,
    /// The decimal mark of the file.
    pub decimal: Decimal,
    /// What was read differently from how it is written.
    pub tally: Tally,
}

impl<'a> Fields<'a> {
    /// All fields of an object.
    pub(crate) fn from_object(span: JsonSpan<'a>) -> Result<Self, ImportError> {
        let mut tally = Tally::default();
        let left = span.object(&mut tally.keys)?;
        Ok(Self { tally, ..Self::from_row(span, String::new(), left) })
    }

    /// The cells of a table's row; `prefix` is its path in errors, with a dot after it where it is not
    /// empty.
    pub(crate) fn from_row(span: JsonSpan<'a>, prefix: String, left: Object) -> Self {
        Self { span, prefix, left, decimal: Decimal::Point, tally: Tally::default() }
    }

    /// A refusal of one field.
    pub(crate) fn refuse(
        &self,
        field: &str,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) -> ImportError {
        let mut path = self.span.path();
        for part in [self.prefix.as_str(), field] {
            if !path.is_empty() && !part.is_empty() && !path.ends_with('.') {
                path.push('.');
            }
            path.push_str(part);
        }
        path.truncate(path.trim_end_matches('.').len());
        ImportError::new(path, message, expected).on_line(self.span.line())
    }

    /// A refusal by the rules of the model. The path in the record replaces the one in the event.
    pub(crate) fn refuse_rule(&self, error: &FieldError) -> ImportError {
        let field = error.field.strip_prefix("body").map_or(&*error.field, |f| f.trim_start_matches('.'));
        self.refuse(field, error.message.clone(), "a value within the limits")
    }

    /// Takes a field; null counts as absent.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.left.shift_remove(key).filter(|v| !v.is_null())
    }

    /// Takes an inner object with its fields.
    pub(crate) fn take_object(&mut self, key: &str) -> Result<Option<Fields<'a>>, ImportError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Object(left)) => {
                let prefix = format!("{}{key}.", self.prefix);
                Ok(Some(Fields { decimal: self.decimal, ..Fields::from_row(self.span, prefix, left) }))
            }
            Some(other) => Err(self.refuse(key, format!("is {}", preview(&other)), "an object")),
        }
    }

    /// Takes a text. A value that is not a string is read as a conversation or as JSON, and also stays in the
    /// record.
    pub(crate) fn take_text(&mut self, key: &str) -> Option<String> {
        match self.left.get(key)? {
            Value::Null => None,
            Value::String(_) => match self.left.shift_remove(key) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            },
            other => Some(conversation_text(other)),
        }
    }

    /// Reads a number without taking it; `None` if absent or not evaluated.
    pub(crate) fn number(&mut self, key: &str) -> Result<Option<f64>, ImportError> {
        let Some(value) = self.left.get(key) else { return Ok(None) };
        match gauntlet_values::number(value, self.decimal) {
            Reading::Value(number) => Ok(Some(number)),
            Reading::NotEvaluated => {
                self.tally.not_evaluated += 1;
                Ok(None)
            }
            Reading::Invalid => Err(self.refuse(key, format!("is {}", preview(value)), "a finite number")),
        }
    }

    /// Takes a number that is not a score.
    pub(crate) fn take_number(&mut self, key: &str) -> Result<Option<f64>, ImportError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match gauntlet_values::number(&value, self.decimal) {
            Reading::Value(number) => Ok(Some(number)),
            Reading::NotEvaluated => Ok(None),
            Reading::Invalid => Err(self.refuse(key, format!("is {}", preview(&value)), "a number")),
        }
    }

    /// Takes a truth value; 0 and 1 count.
    pub(crate) fn take_flag(&mut self, key: &str) -> Result<Option<bool>, ImportError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match gauntlet_values::flag(&value) {
            Reading::Value(flag) => Ok(Some(flag)),
            Reading::NotEvaluated => Ok(None),
            Reading::Invalid => Err(self.refuse(key, format!("is {}", preview(&value)), "true or false")),
        }
    }

    /// Takes a step number.
    pub(crate) fn take_step(&mut self, key: &str) -> Result<Option<Step>, ImportError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match gauntlet_values::step(&value, self.decimal) {
            Reading::Value(step) => Ok(Some(step)),
            Reading::NotEvaluated => Ok(None),
            Reading::Invalid => Err(self.refuse(
                key,
                format!("is {}", preview(&value)),
                format!("a whole number from 0 to {MAX_STEP}"),
            )),
        }
    }

    /// Takes scores by rubric path, and the paths that were not evaluated.
    pub(crate) fn take_scores(&mut self, key: &str) -> Result<Option<(Scores, Vec<String>)>, ImportError> {
        let Some(inner) = self.take_object(key)? else { return Ok(None) };
        let mut pairs = Vec::with_capacity(inner.left.len());
        let mut skipped = Vec::new();
        for (path, value) in &inner.left {
            match gauntlet_values::number(value, self.decimal) {
                Reading::Value(number) => pairs.push((path.clone(), number)),
                Reading::NotEvaluated => skipped.push(path.clone()),
                Reading::Invalid => {
                    return Err(inner.refuse(path, format!("is {}", preview(value)), "a finite number"));
                }
            }
        }
        let refuse = |e: FieldError| {
            inner.refuse("", format!("{}: {}", e.field, e.message), "rubric paths and finite numbers")
        };
        // Paths that were not evaluated must be valid too.
        Scores::new(skipped.iter().map(|path| (path.as_str(), 0.0))).map_err(refuse)?;
        let scores = Scores::new(pairs).map_err(refuse)?;
        self.tally.not_evaluated += skipped.len() as u64;
        if scores.root().is_none() && !skipped.iter().any(|path| path.as_str() == ROOT) {
            let almost = scores.iter().map(|(path, _)| path).filter(|path| is_almost_root(path));
            self.tally.almost_roots.extend(almost.map(str::to_owned));
        }
        Ok(Some((scores, skipped)))
    }

    /// Takes a time: its text and the instant. An invalid time stays in the record and is counted.
    pub(crate) fn take_time(&mut self, key: &str) -> Option<(String, Timestamp)> {
        let value = self.take(key)?;
        match gauntlet_values::time(&value) {
            Reading::Value(at) => Some((text_or_json(&value), at)),
            Reading::NotEvaluated => None,
            Reading::Invalid => {
                self.tally.no_times += 1;
                self.tally.first_no_time.get_or_insert_with(|| preview(&value));
                insert_unique(&mut self.left, key, value);
                None
            }
        }
    }

    /// Takes a value of one of the model's types.
    pub(crate) fn take_as<T: DeserializeOwned>(
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
    pub(crate) fn take_challenge(&mut self) -> Result<Option<Challenge>, ImportError> {
        self.take_as("challenge", "{type, question, options}")
    }

    /// The event of this record, checked.
    pub(crate) fn event(
        &self,
        id: EventId,
        at: Timestamp,
        episode: Option<EpisodeId>,
        step: Option<u64>,
        body: impl Into<Body>,
    ) -> Result<Event, ImportError> {
        let event = Event::new(id, at, episode, step, body).map_err(|e| self.refuse_rule(&e))?;
        if let Body::SnapshotScored(scored) = event.body()
            && !is_shallow(&scored.metadata)
        {
            return Err(self.refuse("", "is nested too deeply", format!("at most {MAX_DEPTH} levels")));
        }
        Ok(event)
    }
}

/// The type of the model's step numbers.
pub(crate) type Step = u64;

/// A boolean, where the value is one or means one.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    gauntlet_values::flag(value).value()
}

/// A text as it is, anything else as JSON.
pub(crate) fn text_or_json(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The beginning of a value, for an error message.
pub(crate) fn preview(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// Adds `value` under `key`, with underscores appended until the key is free.
pub(crate) fn insert_unique(map: &mut Object, key: &str, value: Value) {
    let mut name = key.to_owned();
    while map.contains_key(&name) {
        name.push('_');
    }
    map.insert(name, value);
}

/// Whether an object is no deeper than readers of the log accept.
pub(crate) fn is_shallow(object: &Object) -> bool {
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
