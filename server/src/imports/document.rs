//! A document: read as a whole and kept in one transaction.

use axum::http::StatusCode;
use gauntlet_model::{RunId, RunPatch, RunSummary};
use gauntlet_results::Imported;
use gauntlet_store::{Store, StoreError};

use super::job::{Stop, Work};
use super::kept_nothing;
use super::session::Phase;
use crate::error::ApiError;
use crate::state::{new_event_id, now};

impl Work {
    /// Imports a document, where it is not too large for that.
    pub(super) fn document(&self, name: &str) -> Result<(), Stop> {
        let most = self.inner.document_bytes;
        let size = self.entry.with(|session| session.size_bytes).unwrap_or_default();
        if size > most {
            let message = format!(
                "the file is one JSON document of {size} bytes, which are read as a whole up to {most} bytes; \
                 larger files open as JSON Lines, CSV or Parquet"
            );
            return Err(Stop::File(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)));
        }
        let run = self.run()?;
        if let (true, Some(stored)) = (self.again, self.wait(|| self.inner.store.run(&run))?) {
            return self.whole_in_one(&stored, stored.steps, stored.episodes, Vec::new());
        }
        loop {
            let bytes = std::fs::read(self.entry.file()).map_err(|e| Stop::Later(kept_nothing(&e)))?;
            let file = gauntlet_results::import(name, &bytes, now(), &mut new_event_id)?;
            self.look(bytes.len() as u64)?;
            drop(bytes);
            match self.handle.block_on(keep(&self.inner.store, run.clone(), file)) {
                // The file is read again rather than held twice.
                Err(StoreError::Busy { retry_after }) => std::thread::sleep(retry_after),
                Err(error) => return Err(error.into()),
                Ok((stored, told)) => {
                    return self.whole_in_one(&stored, told.steps, told.episodes, told.warnings);
                }
            }
        }
    }

    fn whole_in_one(
        &self,
        stored: &RunSummary,
        steps: u64,
        episodes: u64,
        warnings: Vec<String>,
    ) -> Result<(), Stop> {
        self.change(|session| {
            session.phase = Phase::Done;
            session.run_name = stored.name.clone();
            session.steps = steps;
            session.episodes = episodes;
            session.warnings = warnings;
        })
    }
}

/// What a file in one piece says beside its events.
pub struct Told {
    /// Scored steps.
    pub steps: u64,
    /// Episodes.
    pub episodes: u64,
    /// What is unusual in it.
    pub warnings: Vec<String>,
}

/// Keeps a file that was read as a whole, in one transaction.
pub async fn keep(store: &Store, run: RunId, file: Imported) -> Result<(RunSummary, Told), StoreError> {
    let told = Told { steps: file.steps, episodes: file.episodes, warnings: file.warnings };
    let mut stored = store.import_run(file.spec, run, file.events, now()).await?;
    if !file.notes.is_empty() {
        let patch = RunPatch { notes: Some(file.notes), ..RunPatch::default() };
        stored = store.patch_run(&stored.id, patch, now()).await?;
    }
    Ok((stored, told))
}
