//! Lists of runs, and deleting one.

use gauntlet_model::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Limit;
use crate::page::non_empty;

/// Which runs to list. All conditions must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunListQuery {
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most items on the page.
    #[serde(default)]
    pub limit: Limit<50, 200>,
    /// Only this project's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only runs of this status.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Status>")]
    pub status: Option<String>,
    /// Only runs that have each of these words in their id, name, project, task, agent, tags or notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only runs with this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// `created` (newest first, the default), `updated` (last changed first), `name`, `project`, `status`,
    /// `steps` (most first), `failing` (greatest share first) or `mean` (greatest mean reward first); `-` in
    /// front reverses it, as in `-steps`.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^-?(created|updated|name|project|status|steps|failing|mean)$"))]
    pub sort: Option<String>,
}

/// The confirmation that deleting a run needs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunDeleteQuery {
    /// The run's name, repeated.
    pub name: Option<String>,
}
