//! A JSON value of a file that is still text, with its place. Values are parsed one level at a time, so that
//! a report is in memory once, and every error names the path in the file.

use std::borrow::Cow;

use gauntlet_model::Object;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::distinct::{RepeatedKeys, read_json, twice};
use crate::error::{ImportError, SHAPES};
use crate::json_path::{column_at, line_at, path_at, word_at};

/// The most elements of a list and members of an object in a document. Larger files open as JSON Lines, CSV
/// or Parquet.
const MAX_ITEMS: usize = 1_000_000;
/// The most memory of one parsed value, bytes.
const MAX_VALUE_BYTES: usize = 96 << 20;
/// About the memory of one value besides its text, bytes.
const VALUE_BYTES: usize = 32;

/// A text (a file, or a line of it) and the number of its first line.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub text: &'a str,
    /// 1-based line of the file at which `text` starts.
    pub first_line: u64,
    /// Whether `text` is one line of the file.
    pub is_line: bool,
}

impl<'a> Source<'a> {
    /// The text as one JSON value.
    ///
    /// # Errors
    /// The place where the JSON is invalid.
    pub(crate) fn root(self) -> Result<JsonSpan<'a>, ImportError> {
        match serde_json::from_str::<&RawValue>(self.text) {
            Ok(raw) => Ok(JsonSpan { source: self, raw: raw.get() }),
            Err(error) => Err(self.broken(self.text, &error)),
        }
    }

    /// An error inside `part`, a slice of this text.
    pub(crate) fn broken(self, part: &str, error: &serde_json::Error) -> ImportError {
        let start = self.offset_of(part);
        let line_start = part
            .bytes()
            .enumerate()
            .filter(|(_, b)| *b == b'\n')
            .map(|(i, _)| i + 1)
            .nth(error.line().wrapping_sub(2))
            .unwrap_or(0);
        let offset = start + line_start + error.column().saturating_sub(1);
        let path = path_at(self.text, offset);
        let line = self.first_line + line_at(self.text, offset) - 1;
        let full = error.to_string();
        let reason = full.rfind(" at line ").map_or(full.as_str(), |cut| &full[..cut]);
        if error.is_data() {
            return ImportError::new(path, reason, "readable JSON").on_line(line);
        }
        let word = word_at(self.text, offset);
        if matches!(word.trim_start_matches(['-', '+']), "NaN" | "Infinity" | "nan" | "inf" | "Inf") {
            let message = format!("is {word}, which is not a number JSON can say");
            return ImportError::new(path, message, "a finite number, or no value at all").on_line(line);
        }
        if error.is_eof() {
            let what = if self.is_line { "line" } else { "file" };
            return ImportError::new(path, format!("the {what} ends in the middle"), "complete JSON")
                .on_line(line);
        }
        let column = column_at(self.text, offset);
        ImportError::new(path, format!("is not valid JSON: {reason}, column {column}"), "valid JSON")
            .on_line(line)
    }

    fn offset_of(self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }
}

/// A JSON value of the file, not parsed.
#[derive(Clone, Copy)]
pub(crate) struct JsonSpan<'a> {
    pub source: Source<'a>,
    pub raw: &'a str,
}

impl<'a> JsonSpan<'a> {
    /// Its path in the file.
    pub(crate) fn path(self) -> String {
        path_at(self.source.text, self.source.offset_of(self.raw))
    }

    /// Its line in the file.
    pub(crate) fn line(self) -> u64 {
        self.source.first_line + line_at(self.source.text, self.source.offset_of(self.raw)) - 1
    }

    /// An error at this value.
    pub(crate) fn refuse(self, message: impl Into<String>, expected: impl Into<String>) -> ImportError {
        ImportError::new(self.path(), message, expected).on_line(self.line())
    }

