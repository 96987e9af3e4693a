//! What every refusal and every failure answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The body of an answer with a status of 400 or more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorInfo,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ErrorInfo {
    /// A word for machines, such as `not_found`, `invalid`, `conflict`, `gone`, `busy`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// What is wrong, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<ErrorDetail>,
    /// The request, as the server's log names it; also in the header `x-request-id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDetail {
    /// In a batch of events: which one, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// The field, such as `body.scores.root`; empty where the whole value is wrong.
    pub field: String,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// In a file: what was expected there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// In a file: the line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// In a file: how many records before this place can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readable: Option<u64>,
    /// Where a position is past the end of the log: the events that the log has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<u64>,
    /// Where a slice of a file begins elsewhere than the last one ended: the bytes received so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
}

impl ErrorDetail {
    /// A field, and what is wrong with it.
    pub fn of_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: Some(message.into()), ..Self::default() }
    }
}
