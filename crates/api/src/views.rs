//! Requests about named lists of runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose views are meant.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListViewQuery {
    /// The project; the list of all runs where none is named.
    #[serde(default)]
    pub project: String,
}

/// What a view shows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListViewRequest {
    /// The query of a list's address.
    pub query: String,
}

/// Another name of a view.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListViewRename {
    /// The new name.
    pub name: String,
}
