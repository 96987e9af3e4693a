//! API keys.

use gauntlet_model::{ApiKey, Role, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A key to create.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// Whose it is to be; the author of what is written with it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The projects that it is valid for; all where none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<Vec<String>>,
    /// When it expires; never where that is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A key that was created.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CreatedKey {
    /// The key.
    pub key: ApiKey,
    /// What its holder presents. Answered here only: the server does not store it.
    pub secret: String,
}
