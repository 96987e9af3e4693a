//! Prompts and completions that are conversations: lists of messages with a role and a content.

use serde_json::{Value, json};

/// Whether a value is a conversation: a list of objects, each with a role.
pub(crate) fn is_conversation(value: &Value) -> bool {
    let is_message = |item: &Value| {
        item.get("role").is_some_and(Value::is_string)
            && (item.get("content").is_some() || item.get("tool_calls").is_some())
    };
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(is_message))
}

/// A prompt or a completion as one text: each message under its role, a single message without. Any other
/// value is its text or JSON.
pub(crate) fn conversation_text(value: &Value) -> String {
    match value.as_array() {
        Some(items) if is_conversation(value) => match items.as_slice() {
            [only] => message_text(only),
            several => {
                let each = several.iter().map(|message| {
                    format!("[{}]\n{}", message["role"].as_str().unwrap_or("message"), message_text(message))
                });
                each.collect::<Vec<_>>().join("\n\n")
            }
        },
        _ => plain(value),
    }
}

/// The conversation of a text: its JSON, as SDKs store lists of messages, or the inverse of
/// [`conversation_text`]; `None` where a text is neither that nor several messages under their roles.
pub(crate) fn parse_conversation(text: &str) -> Option<Value> {
    if text.trim_start().starts_with("[{")
        && let Some(messages) = serde_json::from_str(text).ok().filter(is_conversation)
    {
        return Some(messages);
    }
    const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];
    let role_of = |part: &str| {
        let (role, rest) = part.strip_prefix('[')?.split_once("]\n")?;
        ROLES.contains(&role).then(|| (role.to_owned(), rest.to_owned()))
    };
    let mut messages: Vec<(String, String)> = vec![role_of(text)?];
    let first = std::mem::take(&mut messages[0].1);
    for (i, part) in first.split("\n\n").enumerate() {
        match role_of(part) {
            Some(message) if i > 0 => messages.push(message),
            _ => {
                if let Some((_, content)) = messages.last_mut() {
                    if i > 0 && !(content.is_empty()) {
                        content.push_str("\n\n");
                    }
                    content.push_str(part);
                }
            }
        }
    }
    let message = |(role, content)| json!({ "role": role, "content": content });
    Some(Value::Array(messages.into_iter().map(message).collect()))
}

/// A message as text: its content, then its tool calls, one per line.
pub(crate) fn message_text(message: &Value) -> String {
    let mut lines = vec![content_text(&message["content"])];
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let function = call.get("function").filter(|f| f.is_object()).unwrap_or(call);
        lines.push(format!(
            "{}({})",
            function["name"].as_str().unwrap_or("tool"),
            plain(&function["arguments"])
        ));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// The text of a message's content; a part without text (an image, a sound) as its type.
pub(crate) fn content_text(content: &Value) -> String {
    let Some(parts) = content.as_array() else { return plain(content) };
    let part = |part: &Value| match (part.get("text").and_then(Value::as_str), part.get("type")) {
        (Some(text), _) => text.to_owned(),
        (None, Some(kind)) => format!("<{}>", plain(kind)),
        (None, None) => plain(part),
    };
    parts.iter().map(part).collect::<Vec<_>>().join("\n")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_its_messages_under_their_roles() {
        let one = json!([{"role": "user", "content": "2+2"}]);
        assert_eq!(conversation_text(&one), "2+2");
        let parts = json!([{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {}}]);
        let call = json!([{"id": "1", "function": {"name": "add", "arguments": "{\"a\":2}"}}]);
        let two = json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": parts},
            {"role": "assistant", "content": null, "tool_calls": call},
        ]);
        assert_eq!(
            conversation_text(&two),
            "[system]\nBe brief.\n\n[user]\nsee\n<image_url>\n\n[assistant]\nadd({\"a\":2})"
        );
        let plain =
            json!([{"role": "user", "content": "Why?\n\nTell."}, {"role": "assistant", "content": "So."}]);
        assert_eq!(parse_conversation(&conversation_text(&plain)), Some(plain.clone()));
        assert_eq!(parse_conversation(&plain.to_string()), Some(plain));
        assert_eq!((parse_conversation("2+2"), parse_conversation("[1]\nx")), (None, None));
        assert!(!is_conversation(&json!([])) && !is_conversation(&json!([{"content": "x"}])));
        assert_eq!(conversation_text(&json!({"a": 1})), "{\"a\":1}");
    }
}
