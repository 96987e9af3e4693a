//! Named lists of runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

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
