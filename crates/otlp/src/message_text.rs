//! Inputs and outputs as text for people: messages with their roles, calls with the tool and its arguments.

use serde_json::Value;

use gauntlet_model::Object;

/// Roles that LangChain writes as the type of a message.
const TYPES: [&str; 5] = ["human", "ai", "system", "tool", "function"];

/// Keys under which a message, a part of one, a prompt or a document may be nested.
const INSIDE: [&str; 6] = ["message", "message_content", "data", "prompt", "completion", "document"];

/// The text of a value; a value without text as JSON. Of several messages each begins with its role.
pub fn message_text(value: &Value) -> String {
    let text_of = match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => conversation(items),
        Value::Object(map) => match map.get("messages").or_else(|| map.get("choices")) {
            Some(Value::Array(items)) => conversation(items),
            _ => message(value).map(|m| m.text),
        },
        Value::Bool(_) | Value::Number(_) => None,
    };
    text_of.unwrap_or_else(|| value.to_string())
}

fn conversation(items: &[Value]) -> Option<String> {
    // Clients that take several conversations at once wrap each in a list.
    if let [Value::Array(inner)] = items {
        return conversation(inner);
    }
    let text_of: Vec<Message> =
        items.iter().map(message).collect::<Option<_>>().filter(|m: &Vec<_>| !m.is_empty())?;
    let is_one = text_of.len() == 1;
    let line = |m: Message| match m.role {
        Some(role) if !is_one => format!("{role}: {}", m.text),
        _ => m.text,
    };
    Some(text_of.into_iter().map(line).collect::<Vec<_>>().join("\n\n"))
}

struct Message {
    role: Option<String>,
    text: String,
}

/// A message in the shapes that conventions and frameworks use: its text in `content`, `parts`, `contents` or
/// `text`, its calls in `tool_calls`, all of it possibly inside of one more object.
fn message(value: &Value) -> Option<Message> {
    let map = match value {
        Value::String(text) => return Some(Message { role: None, text: text.clone() }),
        other => other.as_object()?,
    };
    let role =
        || text(map, "role").or_else(|| text(map, "type").filter(|t| TYPES.contains(t))).map(str::to_owned);
    if let Some(inner) = INSIDE.iter().find_map(|key| map.get(*key).filter(|inner| inner.is_object())) {
        let inner = message(inner)?;
        return Some(Message { role: inner.role.or_else(role), ..inner });
    }
    let text_of = ["content", "parts", "contents", "text", "prompt"]
        .iter()
        .find_map(|key| map.get(*key).and_then(parts));
    let calls = map.get("tool_calls").and_then(Value::as_array).filter(|calls| !calls.is_empty());
    if map.contains_key("toolName") && text_of.is_none() {
        return Some(Message { role: role(), text: self::call(value)? });
    }
    if text_of.is_none() && calls.is_none() {
        return None;
    }
    let text_of = text_of.into_iter().filter(|text| !text.is_empty());
    let calls = calls.into_iter().flatten().map(|call| self::call(call).unwrap_or_else(|| call.to_string()));
    Some(Message { role: role(), text: text_of.chain(calls).collect::<Vec<_>>().join("\n") })
}

/// The text of a message's content; `None` where it is neither a text nor a list.
fn parts(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(parts.iter().map(part).collect::<Vec<_>>().join("\n")),
        _ => None,
    }
}

fn part(value: &Value) -> String {
    let map = value.as_object();
    let kind = map.and_then(|map| text(map, "type")).unwrap_or_default();
    let text_of = match kind {
        "tool_call" | "tool_use" | "tool-call" => call(value),
        "tool_call_response" | "tool-result" => {
            let text_of =
                map.and_then(|m| ["response", "result", "output"].iter().find_map(|key| m.get(*key)));
            // Vercel's AI SDK wraps a value in an object with its type.
            text_of.map(|text_of| {
                message_text(text_of.get("value").filter(|_| kind == "tool-result").unwrap_or(text_of))
            })
        }
        _ => message(value).map(|m| m.text),
    };
    text_of.unwrap_or_else(|| value.to_string())
}

