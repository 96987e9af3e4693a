//! Named lists of runs.

use gauntlet_model::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list of runs under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListView {
    /// Its name, the only one of its project.
    pub name: String,
    /// The query of the list's address, such as `sort=-mean:root&columns=status,config:lr`.
    pub query: String,
    /// When it was saved.
    pub saved_at: Timestamp,
}

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
