//! Backups.

use gauntlet_model::BackupKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A backup to make.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupRequest {
    /// How much it is to hold; where that is left out, what the schedule would choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<BackupKind>,
}
