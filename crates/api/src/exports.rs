//! A run as a file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::page::non_empty;

/// Which format; for pairs, which other run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// `results` (the default), `jsonl`, `film`, `parquet`, `csv`, `dpo` or `otlp`.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["results", "jsonl", "film", "parquet", "csv", "dpo", "otlp"]))]
    pub format: Option<String>,
    /// For `dpo`: the run whose answers are compared with this one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
}
