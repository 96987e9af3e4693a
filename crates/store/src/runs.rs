//! Creating, listing, changing and deleting runs.

use std::sync::Arc;

use gauntlet_model::{Body, Event, RunId, RunPatch, RunSpec, RunSummary, Timestamp};

use crate::reply::Reply;
use crate::row::{Row, internal_event};
use crate::work::{LogWork, NewRun};
use crate::{Created, Page, RunGroup, RunQuery, Store, StoreError};

impl Store {
    /// Creates a run under `id`; its `run.started` is the first event of its log. Where a run of that id was
    /// created with the same content it is returned; with other content it is a [`StoreError::Conflict`].
    pub async fn create_run(&self, spec: RunSpec, id: RunId, now: Timestamp) -> Result<Created, StoreError> {
        let run = new_run(spec, &id, now)?;
        let (reply, answer) = Reply::new();
        let new = self.ask(LogWork::Create { run, now, reply }, answer).await?;
        Ok(Created { run: self.existing(&id).await?, new })
    }

    /// Creates a run with all its events in one transaction: all or nothing. Where the first
    /// event is itself a `run.started` (an exported log), it opens the log; otherwise one is made from
    /// `spec`. A run of that id must not exist.
    pub async fn import_run(
        &self,
        spec: RunSpec,
        id: RunId,
        events: Vec<Event>,
        now: Timestamp,
    ) -> Result<RunSummary, StoreError> {
        let run = new_run(spec, &id, now)?;
        self.refer(&id, &events)?;
        let opened = matches!(events.first().map(Event::body), Some(Body::RunStarted(_)));
        let started = (!opened).then(|| Arc::clone(&run.row));
        let rows = started.into_iter().chain(events.iter().map(|e| Arc::new(Row::of(e)))).collect();
        drop(events);
        let (reply, answer) = Reply::new();
        self.ask(LogWork::Import { run, rows, now, reply }, answer).await?;
        self.existing(&id).await
    }

    /// The run in its current state; `None` where there is no such run.
    pub async fn run(&self, id: &RunId) -> Result<Option<RunSummary>, StoreError> {
        self.log().run(id).await
    }

    /// One page of runs.
    pub async fn runs(&self, query: RunQuery) -> Result<Page, StoreError> {
        self.log().runs(&query).await
    }

    /// The number of runs that a query finds, on all its pages.
    pub async fn count_runs(&self, query: &RunQuery) -> Result<u64, StoreError> {
        self.log().count_runs(query).await
    }

    /// The groups of the runs that a query finds, in the order of their values, with the means of its
    /// columns; none where the query names no column to group by.
    ///
    /// # Errors
    ///
    /// Where there are more than `limit`, or where runs cannot be grouped by that column.
    pub async fn run_groups(&self, query: &RunQuery, limit: usize) -> Result<Vec<RunGroup>, StoreError> {
        self.log().run_groups(query, limit).await
    }

    /// Changes what people wrote about a run. A change of status is an event (`run.status`) of its log.
    pub async fn patch_run(
        &self,
        id: &RunId,
        patch: RunPatch,
        now: Timestamp,
    ) -> Result<RunSummary, StoreError> {
        patch.check()?;
        let (reply, answer) = Reply::new();
        self.ask(LogWork::Patch { run: id.clone(), patch, now, reply }, answer).await?;
        self.existing(id).await
    }

    /// Deletes a run with all its events, commands and film, and the artifacts that no other run refers to.
    /// At once for everybody; the space is freed in the background. What is sent for it afterwards is
    /// [`StoreError::Gone`], until it is created again.
    pub async fn delete_run(&self, id: &RunId, now: Timestamp) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(LogWork::Delete { run: id.clone(), now, reply }, answer).await?;
        let artifacts = self.blobs().forget(id).await;
        if artifacts > 0 {
            tracing::info!(run = %id, artifacts, "artifacts of a deleted run were removed");
        }
        Ok(())
    }

    async fn existing(&self, id: &RunId) -> Result<RunSummary, StoreError> {
        self.run(id).await?.ok_or_else(|| StoreError::no_run(id))
    }
}

/// A run ready to be created.
pub(crate) fn new_run(spec: RunSpec, id: &RunId, now: Timestamp) -> Result<NewRun, StoreError> {
    let started = spec.started();
    let row = internal_event(RunSummary::started_event_id(id), now, started.clone())?;
    Ok(NewRun { id: id.clone(), started, row })
}
