//! What the values of each run came to, as lists of runs show it: computed from folded films by who has
//! them, stored here.

use gauntlet_model::RunId;

use crate::projection::{Projection, StaleRun};
use crate::reply::Reply;
use crate::work::TableWork;
use crate::{Store, StoreError};

impl Store {
    /// The sparklines of runs, in their order; empty where none is stored.
    pub async fn sparklines(&self, runs: &[RunId]) -> Result<Vec<Vec<f64>>, StoreError> {
        self.log().sparklines(runs).await
    }

    /// The runs whose projection is behind their log.
    pub async fn stale_runs(&self) -> Result<Vec<StaleRun>, StoreError> {
        self.log().stale_runs().await
    }

    /// The keys of configurations and the paths with values that the runs of a project, or of all projects,
    /// have: by name, at most `limit` of each.
    pub async fn run_columns(
        &self,
        project: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<String>, Vec<String>), StoreError> {
        self.log().run_columns(project, limit).await
    }

    /// Stores what the values of a run came to, in place of what was stored of it.
    pub async fn put_projection(&self, run: &RunId, projection: Projection) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(TableWork::PutProjection { run: run.clone(), projection, reply }, answer).await
    }
}
