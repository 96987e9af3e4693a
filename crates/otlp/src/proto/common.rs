//! Attributes, resources and scopes: what spans and log records share.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gauntlet_model::Object;
use serde::de::Deserializer;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::json::{integer, is_zero, number, or_default};

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resource {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub attributes: Vec<KeyValue>,
    #[prost(uint32, tag = "2")]
    #[serde(deserialize_with = "integer", skip_serializing_if = "is_zero")]
    pub dropped_attributes_count: u32,
}

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstrumentationScope {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub version: String,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyValue {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct AnyValue {
    #[prost(oneof = "any_value::Value", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub value: Option<any_value::Value>,
}

pub mod any_value {
    //! The alternatives of [`AnyValue`](super::AnyValue).

    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Value {
        #[prost(string, tag = "1")]
        StringValue(String),
        #[prost(bool, tag = "2")]
        BoolValue(bool),
        #[prost(int64, tag = "3")]
        IntValue(i64),
        #[prost(double, tag = "4")]
        DoubleValue(f64),
        #[prost(message, tag = "5")]
        ArrayValue(super::ArrayValue),
        #[prost(message, tag = "6")]
        KvlistValue(super::KeyValueList),
        #[prost(bytes = "vec", tag = "7")]
        BytesValue(Vec<u8>),
    }
}
use any_value::Value;

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default)]
pub struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<KeyValue>,
}

impl AnyValue {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { value: Some(Value::StringValue(text.into())) }
    }
}

impl KeyValue {
    /// An attribute.
    pub fn new(key: impl Into<String>, value: AnyValue) -> Self {
        Self { key: key.into(), value: Some(value) }
    }
}

impl Serialize for AnyValue {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(usize::from(self.value.is_some())))?;
        match &self.value {
            None => {}
            Some(Value::StringValue(v)) => map.serialize_entry("stringValue", v)?,
            Some(Value::BoolValue(v)) => map.serialize_entry("boolValue", v)?,
            Some(Value::IntValue(v)) => map.serialize_entry("intValue", &v.to_string())?,
            Some(Value::DoubleValue(v)) if v.is_finite() => map.serialize_entry("doubleValue", v)?,
            Some(Value::DoubleValue(v)) => map.serialize_entry("doubleValue", unusual(*v))?,
            Some(Value::ArrayValue(v)) => map.serialize_entry("arrayValue", v)?,
            Some(Value::KvlistValue(v)) => map.serialize_entry("kvlistValue", v)?,
            Some(Value::BytesValue(v)) => map.serialize_entry("bytesValue", &STANDARD.encode(v))?,
        }
        map.end()
    }
}

/// How protobuf's JSON writes a number that JSON cannot represent.
pub(crate) fn unusual(value: f64) -> &'static str {
    match value {
        v if v.is_nan() => "NaN",
        v if v > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// The protocol's form is an object with one of `stringValue`, `boolValue`, `intValue`, `doubleValue`,
/// `arrayValue`, `kvlistValue` and `bytesValue`. What has another form is kept as the value that it is: one
/// odd attribute must not cost its span.
impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(any(serde_json::Value::deserialize(d)?))
    }
}

fn any(value: serde_json::Value) -> AnyValue {
    let serde_json::Value::Object(map) = &value else { return from_json(&value) };
    // Of several, which the protocol does not know, the last counts; a name that is not known is a later
    // version's.
    let mut read = AnyValue { value: None };
    for (key, inner) in map {
        match one_of(key, inner) {
            Some(Ok(found)) => read.value = Some(found),
            Some(Err(())) => read = from_json(inner),
            None => {}
        }
    }
    read
}

/// One alternative; `Err` where its value is of another sort, `None` where there is none of that name.
fn one_of(name: &str, value: &serde_json::Value) -> Option<Result<Value, ()>> {
    let read = match name {
        "stringValue" => value.as_str().map(|text| Value::StringValue(text.to_owned())),
        "boolValue" => value.as_bool().map(Value::BoolValue),
        "intValue" => integer(value).ok().map(Value::IntValue),
        "doubleValue" => number(value).ok().map(Value::DoubleValue),
        "arrayValue" => ArrayValue::deserialize(value).ok().map(Value::ArrayValue),
        "kvlistValue" => KeyValueList::deserialize(value).ok().map(Value::KvlistValue),
        "bytesValue" => value.as_str().and_then(|t| STANDARD.decode(t).ok()).map(Value::BytesValue),
        _ => return None,
    };
    Some(read.ok_or(()))
}

/// A JSON value as an attribute's value: the way back from what `value` makes of one.
pub(crate) fn from_json(value: &serde_json::Value) -> AnyValue {
    let any = match value {
        serde_json::Value::Null => return AnyValue { value: None },
        serde_json::Value::Bool(v) => Value::BoolValue(*v),
        serde_json::Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(v), _) => Value::IntValue(v),
            (None, Some(v)) => Value::DoubleValue(v),
            (None, None) => return AnyValue { value: None },
        },
        serde_json::Value::String(v) => Value::StringValue(v.clone()),
        serde_json::Value::Array(items) => {
            Value::ArrayValue(ArrayValue { values: items.iter().map(from_json).collect() })
        }
        serde_json::Value::Object(map) => match special(map) {
            Some(any) => any,
            None => Value::KvlistValue(KeyValueList { values: attributes(map) }),
        },
    };
    AnyValue { value: Some(any) }
}

fn special(map: &Object) -> Option<Value> {
    let (key, value) = map.iter().next().filter(|_| map.len() == 1)?;
    match (key.as_str(), value.as_str()?) {
        ("bytesValue", text) => STANDARD.decode(text).ok().map(Value::BytesValue),
        ("doubleValue", "NaN") => Some(Value::DoubleValue(f64::NAN)),
        ("doubleValue", "Infinity") => Some(Value::DoubleValue(f64::INFINITY)),
        ("doubleValue", "-Infinity") => Some(Value::DoubleValue(f64::NEG_INFINITY)),
        _ => None,
    }
}

/// An object as attributes.
pub(crate) fn attributes(object: &Object) -> Vec<KeyValue> {
    object.iter().map(|(key, value)| KeyValue::new(key.clone(), from_json(value))).collect()
}
