//! From a byte offset to a JSON path such as `results[0].detailed_results[3].reward`.
//!
//! Only errors need it: the parser does not track paths; the text before the offset is scanned once more.

/// A container around the offset.
enum Open {
    /// An object, with the key being read.
    Object { key: String, in_key: bool },
    /// An array, with the index being read.
    Array { index: u64 },
}

/// The path at byte `offset` of `text`, as far as the text before it is JSON. Iterative, so that depth needs
/// no stack.
pub(crate) fn path_at(text: &str, offset: usize) -> String {
    let bytes = text.as_bytes();
    let end = offset.min(bytes.len());
    let mut open: Vec<Open> = Vec::new();
    let mut i = 0;
    while i < end {
        match bytes[i] {
            b'{' => open.push(Open::Object { key: String::new(), in_key: true }),
            b'[' => open.push(Open::Array { index: 0 }),
            b'}' | b']' => {
                open.pop();
            }
            b',' => match open.last_mut() {
                Some(Open::Object { key, in_key }) => {
                    key.clear();
                    *in_key = true;
                }
                Some(Open::Array { index }) => *index += 1,
                None => {}
            },
            b':' => {
                if let Some(Open::Object { in_key, .. }) = open.last_mut() {
                    *in_key = false;
                }
            }
            b'"' => {
                let close = string_end(bytes, i + 1, end);
                // A truncated key is not a key.
                let is_closed = bytes.get(close) == Some(&b'"');
                if let (true, Some(Open::Object { key, in_key: true })) = (is_closed, open.last_mut()) {
                    key.clear();
                    key.push_str(text.get(i + 1..close).unwrap_or_default());
                }
                i = close;
            }
            _ => {}
        }
        i += 1;
    }
    spelled(&open)
}

fn string_end(bytes: &[u8], mut i: usize, end: usize) -> usize {
    while i < end && bytes[i] != b'"' {
        i += if bytes[i] == b'\\' { 2 } else { 1 };
    }
    i.min(end)
}

fn spelled(open: &[Open]) -> String {
    let mut path = String::new();
    // Deeper than any real file: a file of a million brackets must not make a message of megabytes.
    for container in open.iter().take(32) {
        match container {
            Open::Object { key, .. } if key.is_empty() => {}
            Open::Object { key, .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.extend(key.chars().take(80));
            }
            Open::Array { index } => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// 1-based line of byte `offset`.
pub(crate) fn line_at(text: &str, offset: usize) -> u64 {
    let before = &text.as_bytes()[..offset.min(text.len())];
    1 + before.iter().filter(|b| **b == b'\n').count() as u64
}

/// 1-based column of byte `offset` in its line, in bytes.
pub(crate) fn column_at(text: &str, offset: usize) -> u64 {
    let before = &text.as_bytes()[..offset.min(text.len())];
    1 + before.iter().rev().take_while(|b| **b != b'\n').count() as u64
}

/// The bare literal at `offset` (`NaN`, `-Infinity`, `undefined`, ...); empty if there is none.
pub(crate) fn word_at(text: &str, offset: usize) -> &str {
    let part_of_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'_' | b'.');
    let bytes = text.as_bytes();
    let at = offset.min(bytes.len());
    let start = at - bytes[..at].iter().rev().take(32).take_while(|b| part_of_word(b)).count();
    let length = bytes[start..].iter().take(64).take_while(|b| part_of_word(b)).count();
    text.get(start..start + length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_spelled_as_a_reader_would() {
        let text = r#"{"a, [b": {"c": [1, {"x": "}", "d\"e": 2}, [3, 4]]}, "last": 5}"#;
        for (mark, path) in
            [("1,", "a, [b.c[0]"), ("2}", r#"a, [b.c[1].d\"e"#), ("4]", "a, [b.c[2][1]"), ("5}", "last")]
        {
            assert_eq!(path_at(text, text.find(mark).unwrap()), path);
        }
        assert_eq!(path_at(text, 0), "");
        assert_eq!(path_at(r#"[{"scores": 1, "ses"#, 19), "[0]");
    }

    #[test]
    fn no_text_and_no_offset_panics() {
        for text in ["", "\"", "\"\\", "{\"é", "]]]}}", "[[[[", "{\"a\\", "é\"é\\é"] {
            for offset in 0..text.len() + 3 {
                let _ = (
                    path_at(text, offset),
                    line_at(text, offset),
                    column_at(text, offset),
                    word_at(text, offset),
                );
            }
        }
    }

    #[test]
    fn words_are_read_to_both_ends() {
        let text = "[1, -Infinity, NaN]";
        assert_eq!(word_at(text, 5), "-Infinity");
        assert_eq!(word_at(text, 17), "NaN");
        assert_eq!(word_at(text, 0), "");
    }
}
