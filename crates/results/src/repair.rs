//! Repairs invalid JSON of other programs: bare `NaN` and `Infinity`, and halves of surrogate pairs in texts.

/// A text that was repaired.
#[derive(Debug)]
pub(crate) struct Repaired {
    /// The text as JSON.
    pub text: String,
    /// The number of texts in which U+FFFD replaces half a surrogate pair.
    pub texts: u64,
}

/// The text with every bare `NaN`, `Infinity` and the like in quotation marks, and every half of a surrogate
/// pair as U+FFFD. `None` where there is neither.
pub(crate) fn repaired(text: &str) -> Option<Repaired> {
    // Almost every text has neither, which a search for substrings finds faster than the scan below.
    let may_need_it =
        ["NaN", "Infinity", "nan", "inf", "Inf", "\\ud", "\\uD"].iter().any(|w| text.contains(w));
    if !may_need_it {
        return None;
    }
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut texts = 0;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'"' => {
                let end = string_end(bytes, i + 1);
                if halves(text, i + 1, end, &mut out, &mut copied) {
                    texts += 1;
                }
                i = end + 1;
            }
            b'N' | b'I' | b'n' | b'i' | b'-' => {
                let length = word(&bytes[i..]);
                if length > 0 {
                    out.push_str(&text[copied..i]);
                    out.push('"');
                    out.push_str(&text[i..i + length]);
                    out.push('"');
                    copied = i + length;
                }
                i += length.max(1);
            }
            _ => i += 1,
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(Repaired { text: out, texts })
}

/// The closing mark of the string that begins before `i`, or the end of the text.
fn string_end(bytes: &[u8], mut i: usize) -> usize {
    while i < bytes.len() && bytes[i] != b'"' {
        i += if bytes[i] == b'\\' { 2 } else { 1 };
    }
    i.min(bytes.len())
}

/// The length of the bare literal that begins here; 0 if there is none.
fn word(bytes: &[u8]) -> usize {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let rest = &bytes[sign..];
    for word in ["NaN", "nan", "Infinity", "infinity", "Inf", "inf"] {
        let ends = |b: &u8| !b.is_ascii_alphanumeric();
        if rest.starts_with(word.as_bytes()) && rest.get(word.len()).is_none_or(ends) {
            return sign + word.len();
        }
    }
    0
}

/// Copies a string's content with U+FFFD for each half of a surrogate pair; returns whether there was one.
fn halves(text: &str, from: usize, to: usize, out: &mut String, copied: &mut usize) -> bool {
    let bytes = text.as_bytes();
    let mut found = false;
    let mut i = from;
    while i < to {
        if bytes[i] != b'\\' {
            i += 1;
            continue;
        }
        let Some(unit) = unit(bytes, i) else {
            i += 2;
            continue;
        };
        match unit {
            0xd800..=0xdbff if unit_is_low(bytes, i + 6) => i += 12,
            0xd800..=0xdfff => {
                out.push_str(&text[*copied..i]);
                out.push_str("\\ufffd");
                *copied = i + 6;
                found = true;
                i += 6;
            }
            _ => i += 6,
        }
    }
    found
}

/// The UTF-16 unit of an escape at `i`.
fn unit(bytes: &[u8], i: usize) -> Option<u32> {
    let digits = bytes.get(i..i + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn unit_is_low(bytes: &[u8], i: usize) -> bool {
    matches!(unit(bytes, i), Some(0xdc00..=0xdfff))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, u64)>) {
        let found = repaired(text);
        let found = found.as_ref().map(|r| (r.text.as_str(), r.texts));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn bare_words_become_texts() {
        check(r#"{"a": NaN, "b": [-Infinity,inf]}"#, Some((r#"{"a": "NaN", "b": ["-Infinity","inf"]}"#, 0)));
        check(r#"{"NaN": "a NaN, -Infinity\" NaN", "b": null, "nano": true}"#, None);
        check("[nano]", None);
        check("[NaN", Some((r#"["NaN""#, 0)));
    }

    #[test]
    fn halves_of_pairs_are_replaced() {
        check(r#"{"a": "x\ud83d"}"#, Some((r#"{"a": "x\ufffd"}"#, 1)));
        check(r#"{"a": "\ud83d\ude00"}"#, None);
        check(
            r#"["\ude00\ud83d\ud83d\ude00", "\\ud83d"]"#,
            Some((r#"["\ufffd\ufffd\ud83d\ude00", "\\ud83d"]"#, 1)),
        );
        check(r#"["\ud8"#, None);
        check("[\"\\ud83d", Some(("[\"\\ufffd", 1)));
    }
}