    /// Its JSON type, for messages.
    pub(crate) fn what(self) -> &'static str {
        match self.raw.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }

    /// Whether it is an object.
    pub(crate) fn is_object(self) -> bool {
        self.raw.starts_with('{')
    }

    /// Whether it is an array.
    pub(crate) fn is_array(self) -> bool {
        self.raw.starts_with('[')
    }

    /// Its elements.
    pub(crate) fn items(self) -> Result<Vec<JsonSpan<'a>>, ImportError> {
        if !self.is_array() {
            return Err(self.refuse(format!("is {}", self.what()), "an array"));
        }
        let Items(raw) = self.read()?;
        Ok(raw.into_iter().map(|raw| JsonSpan { source: self.source, raw: raw.get() }).collect())
    }

    /// Refuses a value that would take too much memory: each number of `[1,1,1]` becomes 32 bytes.
    fn within(self) -> Result<(), ImportError> {
        match bytes_in_memory(self.raw.as_bytes()) > MAX_VALUE_BYTES {
            true => {
                let most = MAX_VALUE_BYTES >> 20;
                let message = format!("would take more than {most} MiB in memory");
                Err(self.refuse(message, "fewer values in one place"))
            }
            false => Ok(()),
        }
    }

    /// Its members in order, not parsed. A key that occurs twice is an error.
    pub(crate) fn members(self) -> Result<Members<'a>, ImportError> {
        self.pairs::<false>()
    }

    /// The same; a key may occur again.
    pub(crate) fn members_with_repeats(self) -> Result<Members<'a>, ImportError> {
        self.pairs::<true>()
    }

    fn pairs<const REPEATS: bool>(self) -> Result<Members<'a>, ImportError> {
        if !self.is_object() {
            return Err(self.refuse(format!("is {}", self.what()), "an object"));
        }
        let Pairs::<REPEATS> { pairs, repeats } = self.read()?;
        let pairs =
            pairs.into_iter().map(|(key, raw)| (key, JsonSpan { source: self.source, raw: raw.get() }));
        Ok(Members { span: self, pairs: pairs.collect(), repeats })
    }

    /// Its members, parsed.
    pub(crate) fn object(self, repeats: &mut RepeatedKeys) -> Result<Object, ImportError> {
        match self.value(repeats)? {
            Value::Object(members) => Ok(members),
            _ => Err(self.refuse(format!("is {}", self.what()), "an object")),
        }
    }

    /// The value, parsed. Keys that occur again in one object are counted in `repeats`; no value is lost.
    pub(crate) fn value(self, repeats: &mut RepeatedKeys) -> Result<Value, ImportError> {
        self.value_of(None, repeats)
    }

    /// The same for the member of that key.
    pub(crate) fn value_of(
        self,
        key: Option<&str>,
        repeats: &mut RepeatedKeys,
    ) -> Result<Value, ImportError> {
        self.within()?;
        read_json(self.raw, key, repeats).map_err(|error| self.source.broken(self.raw, &error))
    }

    fn read<T: Deserialize<'a>>(self) -> Result<T, ImportError> {
        serde_json::from_str(self.raw).map_err(|error| self.source.broken(self.raw, &error))
    }
}

/// The members of an object, not parsed, in the order of the file.
pub(crate) struct Members<'a> {
    pub span: JsonSpan<'a>,
    /// Whether a key occurs again.
    pub repeats: bool,
    pairs: Vec<(Cow<'a, str>, JsonSpan<'a>)>,
}

