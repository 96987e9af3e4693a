//! The log of a run: appending to it, reading it by position.

use gauntlet_model::{EpisodeId, Record};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Limit;
use crate::page::non_empty;

/// What appending events did. All of them are on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppendOutcome {
    /// Events appended now.
    pub accepted: u64,
    /// Events that the log had already under the same id, or that came twice.
    pub duplicates: u64,
    /// Sequence number of the first event appended now.
    pub first_seq: Option<u64>,
    /// Sequence number of the last event appended now.
    pub last_seq: Option<u64>,
}

/// Where to read a log from, and what of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// Sequence number to read after; from the first event unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Most events to answer.
    #[serde(default)]
    pub limit: Limit<1000, 10_000>,
    /// Only these kinds, separated by commas.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only this episode's; empty: those that belong to none.
    #[serde(default, skip_serializing_if = "EpisodeFilter::is_any")]
    pub episode: EpisodeFilter,
}

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventPage {
    /// The events, by sequence number.
    pub events: Vec<Record>,
    /// Sequence number of the last event that was looked at, whether it was answered or filtered out: what to
    /// read after next time. Null where nothing was looked at.
    pub next_after: Option<u64>,
    /// Events in the whole log: one more than the last sequence number.
    pub head: u64,
}

/// Which episode's: `episode=ID`; `episode=` for what belongs to no episode; everything where it is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EpisodeFilter {
    /// Those of every episode, and of none.
    #[default]
    Any,
    /// Those that belong to no episode.
    Without,
    /// Those of this one.
    Only(EpisodeId),
}

impl EpisodeFilter {
    /// Whether nothing is filtered out.
    pub fn is_any(&self) -> bool {
        *self == Self::Any
    }

    /// Whether something of that episode, or of none, is asked for.
    pub fn matches(&self, episode: Option<&EpisodeId>) -> bool {
        match self {
            Self::Any => true,
            Self::Without => episode.is_none(),
            Self::Only(wanted) => episode == Some(wanted),
        }
    }
}

impl From<Option<EpisodeId>> for EpisodeFilter {
    /// That episode; everything where none is named.
    fn from(episode: Option<EpisodeId>) -> Self {
        episode.map_or(Self::Any, Self::Only)
    }
}

impl Serialize for EpisodeFilter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => to.serialize_none(),
            Self::Without => to.serialize_str(""),
            Self::Only(episode) => episode.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for EpisodeFilter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match String::deserialize(from)?.as_str() {
            "" => Ok(Self::Without),
            text => EpisodeId::new(text).map(Self::Only).map_err(|e| serde::de::Error::custom(e.message)),
        }
    }
}

impl JsonSchema for EpisodeFilter {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EpisodeFilter".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": 200 })
    }
}
