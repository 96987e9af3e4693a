//! Finding single events of a run: by id, the highest step, the history of a step.

use gauntlet_model::{EpisodeId, EventId, Record, RunId};

use crate::{Store, StoreError};

impl Store {
    /// Which of the ids the run's log has, each with the step its event belongs to.
    pub async fn find(
        &self,
        run: &RunId,
        ids: &[EventId],
    ) -> Result<Vec<(EventId, Option<u64>)>, StoreError> {
        self.log().find(run, ids).await
    }

    /// The highest step number in the run's log; `None` where no event has one.
    pub async fn last_step(&self, run: &RunId) -> Result<Option<u64>, StoreError> {
        self.log().last_step(run).await
    }

    /// What was recorded (`step.recorded`) and scored (`snapshot.scored`, `score.added`) at these steps of
    /// episodes, in the order of the log.
    pub async fn history(&self, run: &RunId, places: &[(u64, EpisodeId)]) -> Result<Vec<Record>, StoreError> {
        self.log().history(run, places).await
    }

    /// Which runs' logs have these `episode.started` events. Of several runs that have one, the run that
    /// received it first comes first.
    pub async fn starting(&self, ids: &[EventId]) -> Result<Vec<(EventId, RunId)>, StoreError> {
        self.log().starting(ids).await
    }
}
