//! Names that repeat: columns of one name in a table, keys of one name in an object. Each of them gets a name
//! of its own, so that no value replaces another, and the notes of the import say so.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use gauntlet_model::Object;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Number, Value};

/// The most names that the notes name.
const MAX_NAMED: usize = 8;
/// The key of the scores by path: one path has one score.
const SCORES: &str = "scores";

/// Finds free names such as `note (2)`.
pub(crate) struct FreeNames<'n> {
    taken: HashSet<&'n str>,
    made: HashSet<String>,
    next: HashMap<&'n str, usize>,
}

impl<'n> FreeNames<'n> {
    /// Names beside those that are taken.
    pub(crate) fn new(taken: impl IntoIterator<Item = &'n str>) -> Self {
        Self { taken: taken.into_iter().collect(), made: HashSet::new(), next: HashMap::new() }
    }

    /// The next free name after `name`: `note (2)` for `note`, `(2)` for an empty one.
    pub(crate) fn after(&mut self, name: &'n str) -> String {
        let next = self.next.entry(name).or_insert(2);
        loop {
            let free = if name.is_empty() { format!("({next})") } else { format!("{name} ({next})") };
            *next += 1;
            if !self.taken.contains(free.as_str()) && self.made.insert(free.clone()) {
                return free;
            }
        }
    }
}

/// Columns of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// How many columns have the name.
    pub columns: usize,
    /// The new names, without the first one that is kept.
    pub renamed: usize,
    /// The first new name.
    pub first: String,
    /// The last new name.
    pub last: String,
}

/// The columns that were renamed, by the name that they have in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RepeatedColumns {
    names: BTreeMap<String, Repeat>,
    /// Renamed columns of other names.
    more: usize,
}

impl RepeatedColumns {
    /// Adds a column that was renamed. `columns` is how many columns have its name.
    pub(crate) fn rename(&mut self, name: &str, new: &str, columns: usize) {
        if let Some(known) = self.names.get_mut(name) {
            known.renamed += 1;
            new.clone_into(&mut known.last);
        } else if self.names.len() < MAX_NAMED {
            let (first, last) = (new.to_owned(), new.to_owned());
            self.names.insert(name.to_owned(), Repeat { columns, renamed: 1, first, last });
        } else {
            self.more += 1;
        }
    }

    /// Adds those of another record; most records of a file have the same.
    pub(crate) fn add(&mut self, other: Self) {
        for (name, repeat) in other.names {
            if self.names.len() < MAX_NAMED {
                self.names.insert(name, repeat);
            }
        }
        self.more = self.more.max(other.more);
    }

    /// The names, and how many columns of each were renamed.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.names.iter().map(|(name, repeat)| (name.as_str(), repeat.renamed as u64))
    }

    /// The notes, as sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        let note = |(name, repeat): (&String, &Repeat)| {
            let Repeat { columns, renamed, first, last } = repeat;
            let new_names = match renamed {
                1 => format!("`{first}`"),
                _ => format!("`{first}` to `{last}`"),
            };
            match (columns, renamed) {
                (1, _) => {
                    format!("column `{name}` was kept as {new_names}: another column is read as `{name}`")
                }
                (_, 1) if name.is_empty() => {
                    format!("{columns} columns have no name: the second was kept as {new_names}")
                }
                _ if name.is_empty() => {
                    format!("{columns} columns have no name: all but the first were kept as {new_names}")
                }
                (_, 1) => format!("{columns} columns are named `{name}`: the second was kept as {new_names}"),
                _ if columns == renamed => format!(
                    "{columns} columns are named `{name}`: they were kept as {new_names}, as another column \
                     is read as `{name}`"
                ),
                _ => format!(
                    "{columns} columns are named `{name}`: all but the first were kept as {new_names}"
                ),
            }
        };
        let mut notes: Vec<String> = self.names.iter().map(note).collect();
        if self.more > 0 {
            notes.push(format!("{} more columns were renamed, as their names repeat", self.more));
        }
        notes
    }
}

/// The keys that occurred again in one object, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RepeatedKeys {
    names: BTreeMap<String, u64>,
    /// Values under other keys.
    more: u64,
}

impl RepeatedKeys {
    /// Counts values whose key occurred before.
    pub(crate) fn count(&mut self, key: &str, values: u64) {
        if let Some(known) = self.names.get_mut(key) {
            *known += values;
        } else if self.names.len() < MAX_NAMED {
            self.names.insert(key.to_owned(), values);
        } else {
            self.more += values;
        }
    }

    /// Adds those of another record.
    pub(crate) fn add(&mut self, other: Self) {
        for (name, values) in other.names {
            self.count(&name, values);
        }
        self.more += other.more;
    }

    /// The notes, as sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        let times = |n: u64| if n == 1 { "once".to_owned() } else { format!("{n} times") };
        let note = |(name, values): (&String, &u64)| {
            let first = FreeNames::new([]).after(name);
            format!(
                "the key `{name}` occurs again in the same object, {}: each later value was kept, as \
                 `{first}` and so on",
                times(*values)
            )
        };
        let mut notes: Vec<String> = self.names.iter().map(note).collect();
        if self.more > 0 {
            notes.push(format!("other keys occur again in the same object, {}", times(self.more)));
        }
        notes
    }
}

