//! Structured values as HTML trees that fold without a script: a tool's arguments and results. Every recorded
//! text is escaped.

use std::fmt::Write;

use html_escape::encode_text;
use serde_json::Value;

/// Members shown of one value, at any depth; the raw text has all of them.
const MAX_MEMBERS: usize = 400;
/// Levels that are unfolded at first.
const OPEN_LEVELS: usize = 2;
/// Characters shown of one text.
const MAX_TEXT_CHARS: usize = 2_000;

/// The tree of an object or array with members; `None` for anything else, which is its own text.
pub(crate) fn html(value: &Value) -> Option<String> {
    if !has_members(value) {
        return None;
    }
    let mut out = String::new();
    let mut left = MAX_MEMBERS;
    members(value, 0, &mut left, &mut out);
    Some(out)
}

fn has_members(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn members(value: &Value, level: usize, left: &mut usize, out: &mut String) {
    out.push_str("<ul class=\"tree-values\">");
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| member(key, value, level, left, out));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| member(&i.to_string(), value, level, left, out));
        }
        _ => {}
    }
    if *left == 0 && level == 0 {
        out.push_str("<li>more members are in the raw text</li>");
    }
    out.push_str("</ul>");
}

fn member(key: &str, value: &Value, level: usize, left: &mut usize, out: &mut String) {
    let Some(rest) = left.checked_sub(1) else { return };
    *left = rest;
    let key = encode_text(key);
    // Writing to a string cannot fail.
    let _ = if has_members(value) {
        let open = if level + 1 < OPEN_LEVELS { " open" } else { "" };
        let count = match value {
            Value::Object(members) => format!("{{{}}}", members.len()),
            Value::Array(items) => format!("[{}]", items.len()),
            _ => String::new(),
        };
        let _ = write!(out, "<li><details{open}><summary><b>{key}</b> <i>{count}</i></summary>");
        members(value, level + 1, left, out);
        write!(out, "</details></li>")
    } else {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let shown: String = text.chars().take(MAX_TEXT_CHARS).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        let class = if value.is_string() { "is-text" } else { "is-value" };
        write!(out, "<li><b>{key}</b> <span class=\"{class}\">{}{more}</span></li>", encode_text(&shown))
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_fold_and_texts_are_escaped() {
        let out = html(&json!({"a": 1, "<b>": {"c": ["<script>", null]}})).unwrap();
        assert!(out.contains("<li><b>a</b> <span class=\"is-value\">1</span></li>"), "{out}");
        assert!(out.contains("<details open><summary><b>&lt;b&gt;</b> <i>{1}</i></summary>"), "{out}");
        assert!(out.contains("<details><summary><b>c</b> <i>[2]</i></summary>"), "{out}");
        assert!(out.contains("&lt;script&gt;") && !out.contains("<script"), "{out}");
        for plain in [json!("text"), json!(3), json!({}), json!([])] {
            assert_eq!(html(&plain), None, "{plain}");
        }
    }

    #[test]
    fn a_large_value_is_cut_and_reported_as_cut() {
        let out = html(&json!((0..1_000).collect::<Vec<_>>())).unwrap();
        assert_eq!(out.matches("<li>").count(), MAX_MEMBERS + 1);
        assert!(out.contains("more members are in the raw text"), "{out}");
        let text = html(&json!({"a": "x".repeat(MAX_TEXT_CHARS + 1)})).unwrap();
        assert!(text.contains("x…</span>"));
    }
}
