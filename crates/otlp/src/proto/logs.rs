//! Log records, and the request that carries them.

use serde::{Deserialize, Serialize};

use super::json::{as_text, hex, integer, is_zero, or_default, time};
use super::{AnyValue, InstrumentationScope, KeyValue, Resource};

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExportLogsServiceRequest {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "or_default")]
    pub scope_logs: Vec<ScopeLogs>,
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub schema_url: String,
}

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScopeLogs {
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<InstrumentationScope>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "or_default")]
    pub log_records: Vec<LogRecord>,
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub schema_url: String,
}

#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogRecord {
    #[prost(fixed64, tag = "1")]
    #[serde(deserialize_with = "time", serialize_with = "as_text")]
    pub time_unix_nano: u64,
    #[prost(fixed64, tag = "11")]
    #[serde(deserialize_with = "time", serialize_with = "as_text")]
    pub observed_time_unix_nano: u64,
    /// 1 to 4 trace, 5 debug, 9 info, 13 warn, 17 error, 21 to 24 fatal.
    #[prost(int32, tag = "2")]
    #[serde(deserialize_with = "integer", skip_serializing_if = "is_zero")]
    pub severity_number: i32,
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub severity_text: String,
    #[prost(message, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<KeyValue>,
    #[prost(uint32, tag = "7")]
    #[serde(deserialize_with = "integer", skip_serializing_if = "is_zero")]
    pub dropped_attributes_count: u32,
    #[prost(fixed32, tag = "8")]
    #[serde(deserialize_with = "integer", skip_serializing_if = "is_zero")]
    pub flags: u32,
    #[prost(bytes = "vec", tag = "9")]
    #[serde(with = "hex", skip_serializing_if = "Vec::is_empty")]
    pub trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "10")]
    #[serde(with = "hex", skip_serializing_if = "Vec::is_empty")]
    pub span_id: Vec<u8>,
    #[prost(string, tag = "12")]
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub event_name: String,
}
