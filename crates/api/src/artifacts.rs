//! Artifacts of a run.

use gauntlet_model::{ArtifactAdded, EpisodeId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Limit;
use crate::page::non_empty;

/// Which page of the artifacts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtifactListQuery {
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most items on the page.
    #[serde(default)]
    pub limit: Limit<200, 1000>,
}

/// One artifact, as its event `artifact.added` describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Sequence number of the event.
    pub seq: u64,
    /// The producer's time.
    pub at: Timestamp,
    /// Its episode, if any.
    pub episode: Option<EpisodeId>,
    /// Its step, if any.
    pub step: Option<u64>,
    /// Name, media type, size, hash and role.
    #[serde(flatten)]
    pub artifact: ArtifactAdded,
    /// Whether the server has the bytes.
    pub stored: bool,
}