/// A call of a tool as one writes it: `name(arguments)`.
fn call(value: &Value) -> Option<String> {
    let map = value.as_object()?;
    if let Some(inner) =
        map.get("tool_call").or_else(|| map.get("function")).filter(|inner| inner.is_object())
    {
        return call(inner);
    }
    let name = text(map, "name").or_else(|| text(map, "toolName"))?;
    let arguments = ["arguments", "args", "input"].iter().find_map(|key| map.get(*key));
    let arguments =
        arguments.map(|arguments| arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned));
    Some(format!("{name}({})", arguments.unwrap_or_default()))
}

fn text<'a>(map: &'a Object, key: &str) -> Option<&'a str> {
    map.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::message_text;

    #[test]
    fn messages_of_every_shape_have_a_text() {
        for (value, expected) in [
            (json!("plain"), "plain"),
            (json!(null), ""),
            (json!({ "a": 1 }), r#"{"a":1}"#),
            (json!([]), "[]"),
            (json!([{ "role": "user", "parts": [{ "type": "text", "content": "hi" }] }]), "hi"),
            (
                json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "hi" }]),
                "system: Be brief.\n\nuser: hi",
            ),
            // GenAI
            (
                json!([
                    { "role": "assistant", "parts": [
                        { "type": "tool_call", "id": "c", "name": "find", "arguments": { "q": 1 } },
                    ] },
                    { "role": "tool", "parts": [
                        { "type": "tool_call_response", "id": "c", "response": "rain" },
                    ] },
                ]),
                "assistant: find({\"q\":1})\n\ntool: rain",
            ),
            // OpenInference
            (
                json!([{ "message": { "role": "assistant", "tool_calls": [
                    { "tool_call": { "function": { "name": "find", "arguments": "{\"q\": 1}" } } },
                ] } }]),
                "find({\"q\": 1})",
            ),
            (
                json!([{ "message": { "contents": [
                    { "message_content": { "type": "text", "text": "see" } },
                ] } }]),
                "see",
            ),
            (json!([{ "prompt": { "text": "def f" } }]), "def f"),
            (
                json!([
                    { "document": { "content": "rain", "score": 0.5 } },
                    { "document": { "content": "sun" } },
                ]),
                "rain\n\nsun",
            ),
            // Vercel's AI SDK
            (
                json!([
                    { "role": "assistant", "content": [
                        { "type": "tool-call", "toolCallId": "1", "toolName": "f", "input": { "a": 1 } },
                    ] },
                    { "role": "tool", "content": [
                        {
                            "type": "tool-result", "toolName": "f",
                            "output": { "type": "text", "value": "ok" },
                        },
                    ] },
                ]),
                "assistant: f({\"a\":1})\n\ntool: ok",
            ),
            (
                json!({ "id": "c", "choices": [
                    { "index": 0, "message": { "role": "assistant", "content": "hi" } },
                ] }),
                "hi",
            ),
            (json!([{ "toolCallId": "1", "toolName": "f", "args": "{}" }]), "f({})"),
            (json!({ "system": "Be brief.", "prompt": "hi" }), "hi"),
            // OpenAI and Anthropic
            (
                json!({ "role": "assistant", "content": "Wait.", "tool_calls": [
                    { "function": { "name": "f", "arguments": "{}" } },
                ] }),
                "Wait.\nf({})",
            ),
            (
                json!({ "content": [
                    { "type": "tool_use", "name": "f", "input": {} },
                    { "type": "tool_result", "content": "ok" },
                ] }),
                "f({})\nok",
            ),
            // LangChain
            (
                json!({ "messages": [
                    { "type": "human", "data": { "content": "hi", "type": "human" } },
                    { "type": "ai", "data": { "content": "", "tool_calls": [{ "name": "f", "args": {} }] } },
                ] }),
                "human: hi\n\nai: f({})",
            ),
            (json!({ "messages": [[{ "type": "human", "content": "hi" }]] }), "hi"),
        ] {
            assert_eq!(message_text(&value), expected, "{value}");
        }
    }
}