impl<'a> Members<'a> {
    /// The member of that name, if the object has it and it is not null.
    pub(crate) fn get(&self, key: &str) -> Option<JsonSpan<'a>> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, span)| *span).filter(|span| span.raw != "null")
    }

    /// The names of the members, in order; null ones too.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.pairs.iter().map(|(key, _)| key.as_ref())
    }

    /// The members as the cells of a row, parsed.
    pub(crate) fn cells(&self, repeats: &mut RepeatedKeys) -> Result<Vec<Value>, ImportError> {
        if !self.repeats {
            return Ok(self.span.object(repeats)?.into_iter().map(|(_, value)| value).collect());
        }
        self.span.within()?;
        self.pairs.iter().map(|(key, span)| span.value_of(Some(key), repeats)).collect()
    }

    /// The members not named in `excluded`, parsed.
    pub(crate) fn others(
        &self,
        excluded: &[&str],
        repeats: &mut RepeatedKeys,
    ) -> Result<Object, ImportError> {
        let rest = || self.pairs.iter().filter(|(key, _)| !excluded.contains(&key.as_ref()));
        if rest().map(|(_, span)| bytes_in_memory(span.raw.as_bytes())).sum::<usize>() > MAX_VALUE_BYTES {
            let message = "what the file says besides its steps is too large";
            return Err(self.span.refuse(message, "steps, and a few facts beside them"));
        }
        rest().map(|(key, span)| Ok((key.clone().into_owned(), span.value_of(Some(key), repeats)?))).collect()
    }

    /// The error for an object of an unknown shape, with a list of its keys.
    pub(crate) fn unknown(&self) -> ImportError {
        let mut keys: Vec<String> = self.pairs.iter().take(12).map(|(k, _)| shortened(k)).collect();
        if self.pairs.len() > keys.len() {
            keys.push(format!("and {} more", self.pairs.len() - keys.len()));
        }
        let found = match keys.is_empty() {
            true => "is an empty object".to_owned(),
            false => format!("is an object of an unknown shape, with {}", keys.join(", ")),
        };
        self.span.refuse(found, SHAPES)
    }
}

fn shortened(key: &str) -> String {
    match key.char_indices().nth(40) {
        Some((cut, _)) => format!("`{}…`", &key[..cut]),
        None => format!("`{key}`"),
    }
}

/// About the memory of a parsed value: its text, and one value for each separator outside of texts.
pub(crate) fn bytes_in_memory(bytes: &[u8]) -> usize {
    if bytes.len().saturating_mul(VALUE_BYTES) < MAX_VALUE_BYTES {
        return bytes.len();
    }
    let (mut values, mut i) = (1_usize, 0);
    while i < bytes.len() {
        match bytes[i] {
            b',' | b'[' | b'{' => values += 1,
            b'"' => {
                i += 1;
                while i < bytes.len() && bytes[i] != b'"' {
                    i += if bytes[i] == b'\\' { 2 } else { 1 };
                }
            }
            _ => {}
        }
        i += 1;
    }
    bytes.len() + values * VALUE_BYTES
}

/// The message for a list or an object with too many entries.
fn too_many() -> String {
    format!("has more than {MAX_ITEMS} entries; larger files open as JSON Lines, CSV or Parquet")
}

/// The elements of a list, at most [`MAX_ITEMS`].
struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Items<'de>, A::Error> {
                let mut raw = Vec::new();
                while let Some(item) = items.next_element()? {
                    if raw.len() == MAX_ITEMS {
                        return Err(serde::de::Error::custom(too_many()));
                    }
                    raw.push(item);
                }
                Ok(Items(raw))
            }
        }
        d.deserialize_seq(InOrder)
    }
}

/// The pairs of an object. Without `REPEATS` a key that occurs twice is an error.
struct Pairs<'a, const REPEATS: bool> {
    pairs: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// Whether a key occurs again.
    repeats: bool,
}

impl<'de, const REPEATS: bool> Deserialize<'de> for Pairs<'de, REPEATS> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct InOrder<const REPEATS: bool>;
        impl<'de, const REPEATS: bool> Visitor<'de> for InOrder<REPEATS> {
            type Value = Pairs<'de, REPEATS>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                let mut repeats = false;
                let mut seen = std::collections::BTreeSet::new();
                while let Some(Key(key)) = map.next_key()? {
                    if !seen.insert(key.clone()) {
                        repeats = true;
                        if !REPEATS {
                            return Err(serde::de::Error::custom(twice(&key)));
                        }
                    }
                    if pairs.len() == MAX_ITEMS {
                        return Err(serde::de::Error::custom(too_many()));
                    }
                    pairs.push((key, map.next_value()?));
                }
                Ok(Pairs { pairs, repeats })
            }
        }
        d.deserialize_map(InOrder::<REPEATS>)
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
