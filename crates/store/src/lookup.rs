//! Finding single events of a run: by id, and the node of a step. For those who number steps by what the log has.

use gauntlet_model::{EpisodeId, EventId, Record, RunId};

use crate::sqlite;
use crate::{Store, StoreError};

impl Store {
    /// Which of the ids the run's log has, each with the step its event belongs to.
    pub async fn find(
        &self,
        run: &RunId,
        ids: &[EventId],
    ) -> Result<Vec<(EventId, Option<u32>)>, StoreError> {
        sqlite::find(self.readers(), run, ids).await
    }

    /// The highest step number in the run's log; `None` where no event has one.
    pub async fn last_step(&self, run: &RunId) -> Result<Option<u32>, StoreError> {
        sqlite::last_step(self.readers(), run).await
    }

    /// The last scored snapshot of each of these steps of episodes that has one, in no particular order.
    pub async fn nodes(&self, run: &RunId, places: &[(u32, EpisodeId)]) -> Result<Vec<Record>, StoreError> {
        sqlite::nodes(self.readers(), run, places).await
    }
}
