//! The film of a run: its manifest, and which version of a chunk is asked for.

use gauntlet_film::Manifest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the film of a run consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FilmManifest {
    /// Head, steps, rubric paths, levels, and the rule that steps are judged by.
    #[serde(flatten)]
    pub manifest: Manifest,
    /// Tells this run from an earlier one of the same id, and coarser chunks of one rule from those of
    /// another.
    pub version: String,
}

/// Which version of a chunk.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChunkQuery {
    /// The manifest's `version`; with it the chunk may be cached for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v: Option<String>,
}
