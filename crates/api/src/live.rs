//! The live stream of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where to resume, and how events are written.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveQuery {
    /// Sequence number to go on after. For server-sent events the header `Last-Event-ID` overrides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// How a WebSocket writes events.
    #[serde(default)]
    pub format: LiveFormat,
}

/// How a WebSocket writes events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiveFormat {
    /// One event a text frame, as `GET .../events` writes it.
    #[default]
    Json,
    /// The film's facts without long texts, packed by its codec; a text frame with a `LiveHello` comes first.
    Binary,
}

/// The first frame of a binary stream, and every later text frame of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiveHello {
    /// Events in the log now.
    pub head: u64,
}
