//! `/api/v1`: one file a resource.

pub mod artifacts;
pub mod commands;
pub mod episodes;
pub mod events;
pub mod exports;
pub mod film;
pub mod imports;
pub mod runs;
pub mod search;
pub mod series;
pub mod steps;

use gauntlet_model::RunId;

use crate::error::ApiError;

/// The run a path names. A name no run can have is 404, like any other run that is not there.
pub fn run_id(text: &str) -> Result<RunId, ApiError> {
    RunId::new(text).map_err(|_| ApiError::no_run(text))
}
