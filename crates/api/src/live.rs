//! The live stream of a run.

use gauntlet_model::FailureRules;
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
    /// An API key, for browsers, which can set no header here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
}

/// How a WebSocket writes events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiveFormat {
    /// One event a text frame, as `GET .../events` writes it; whenever the run asks for other rules or its
    /// project has other effects, a text frame with a `LiveHello`, which alone has no `seq`.
    #[default]
    Json,
    /// The film's facts without long texts, packed by its codec. A text frame with a `LiveHello` comes first,
    /// whenever the run asks for other rules or its project has other effects, and in silence as a sign of
    /// life.
    Binary,
}

/// What viewers are sent that is not an event of the log.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LiveHello {
    /// Events in the log now.
    pub head: u64,
    /// The rules that the run asks for, where they could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<FailureRules>,
    /// How many times the effects of the run's project were changed, where they could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects_version: Option<u64>,
}
