//! The store in memory: for tests and short work. What it holds is lost with the process.

use std::collections::HashMap;

use async_trait::async_trait;
use gauntlet_model::RunId;
use parking_lot::RwLock;

use super::entry::ArchivedEntry;
use super::index::Index;
use super::query::{ArchivePage, ExperimentQuery};
use super::{Archived, ResultStore, ResultStoreError, content};
use crate::experiment::Experiment;

/// Experiments in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    index: Index,
    /// Each experiment with its text, which tells whether another one is the same.
    experiments: HashMap<RunId, (String, Experiment)>,
}

#[async_trait]
impl ResultStore for MemoryStore {
    async fn archive_experiment(&self, experiment: &Experiment) -> Result<Archived, ResultStoreError> {
        let text = content(experiment)?;
        let entry = ArchivedEntry::of(experiment);
        let mut state = self.0.write();
        match state.experiments.get(&experiment.id) {
            Some((known, _)) if *known == text => return Ok(Archived::Unchanged),
            Some(_) => return Err(ResultStoreError::Conflict(experiment.id.clone())),
            None => {}
        }
        state.index.add(entry);
        state.experiments.insert(experiment.id.clone(), (text, experiment.clone()));
        Ok(Archived::Created)
    }

    async fn get_experiment(&self, id: &RunId) -> Result<Experiment, ResultStoreError> {
        let state = self.0.read();
        let found = state.experiments.get(id).map(|(_, experiment)| experiment.clone());
        found.ok_or_else(|| ResultStoreError::NotFound(id.clone()))
    }

    async fn query_experiments(&self, query: &ExperimentQuery) -> Result<ArchivePage, ResultStoreError> {
        Ok(self.0.read().index.page(query))
    }
}
