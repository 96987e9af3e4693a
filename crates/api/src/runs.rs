//! Lists of runs, their columns, and deleting a run.

use std::collections::BTreeMap;

use gauntlet_model::{RunSummary, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// Only runs that fulfil these conditions: `COLUMN OPERATOR VALUE`, joined by `and`, as in
    /// `lr < 1e-5 and created >= 2026-11-01`. Operators are `=`, `!=`, `<`, `<=`, `>` and `>=`; a name that
    /// is not a column is a key of the configuration; what has blanks or operators in it is put in double
    /// quotes. A run without a value fulfils none.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// A column; `created` where none is named. Numbers and times begin with the greatest, texts and values
    /// of the configuration with the least; `-` in front reverses it, as in `-steps`. Runs without a value
    /// are last in both directions.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Columns that each item's `columns` has the values of, with commas between them: `created`, `updated`,
    /// `name`, `project`, `status`, `steps`, `failing`, `mean`, `last`, `duration`, `events`, `episodes`,
    /// `id`, `kind`, `agent`, `task`, `tags`, `notes`, `config:KEY` for a value of the configuration, or
    /// `last:PATH`, `mean:PATH`, `low:PATH` or `high:PATH` for what the values of a rubric or measurement
    /// came to. A comma or a percent sign of a key is written `%2C` or `%25`.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub columns: Option<String>,
}

/// A run of a list, with the columns that were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListedRun {
    /// The run.
    #[serde(flatten)]
    pub run: RunSummary,
    /// The values of the columns that were asked for; null where the run has none. What the values of a path
    /// came to follows the log in the background, by a few seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, Value>,
}

/// Of which runs to list the columns.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunColumnsQuery {
    /// Only this project's.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// What runs can be listed by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunColumns {
    /// What every run has.
    pub fields: Vec<String>,
    /// The keys of configurations, as in `config:KEY`.
    pub config: Vec<String>,
    /// The rubrics and measurements with values, as in `mean:PATH`.
    pub paths: Vec<String>,
}

/// The confirmation that deleting a run needs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunDeleteQuery {
    /// The run's name, repeated.
    pub name: Option<String>,
}
