//! Repair of texts that are not Unicode, so that one of them does not cost the request around it.
//!
//! Readers of protobuf and JSON refuse invalid UTF-8 and half surrogates. What is invalid becomes U+FFFD
//! here, and is counted by text.

use std::fmt::Write as _;

use prost::encoding::{decode_varint, encode_varint};

/// Nested messages beyond which a message is not repaired.
const MAX_DEPTH: usize = 64;

/// What a field of a protobuf message holds, as far as repair has to know.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field {
    Text,
    Message(Layout),
}

/// A message: which of its numbers are texts and messages. Everything else is copied.
pub(crate) type Layout = &'static [(u64, Field)];

use Field::{Message, Text};

static VALUE: [(u64, Field); 3] = [(1, Text), (5, Message(&LIST)), (6, Message(&MAP))];
static LIST: [(u64, Field); 1] = [(1, Message(&VALUE))];
static MAP: [(u64, Field); 1] = [(1, Message(&KEY_VALUE))];
static KEY_VALUE: [(u64, Field); 2] = [(1, Text), (2, Message(&VALUE))];
static EVENT: [(u64, Field); 2] = [(2, Text), (3, Message(&KEY_VALUE))];
static LINK: [(u64, Field); 2] = [(3, Text), (4, Message(&KEY_VALUE))];
static STATUS: [(u64, Field); 1] = [(2, Text)];
static GAUGE: [(u64, Field); 1] = [(1, Message(&POINT_7))];
static HISTOGRAM: [(u64, Field); 1] = [(1, Message(&POINT_9))];
static EXPONENTIAL: [(u64, Field); 1] = [(1, Message(&POINT_1))];
static POINT_1: [(u64, Field); 1] = [(1, Message(&KEY_VALUE))];
static POINT_7: [(u64, Field); 1] = [(7, Message(&KEY_VALUE))];
static POINT_9: [(u64, Field); 1] = [(9, Message(&KEY_VALUE))];

/// `Resource`
pub(crate) static RESOURCE: [(u64, Field); 1] = [(1, Message(&KEY_VALUE))];
/// `InstrumentationScope`
pub(crate) static SCOPE: [(u64, Field); 3] = [(1, Text), (2, Text), (3, Message(&KEY_VALUE))];
/// `Span`
pub(crate) static SPAN: [(u64, Field); 6] = [
    (3, Text),
    (5, Text),
    (9, Message(&KEY_VALUE)),
    (11, Message(&EVENT)),
    (13, Message(&LINK)),
    (15, Message(&STATUS)),
];
/// `LogRecord`
pub(crate) static LOG_RECORD: [(u64, Field); 4] =
    [(3, Text), (5, Message(&VALUE)), (6, Message(&KEY_VALUE)), (12, Text)];
/// `Metric`
pub(crate) static METRIC: [(u64, Field); 8] = [
    (1, Text),
    (2, Text),
    (3, Text),
    (5, Message(&GAUGE)),
    (7, Message(&GAUGE)),
    (9, Message(&HISTOGRAM)),
    (10, Message(&EXPONENTIAL)),
    (11, Message(&GAUGE)),
];

/// A protobuf message with its texts repaired, and how many they were. `None` where its bytes are not a
/// message.
pub(crate) fn protobuf(bytes: &[u8], layout: Layout) -> Option<(Vec<u8>, u64)> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    let repaired = message(bytes, layout, &mut out, MAX_DEPTH)?;
    Some((out, repaired))
}

fn message(mut rest: &[u8], layout: Layout, out: &mut Vec<u8>, depth: usize) -> Option<u64> {
    let depth = depth.checked_sub(1)?;
    let mut repaired = 0;
    while !rest.is_empty() {
        let before = rest;
        let key = decode_varint(&mut rest).ok()?;
        let value = match key & 7 {
            0 => {
                decode_varint(&mut rest).ok()?;
                None
            }
            1 => {
                rest = rest.get(8..)?;
                None
            }
            2 => {
                let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
                let (value, after) = rest.split_at_checked(length)?;
                rest = after;
                Some(value)
            }
            5 => {
                rest = rest.get(4..)?;
                None
            }
            _ => return None,
        };
        let field = layout.iter().find(|(number, _)| *number == key >> 3).map(|(_, field)| field);
        let mut put = |value: &[u8]| {
            encode_varint(key, out);
            encode_varint(value.len() as u64, out);
            out.extend_from_slice(value);
        };
        match (field, value) {
            (Some(Text), Some(value)) => {
                let text = String::from_utf8_lossy(value);
                repaired += u64::from(matches!(text, std::borrow::Cow::Owned(_)));
                put(text.as_bytes());
            }
            (Some(Message(layout)), Some(value)) => {
                let mut inner = Vec::with_capacity(value.len() + 16);
                repaired += message(value, layout, &mut inner, depth)?;
                put(&inner);
            }
            (_, _) => out.extend_from_slice(before.get(..before.len() - rest.len())?),
        }
    }
    Some(repaired)
}

