//! Whether the server runs, and whether it can write.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A server that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: String,
    /// Its version.
    pub version: String,
    /// How long it has been running, seconds.
    pub up_secs: u64,
}

/// A server that can write its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// Always `ready`.
    pub status: String,
}
