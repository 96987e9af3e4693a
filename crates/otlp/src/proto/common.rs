//! Attributes, resources and scopes: what spans and log records share.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::json::{integer, is_zero, or_default};

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

/// How protobuf's JSON writes a number that JSON has no word for.
pub(crate) fn unusual(value: f64) -> &'static str {
    match value {
        v if v.is_nan() => "NaN",
        v if v > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct OneOf;
        impl<'de> Visitor<'de> for OneOf {
            type Value = AnyValue;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "an object with one of stringValue, boolValue, intValue, doubleValue, arrayValue, \
                             kvlistValue, bytesValue",
                )
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue, A::Error> {
                let mut value = None;
                while let Some(key) = map.next_key::<String>()? {
                    value = Some(match key.as_str() {
                        "stringValue" => Value::StringValue(map.next_value()?),
                        "boolValue" => Value::BoolValue(map.next_value()?),
                        "intValue" => Value::IntValue(map.next_value::<Int>()?.0),
                        "doubleValue" => Value::DoubleValue(map.next_value::<Double>()?.0),
                        "arrayValue" => Value::ArrayValue(map.next_value()?),
                        "kvlistValue" => Value::KvlistValue(map.next_value()?),
                        "bytesValue" => {
                            let text = map.next_value::<String>()?;
                            let bytes = STANDARD.decode(&text).map_err(de::Error::custom)?;
                            Value::BytesValue(bytes)
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    });
                }
                Ok(AnyValue { value })
            }
        }
        d.deserialize_map(OneOf)
    }
}

#[derive(Deserialize)]
struct Int(#[serde(deserialize_with = "integer")] i64);

/// A number, or the text protobuf's JSON has for those JSON cannot write.
struct Double(f64);

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = f64;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<f64, E> {
                Ok(v)
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<f64, E> {
                Ok(v as f64)
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<f64, E> {
                Ok(v as f64)
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<f64, E> {
                v.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(v), &self))
            }
        }
        d.deserialize_any(Number).map(Self)
    }
}
