//! SQL over the recorded runs.

use gauntlet_model::RunId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Bounded;

/// A statement, and how far it may go.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRequest {
    /// One SELECT in SQLite's dialect over the views that docs/sql.md lists, at most 10,000 bytes.
    pub sql: String,
    /// The runs whose rows the views have; all runs where it is absent or empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<RunId>,
    /// Most rows of the answer.
    #[serde(default)]
    pub limit: Bounded<1, 1000, 100_000>,
    /// How long the statement may take, the reading of its runs included, in seconds.
    #[serde(default)]
    pub seconds: Bounded<1, 10, 60>,
    /// How the answer is written.
    #[serde(default)]
    pub format: SqlFormat,
}

impl SqlRequest {
    /// A statement over all runs, with the usual limits.
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            runs: Vec::new(),
            limit: Bounded::default(),
            seconds: Bounded::default(),
            format: SqlFormat::default(),
        }
    }
}

/// How the answer of a statement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SqlFormat {
    /// A [`SqlAnswer`].
    #[default]
    Json,
    /// A table as text; `gauntlet-truncated` of the answer's head says whether rows are missing.
    Csv,
    /// A table for pandas and DuckDB, with the same head.
    Parquet,
}

/// The rows that a statement found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SqlAnswer {
    /// The names of the columns, each once: a second one of a name gets `_2`, and so on.
    pub columns: Vec<String>,
    /// The rows, each with a value for every column: null, a number, or a text. Infinite numbers are null,
    /// bytes are hexadecimal digits.
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more rows than `limit`, or than fit into one answer.
    pub truncated: bool,
}
