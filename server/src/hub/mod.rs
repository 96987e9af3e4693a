//! The origin's paths, for its unmodified clients: a thin adapter over the log. Everything richer is
//! `/api/v1`.

mod answers;
pub mod commands;
pub mod compare;
pub mod live;
mod query;
pub mod search;
pub mod sessions;
pub mod stream;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::extract::Json;
use crate::openapi::{Describe, Docs};
use answers::{Health, Refusal};

/// The part of a path that names a session.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SessionPart {
    /// The session: the run's id.
    sid: String,
}

/// `GET /health`.
pub async fn health() -> Json<Health> {
    Json(Health { status: "healthy", service: "observability_hub" })
}

/// How [`health`] is described.
pub fn health_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "Whether the hub runs").status(200, "It does.")
}
