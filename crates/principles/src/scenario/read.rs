//! Reads typed values from JSON and goes on after a mistake: what cannot be read becomes a default, so that
//! the rest of the document is checked as well.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::check::Mistakes;
use crate::scenario::Archetype;
use crate::{DecisionContext, Relationship};

/// The longest part of a value that a refusal repeats, in characters.
const SHOWN: usize = 60;

/// What can be read from JSON.
pub(crate) trait Read {
    /// The value, or a default and a mistake.
    fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self;
}

/// The path of a field in its object.
pub(crate) fn child(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

/// The beginning of a value, as JSON.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// The fields of an object; those that are not read are mistakes.
pub(crate) struct Fields<'a> {
    object: Option<&'a Map<String, Value>>,
    path: &'a str,
    known: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value, path: &'a str, mistakes: &mut Mistakes) -> Self {
        let object = value.as_object();
        if object.is_none() {
            let field = if path.is_empty() { "document" } else { path };
            mistakes.add(field, format!("is {}; it must be an object", shown(value)));
        }
        Self { object, path, known: BTreeSet::new() }
    }

    fn value(&mut self, field: &'static str) -> Option<&'a Value> {
        self.known.insert(field);
        self.object?.get(field)
    }

    pub(crate) fn required<T: Read>(&mut self, field: &'static str, mistakes: &mut Mistakes) -> T {
        let path = child(self.path, field);
        let value = self.value(field);
        if value.is_none() && self.object.is_some() {
            mistakes.add(path.as_str(), "is missing");
        }
        // Below what is not an object, one mistake is enough.
        let mut unheard = Mistakes::default();
        T::read(value.unwrap_or(&Value::Null), &path, if value.is_some() { mistakes } else { &mut unheard })
    }

    pub(crate) fn optional<T: Read + Default>(&mut self, field: &'static str, mistakes: &mut Mistakes) -> T {
        let path = child(self.path, field);
        self.value(field).map_or_else(T::default, |value| T::read(value, &path, mistakes))
    }

    pub(crate) fn finish(self, mistakes: &mut Mistakes) {
        let unknown =
            self.object.into_iter().flatten().filter(|(name, _)| !self.known.contains(name.as_str()));
        for (name, value) in unknown {
            let known = self.known.iter().copied().collect::<Vec<_>>().join(", ");
            let message = format!("is {} and unknown here; the fields are {known}", shown(value));
            mistakes.add(child(self.path, name), message);
        }
    }
}

impl Read for String {
    fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self {
        value.as_str().map_or_else(
            || {
                mistakes.add(path, format!("is {}; it must be a text", shown(value)));
                String::new()
            },
            str::to_owned,
        )
    }
}

impl Read for f64 {
    fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self {
        value.as_f64().unwrap_or_else(|| {
            mistakes.add(path, format!("is {}; it must be a number", shown(value)));
            0.0
        })
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self {
        (!value.is_null()).then(|| T::read(value, path, mistakes))
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self {
        let Some(items) = value.as_array() else {
            mistakes.add(path, format!("is {}; it must be a list", shown(value)));
            return Vec::new();
        };
        let item = |(at, item)| T::read(item, &format!("{path}[{at}]"), mistakes);
        items.iter().enumerate().map(item).collect()
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self {
        let Some(items) = value.as_object() else {
            mistakes.add(path, format!("is {}; it must be an object", shown(value)));
            return BTreeMap::new();
        };
        let item = |(key, item): (&String, &Value)| (key.clone(), T::read(item, &child(path, key), mistakes));
        items.iter().map(item).collect()
    }
}

/// One of a list of words.
fn word<T: DeserializeOwned>(
    value: &Value,
    path: &str,
    words: &[&str],
    otherwise: T,
    mistakes: &mut Mistakes,
) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|_| {
        mistakes.add(path, format!("is {}; it must be one of {}", shown(value), words.join(", ")));
        otherwise
    })
}

impl Read for DecisionContext {
    fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self {
        let words = DecisionContext::ALL.map(DecisionContext::as_str);
        word(value, path, &words, DecisionContext::EfficiencyMax, mistakes)
    }
}

impl Read for Relationship {
    fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self {
        word(value, path, &Relationship::ALL.map(Relationship::as_str), Relationship::Neutral, mistakes)
    }
}

impl Read for Archetype {
    fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self {
        word(value, path, &Archetype::ALL.map(Archetype::as_str), Archetype::Loyalty, mistakes)
    }
}
