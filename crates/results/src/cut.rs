//! Recovery of a truncated JSON document: everything up to the last complete entry of a list.

/// The readable part of a truncated document, and the brackets that close it.
#[derive(Debug, PartialEq)]
pub(crate) struct Closed<'t> {
    /// The text up to the end of the last complete entry.
    pub read: &'t str,
    closers: String,
}

impl Closed<'_> {
    /// The document.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.read, self.closers)
    }
}

/// The readable part of a document. `None` where the document is complete, or no list has a complete entry.
pub(crate) fn closed(text: &str) -> Option<Closed<'_>> {
    let bytes = text.as_bytes();
    let mut open: Vec<u8> = Vec::new();
    // Where the last complete entry ends, and the brackets open there. They are copied only when the depth
    // changes.
    let mut last: Option<(usize, Vec<u8>)> = None;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'"' => {
                i += 1;
                while i < bytes.len() && bytes[i] != b'"' {
                    i += if bytes[i] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            closer @ (b'}' | b']') => {
                if open.pop() != Some(closer) {
                    return None;
                }
                if open.is_empty() {
                    return None;
                }
                if open.last() == Some(&b']') {
                    note(&mut last, i + 1, &open);
                }
            }
            b',' if open.last() == Some(&b']') => note(&mut last, i, &open),
            _ => {}
        }
        i += 1;
    }
    let (end, open) = last?;
    let closers = open.iter().rev().map(|closer| char::from(*closer)).collect();
    Some(Closed { read: text.get(..end)?, closers })
}

fn note(last: &mut Option<(usize, Vec<u8>)>, end: usize, open: &[u8]) {
    match last {
        Some((before, known)) if known == open => *before = end,
        _ => *last = Some((end, open.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(closed(text).map(|closed| closed.text()).as_deref(), expected, "{text}");
    }

    #[test]
    fn a_cut_list_ends_after_its_last_complete_entry() {
        check(r#"{"rewards": [1, 2.5, 3"#, Some(r#"{"rewards": [1, 2.5]}"#));
        check(r#"[{"a": [1, "x]"]}, {"a": [2"#, Some(r#"[{"a": [1, "x]"]}]"#));
        check(
            r#"{"results": [{"detailed_results": [{"reward": 1}, {"rew"#,
            Some(r#"{"results": [{"detailed_results": [{"reward": 1}]}]}"#),
        );
        check(r#"{"a": [1]}"#, None);
        check(r#"{"a": 1"#, None);
        check("[1, 2}", None);
    }
}
