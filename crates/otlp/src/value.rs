//! Attribute values as JSON values and back, without loss.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gauntlet_model::Object;
use serde_json::{Value, json};

use crate::proto::any_value::Value as Any;
use crate::proto::{AnyValue, KeyValue, unusual};

/// JSON deeper than this stays a text, so that wrapped in an event it stays within the depth that readers
/// accept.
const MAX_DEPTH: usize = 48;

/// The JSON value of an attribute's value. What JSON cannot represent (bytes, infinities) is written as in
/// OTLP's JSON: `{"bytesValue": "..."}`, `{"doubleValue": "NaN"}`.
pub(crate) fn to_json(value: &AnyValue) -> Value {
    match &value.value {
        None => Value::Null,
        Some(Any::StringValue(v)) => json!(v),
        Some(Any::BoolValue(v)) => json!(v),
        Some(Any::IntValue(v)) => json!(v),
        Some(Any::DoubleValue(v)) if v.is_finite() => json!(v),
        Some(Any::DoubleValue(v)) => json!({ "doubleValue": unusual(*v) }),
        Some(Any::ArrayValue(v)) => v.values.iter().map(to_json).collect(),
        Some(Any::KvlistValue(v)) => Value::Object(object(&v.values)),
        Some(Any::BytesValue(v)) => json!({ "bytesValue": STANDARD.encode(v) }),
    }
}

/// Attributes as an object. Of a key that comes twice the last counts, as for the protocol's own maps.
pub(crate) fn object(attributes: &[KeyValue]) -> Object {
    let pair = |kv: &KeyValue| (kv.key.clone(), kv.value.as_ref().map_or(Value::Null, to_json));
    attributes.iter().map(pair).collect()
}

/// Parses a text that holds a JSON object or list; anything else stays as it is.
pub(crate) fn parse_json(value: Value) -> Value {
    parse_where(value, |text| text.starts_with(['{', '[']))
}

/// Parses a text that holds any JSON, a quoted text included.
pub(crate) fn parse_any_json(value: Value) -> Value {
    parse_where(value, |_| true)
}

fn parse_where(value: Value, is_json: impl Fn(&str) -> bool) -> Value {
    let Some(text) = value.as_str().filter(|t| is_json(t.trim_start())) else { return value };
    match serde_json::from_str::<Value>(text) {
        Ok(inner) if depth(&inner) <= MAX_DEPTH => inner,
        _ => value,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A value as the text of an attribute: texts as they are, anything else as JSON.
pub(crate) fn text_attribute(value: &Value) -> AnyValue {
    AnyValue::text(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// At most `max` bytes of a text, cut between characters.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

/// A text as a one-line label: control characters become spaces, and what is too long is cut.
pub(crate) fn label(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(plain.trim(), gauntlet_model::MAX_LABEL_BYTES).to_owned()
}