/// JSON as text. Bytes that are not UTF-8 become half surrogates, so that [`json`] repairs and counts them in
/// the text that contains them.
pub(crate) fn utf8(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            out.push_str("\\udcff");
        }
    }
    out.into()
}

/// JSON with half surrogates in its texts repaired, and how many texts they were; [`syntax`] is repaired too.
pub(crate) fn json(text: &str) -> (String, u64) {
    scan(text, true)
}

/// JSON whose control characters inside of texts are escaped, and whose literals `NaN`, `Infinity` and
/// `-Infinity` are texts: encoders that are not strict write both.
pub(crate) fn syntax(text: &str) -> String {
    scan(text, false).0
}

fn scan(text: &str, has_half_repaired: bool) -> (String, u64) {
    let mut out = String::with_capacity(text.len() + 16);
    let mut repaired = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['"', 'N', 'I']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(inner) = from.strip_prefix('"') {
            out.push('"');
            let (after, is_repaired) = string(inner, has_half_repaired, &mut out);
            repaired += u64::from(is_repaired);
            rest = after;
            continue;
        }
        let word = ["NaN", "Infinity"].into_iter().find(|word| from.starts_with(word));
        let length = word.map_or(1, str::len);
        let (found, after) = from.split_at_checked(length).unwrap_or((from, ""));
        match word {
            Some(_) => {
                let sign = if out.ends_with('-') { out.pop().map_or("", |_| "-") } else { "" };
                let _ = write!(out, "\"{sign}{found}\"");
            }
            None => out.push_str(found),
        }
        rest = after;
    }
    out.push_str(rest);
    (out, repaired)
}

/// Copies a text up to and with its closing quote. Returns what follows, and whether it was repaired.
fn string<'a>(mut rest: &'a str, has_half_repaired: bool, out: &mut String) -> (&'a str, bool) {
    let mut is_repaired = false;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let taken = match from.as_bytes() {
            [b'"', ..] => {
                out.push('"');
                return (from.get(1..).unwrap_or_default(), is_repaired);
            }
            [b'\\', b'u', ..] => match (unit(from), unit(from.get(6..).unwrap_or_default())) {
                (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
                (Some(0xd800..0xe000), _) if has_half_repaired => {
                    out.push_str("\\ufffd");
                    is_repaired = true;
                    rest = from.get(6..).unwrap_or_default();
                    continue;
                }
                _ => 2,
            },
            // The escaped character, which need not be one byte.
            [b'\\', ..] => 1 + from.chars().nth(1).map_or(0, char::len_utf8),
            [control, ..] => {
                let _ = write!(out, "\\u{control:04x}");
                rest = from.get(1..).unwrap_or_default();
                continue;
            }
            [] => 0,
        };
        let (copied, after) = from.split_at_checked(taken).unwrap_or((from, ""));
        out.push_str(copied);
        rest = after;
    }
    out.push_str(rest);
    ("", is_repaired)
}

/// The UTF-16 unit that an escape `\uXXXX` at the beginning stands for.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_surrogates_become_replacement_characters() {
        for (text, expected, repaired) in [
            (r#"{"a":"x\ud800y"}"#, r#"{"a":"x\ufffdy"}"#, 1),
            (
                r#"["\udc00\ud83d\ude00\ud83d","\u0041","ok"]"#,
                r#"["\ufffd\ud83d\ude00\ufffd","\u0041","ok"]"#,
                1,
            ),
            (r#"["\\ud800","\"\ud800"]"#, r#"["\\ud800","\"\ufffd"]"#, 1),
            (r#"["\ud800\ud800\udc00","\ud8"#, r#"["\ufffd\ud800\udc00","\ud8"#, 1),
            (
                r#"{"NaN":NaN,"b":[-Infinity,Infinity,"Nil I"]}"#,
                r#"{"NaN":"NaN","b":["-Infinity","Infinity","Nil I"]}"#,
                0,
            ),
            ("[\"a\nb\u{0}\"]", r#"["a\u000ab\u0000"]"#, 0),
            (r#""\ä\"#, r#""\ä\"#, 0),
        ] {
            assert_eq!(json(text), (expected.to_owned(), repaired), "{text}");
        }
        let (text, repaired) = json(&utf8(b"[\"a\xffb\xc3\",\"c\"]"));
        assert_eq!((text.as_str(), repaired), (r#"["a\ufffdb\ufffd","c"]"#, 1));
    }

    #[test]
    fn syntax_repair_leaves_texts_alone() {
        assert_eq!(syntax("[NaN,\"\\ud800\t\"]"), r#"["NaN","\ud800\u0009"]"#);
    }

    #[test]
    fn bytes_that_are_no_message_are_not_repaired() {
        assert!(protobuf(b"\x0a\xff", &SPAN).is_none());
        assert!(protobuf(b"\x0b", &SPAN).is_none());
        // Field 5, the name: four bytes of which one is not UTF-8.
        let (bytes, repaired) = protobuf(b"\x2a\x04ab\xffc", &SPAN).unwrap();
        assert_eq!((bytes.as_slice(), repaired), ("\x2a\u{6}ab\u{fffd}c".as_bytes(), 1));
    }
}
