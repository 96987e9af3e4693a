//! `/api/v1`: one file a resource. Each handler is followed by its description for the OpenAPI document.

pub mod artifacts;
pub mod backups;
pub mod commands;
pub mod compare;
pub mod effects;
pub mod episodes;
pub mod events;
pub mod exports;
pub mod film;
pub mod groups;
pub mod imports;
pub mod keys;
pub mod monitors;
mod outcome;
pub mod runs;
pub mod search;
pub mod series;
pub mod sql;
pub mod steps;
pub mod views;
pub mod writers;

pub use outcome::{Accepted, Created, NoContent, Upserted};

use schemars::JsonSchema;
use serde::Deserialize;

/// The part of the path that names a project.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ProjectPart {
    /// The project.
    project: String,
}
