//! From bytes to requests and from outcomes to bytes, in either encoding of OTLP.

use prost::Message;
use serde::{Deserialize, Serialize};

use crate::proto::{ExportLogsServiceRequest, ExportTraceServiceRequest};

/// How a request is written; its answer is written the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

impl Encoding {
    /// The encoding of a media type (lowercase, without parameters).
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Why a request could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(String);

/// Spans from the body of a request.
pub fn traces(encoding: Encoding, bytes: &[u8]) -> Result<ExportTraceServiceRequest, DecodeError> {
    read(encoding, bytes, "ExportTraceServiceRequest")
}

/// Log records from the body of a request.
pub fn logs(encoding: Encoding, bytes: &[u8]) -> Result<ExportLogsServiceRequest, DecodeError> {
    read(encoding, bytes, "ExportLogsServiceRequest")
}

fn read<T>(encoding: Encoding, bytes: &[u8], what: &str) -> Result<T, DecodeError>
where
    T: Message + Default + serde::de::DeserializeOwned,
{
    match encoding {
        Encoding::Protobuf => {
            T::decode(bytes).map_err(|e| DecodeError(format!("the body is not a protobuf {what}: {e}")))
        }
        Encoding::Json => {
            let mut reader = serde_json::Deserializer::from_slice(bytes);
            let refuse = |path: &str, e: &dyn std::fmt::Display| {
                let at = if path == "." { String::new() } else { format!(" at {path}") };
                DecodeError(format!("the body is not a JSON {what}{at}: {e}"))
            };
            let read: Object<T> = serde_path_to_error::deserialize(&mut reader)
                .map_err(|e| refuse(&e.path().to_string(), e.inner()))?;
            reader.end().map_err(|e| refuse(".", &e))?;
            Ok(read.0)
        }
    }
}

/// Only an object will do: a derived reader alone would also take a list of the values in order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            }
        }
        d.deserialize_map(Fields(std::marker::PhantomData)).map(Self)
    }
}

/// What of a request was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Spans or log records that were refused.
    pub rejected: i64,
    /// Which, and why; also what was kept but is unusual. Empty where there is nothing to say.
    pub message: String,
}

/// Whether an outcome is of spans or of log records: the two answers differ in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Signal {
    Traces,
    Logs,
}

/// The body of a 200: empty where everything was kept, else `partialSuccess`.
pub fn answer(encoding: Encoding, signal: Signal, outcome: &Outcome) -> Vec<u8> {
    let partial = (outcome.rejected != 0 || !outcome.message.is_empty())
        .then(|| Partial { rejected: outcome.rejected, error_message: outcome.message.clone() });
    match encoding {
        Encoding::Protobuf => Response { partial_success: partial }.encode_to_vec(),
        Encoding::Json => {
            let rejected = match signal {
                Signal::Traces => "rejectedSpans",
                Signal::Logs => "rejectedLogRecords",
            };
            let body = match partial {
                None => serde_json::json!({}),
                Some(p) => serde_json::json!({
                    "partialSuccess": { rejected: p.rejected.to_string(), "errorMessage": p.error_message }
                }),
            };
            body.to_string().into_bytes()
        }
    }
}

/// The body of a refusal: a `google.rpc.Status`. `code` is gRPC's number for it.
pub fn refusal(encoding: Encoding, code: i32, message: &str) -> Vec<u8> {
    let status = Status { code, message: message.to_owned() };
    match encoding {
        Encoding::Protobuf => status.encode_to_vec(),
        Encoding::Json => serde_json::to_vec(&status).unwrap_or_default(),
    }
}

/// Both `Export...ServiceResponse` messages: they have the same numbers.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<Partial>,
}

#[derive(Clone, PartialEq, Message)]
struct Partial {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

#[derive(Clone, PartialEq, Message, Serialize)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}
