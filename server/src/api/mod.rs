//! `/api/v1`: one file a resource.

pub mod artifacts;
pub mod commands;
pub mod episodes;
pub mod events;
pub mod exports;
pub mod film;
pub mod imports;
pub mod paging;
pub mod runs;
pub mod search;
pub mod series;
pub mod steps;
pub mod writers;

use gauntlet_model::{RunId, RunSummary};
use gauntlet_store::Store;

use crate::error::ApiError;

/// The run a path names. A name no run can have is 404, like any other run that is not there.
pub fn run_id(text: &str) -> Result<RunId, ApiError> {
    RunId::new(text).map_err(|_| ApiError::no_run(text))
}

/// As [`run_id`], for a run that is there.
pub async fn existing(store: &Store, text: &str) -> Result<RunId, ApiError> {
    let id = run_id(text)?;
    store.head(&id).await?.ok_or_else(|| ApiError::no_run(text))?;
    Ok(id)
}

/// As [`existing`], for what adds to the run: one that was deleted is 410.
pub async fn writable(store: &Store, text: &str) -> Result<RunId, ApiError> {
    let id = run_id(text)?;
    if store.head(&id).await?.is_some() {
        return Ok(id);
    }
    Err(if store.is_gone(&id).await? { ApiError::gone(text) } else { ApiError::no_run(text) })
}

/// What is known of the run a path names.
pub async fn summary(store: &Store, text: &str) -> Result<RunSummary, ApiError> {
    store.run(&run_id(text)?).await?.ok_or_else(|| ApiError::no_run(text))
}