/// An object while its members are read.
#[derive(Debug, Default)]
pub(crate) struct Members {
    object: Object,
    later: Vec<(String, Value)>,
}

impl Members {
    /// Adds a member.
    pub(crate) fn push(&mut self, key: String, value: Value) {
        match self.object.entry(key) {
            Entry::Vacant(free) => _ = free.insert(value),
            Entry::Occupied(first) => self.later.push((first.key().clone(), value)),
        }
    }

    fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// The object. Later values of a key are at its end, under names of their own.
    pub(crate) fn finish(mut self, repeats: &mut RepeatedKeys) -> Object {
        if self.later.is_empty() {
            return self.object;
        }
        let (keys, values): (Vec<String>, Vec<Value>) = self.later.into_iter().unzip();
        let mut free = FreeNames::new(self.object.keys().map(String::as_str));
        let names: Vec<String> = keys.iter().map(|key| free.after(key)).collect();
        keys.iter().for_each(|key| repeats.count(key, 1));
        self.object.extend(names.into_iter().zip(values));
        self.object
    }
}

/// Reads a JSON text. `key` is the member that it is, if any.
///
/// # Errors
/// Invalid JSON; scores with one path twice.
pub(crate) fn read_json(
    text: &str,
    key: Option<&str>,
    repeats: &mut RepeatedKeys,
) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Reader { key, repeats }.deserialize(&mut reader)?;
    reader.end().map(|()| value)
}

/// Reads a value as serde_json does, but for keys that repeat.
struct Reader<'r> {
    /// The member that the value is.
    key: Option<&'r str>,
    repeats: &'r mut RepeatedKeys,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Reader { key: None, repeats: &mut *self.repeats })? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Members::default();
        while let Some(key) = map.next_key::<String>()? {
            if self.key == Some(SCORES) && members.has(&key) {
                return Err(A::Error::custom(twice(&key)));
            }
            let value = map.next_value_seed(Reader { key: Some(&key), repeats: &mut *self.repeats })?;
            members.push(key, value);
        }
        Ok(Value::Object(members.finish(self.repeats)))
    }
}

/// The message for a key that may occur once only.
pub(crate) fn twice(key: &str) -> String {
    let shown = match key.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", &key[..cut]),
        None => key.to_owned(),
    };
    format!("the key `{shown}` occurs twice in one object")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Vec<String>) {
        let mut repeats = RepeatedKeys::default();
        let value = read_json(text, None, &mut repeats).unwrap();
        (value.to_string(), repeats.notes())
    }

    #[test]
    fn values_without_a_repeated_key_are_read_as_serde_json_reads_them() {
        for text in [
            "null",
            "true",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            "1e-7",
            "0.1",
            "\"é\\n\"",
            "[]",
            "{}",
            "[1,[2,{\"a\":null}]]",
            "{\"b\":{\"a\":[{}]},\"a\":1.5}",
            "123456789012345678901234",
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text), (expected.to_string(), Vec::new()), "{text}");
        }
        for wrong in ["", "{", "[1,]", "{\"a\"}", "1 2", "nul", "1e999"] {
            let ours = read_json(wrong, None, &mut RepeatedKeys::default()).unwrap_err();
            let theirs = serde_json::from_str::<Value>(wrong).unwrap_err();
            assert_eq!(ours.to_string(), theirs.to_string(), "{wrong}");
        }
    }

    #[test]
    fn a_key_that_occurs_again_keeps_each_value() {
        let (value, notes) = read(r#"{"a":1,"a":2,"a (2)":3,"b":[{"":1,"":2,"":3}],"a":4}"#);
        assert_eq!(value, r#"{"a":1,"a (2)":3,"b":[{"":1,"(2)":2,"(3)":3}],"a (3)":2,"a (4)":4}"#);
        let [empty, a] = &notes[..] else { panic!("{notes:?}") };
        assert!(empty.starts_with("the key `` occurs again in the same object, 2 times"), "{empty}");
        assert!(a.ends_with("2 times: each later value was kept, as `a (2)` and so on"), "{a}");
    }

    #[test]
    fn a_path_has_one_score() {
        let error = read_json(r#"{"scores":{"a":1,"a":2}}"#, None, &mut RepeatedKeys::default()).unwrap_err();
        assert!(error.to_string().starts_with("the key `a` occurs twice in one object"), "{error}");
    }

    #[test]
    fn a_thousand_keys_of_one_name_take_no_time_to_name() {
        let text = format!("{{{}\"x\":0}}", "\"x\":1,".repeat(100_000));
        let mut repeats = RepeatedKeys::default();
        let value = read_json(&text, None, &mut repeats).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 100_001);
        assert_eq!(value["x (100001)"], 0);
    }
}
