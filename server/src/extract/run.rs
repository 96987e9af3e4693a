//! The run that a path names, `{run}`: as far as a handler needs it looked up.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response, StatusCode};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use gauntlet_model::{RunId, RunSummary};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Path;
use crate::error::ApiError;
use crate::openapi::refusals;
use crate::state::AppState;

/// The id in the path. Whether there is such a run is left to the store, which answers 404 or 410 itself.
#[derive(Debug)]
pub struct RunPath(pub RunId);

/// The id of a run that exists; 404 for any other.
#[derive(Debug)]
pub struct ExistingRun(pub RunId);

/// The id of a run that takes additions; 404 for an unknown one, 410 for a deleted one.
#[derive(Debug)]
pub struct WritableRun(pub RunId);

/// A run that exists, with its totals; 404 for any other.
#[derive(Debug)]
pub struct LoadedRun(pub RunSummary);

/// The part of the path.
#[derive(Deserialize, JsonSchema)]
struct RunPart {
    /// The run's id.
    run: String,
}

/// The run of that id. A text that no run can have as its id is 404, like any other run that does not exist.
///
/// # Errors
///
/// 404 where the text is not an id.
pub fn run_id(text: &str) -> Result<RunId, ApiError> {
    RunId::new(text).map_err(|_| ApiError::no_run(text))
}

impl<S: Send + Sync> FromRequestParts<S> for RunPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(part) = Path::<RunPart>::from_request_parts(parts, state).await?;
        run_id(&part.run).map(Self)
    }
}

impl FromRequestParts<AppState> for ExistingRun {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let RunPath(id) = RunPath::from_request_parts(parts, state).await?;
        state.store.head(&id).await?.ok_or_else(|| ApiError::no_run(id.as_str()))?;
        Ok(Self(id))
    }
}

impl FromRequestParts<AppState> for WritableRun {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let RunPath(id) = RunPath::from_request_parts(parts, state).await?;
        if state.store.head(&id).await?.is_some() {
            return Ok(Self(id));
        }
        let is_gone = state.store.is_gone(&id).await?;
        Err(if is_gone { ApiError::gone(id.as_str()) } else { ApiError::no_run(id.as_str()) })
    }
}

impl FromRequestParts<AppState> for LoadedRun {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let RunPath(id) = RunPath::from_request_parts(parts, state).await?;
        let run = state.store.run(&id).await?;
        run.map(Self).ok_or_else(|| ApiError::no_run(id.as_str()))
    }
}

macro_rules! described_as {
    ($($extractor:ty: $statuses:expr;)*) => {
        $(impl OperationInput for $extractor {
            fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
                Path::<RunPart>::operation_input(ctx, operation);
            }

            fn inferred_early_responses(
                ctx: &mut GenContext,
                _: &mut Operation,
            ) -> Vec<(Option<StatusCode>, Response)> {
                refusals(ctx, &$statuses)
            }
        })*
    };
}

described_as! {
    RunPath: [400, 404];
    ExistingRun: [400, 404, 503];
    WritableRun: [400, 404, 410, 503];
    LoadedRun: [400, 404, 503];
}
