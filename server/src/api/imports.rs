//! Import: the body is the file itself; all of it becomes a run, or nothing.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use gauntlet_model::{RunId, RunPatch};
use gauntlet_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::body;
use crate::error::ApiError;
use crate::extract::Query;
use crate::state::{AppState, new_event_id, new_run_id, now};

/// The file's name, which names the run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    name: Option<String>,
}

/// What an import made.
#[derive(Debug, Serialize, Deserialize)]
pub struct Imported {
    /// The new run.
    pub run: RunId,
    /// Its name.
    pub name: String,
    /// Scored steps.
    pub steps: u64,
    /// Episodes.
    pub episodes: u64,
    /// What was unusual in the file, though it could be read.
    pub warnings: Vec<String>,
}

/// POST `/import?name=`.
pub async fn post(
    State(state): State<AppState>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<impl IntoResponse, ApiError> {
    let bytes = body::read(&headers, raw, state.limits.import_bytes).await?;
    let name = named.name.filter(|n| !n.trim().is_empty()).unwrap_or_else(|| "imported".to_owned());
    let imported = import(&state.store, name, bytes.into()).await?;
    Ok((StatusCode::CREATED, Json(imported)))
}

/// Reads a file and keeps it as a run, in one transaction.
pub async fn import(store: &Store, name: String, bytes: Vec<u8>) -> Result<Imported, ApiError> {
    let read = tokio::task::spawn_blocking(move || {
        gauntlet_results::import(&name, &bytes, now(), &mut new_event_id)
    });
    let file = read.await.map_err(|e| {
        tracing::error!(error = %e, "reading a file stopped");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the file could not be read")
    })??;
    let (steps, episodes, warnings) = (file.steps, file.episodes, file.warnings);
    let wanted = match &file.spec.id {
        Some(id) => id.clone(),
        None => new_run_id()?,
    };
    let (spec, events, notes) = (file.spec, file.events, file.notes);
    let run = match store.import_run(spec.clone(), wanted, events.clone(), now()).await {
        // The file's own id is taken: the import becomes a run beside that one.
        Err(StoreError::Conflict(_)) => store.import_run(spec, new_run_id()?, events, now()).await?,
        run => run?,
    };
    if !notes.is_empty() {
        let patch = RunPatch { notes: Some(notes), ..RunPatch::default() };
        store.patch_run(&run.id, patch, now()).await?;
    }
    Ok(Imported { run: run.id, name: run.name, steps, episodes, warnings })
}
