//! What the server provides to the pages.

use std::future::Future;
use std::pin::Pin;

use gauntlet_api::{EpisodeTimeline, InspectedStep};
use gauntlet_film::SnapshotPair;
use gauntlet_model::{DeclaredParameter, EffectSet, ListView, Object, RunPatch, RunSummary};
#[cfg(feature = "ssr")]
use leptos::prelude::use_context;

use super::error::PageError;
use super::list::{ListColumn, RunList, RunsQuery, ViewChange};
use super::snapshots::{Attempt, BesideQuery};

/// A boxed future, so that [`Backend`] is object safe.
pub type BackendFuture<T> = Pin<Box<dyn Future<Output = Result<T, PageError>> + Send>>;

/// What the server provides to the pages, as context.
pub trait Backend: Send + Sync {
    /// One page of runs.
    fn runs(&self, query: RunsQuery) -> BackendFuture<RunList>;
    /// The named lists of a project; those of all runs where it is empty.
    fn views(&self, project: String) -> BackendFuture<Vec<ListView>>;
    /// Changes the named lists of a project, and returns them.
    fn change_views(&self, project: String, change: ViewChange) -> BackendFuture<Vec<ListView>>;
    /// The columns that the runs of a project, or of all projects where it is empty, can be listed by.
    fn columns(&self, project: String) -> BackendFuture<Vec<ListColumn>>;
    /// Changes name, tags and notes of a run and returns the run.
    fn change(&self, run: String, patch: RunPatch) -> BackendFuture<RunSummary>;
    /// Deletes a run of that name.
    fn delete(&self, run: String, name: String) -> BackendFuture<()>;
    /// One run; `None` where there is none of that id.
    fn run(&self, id: String) -> BackendFuture<Option<RunSummary>>;
    /// One snapshot of a step and the first of the step's other events, or the events past `after` alone;
    /// `None` where the run or the step does not exist.
    fn step(
        &self,
        run: String,
        step: u64,
        seq: u64,
        after: Option<u64>,
    ) -> BackendFuture<Option<InspectedStep>>;
    /// The entries of an episode with sequence numbers from `from` up to before `to`.
    fn timeline(&self, run: String, episode: String, from: u64, to: u64) -> BackendFuture<EpisodeTimeline>;
    /// The parameters that a run declares for tweaks, with their present values; empty where it declares
    /// none.
    fn parameters(&self, run: String) -> BackendFuture<Vec<DeclaredParameter>>;
    /// The effects of a project.
    fn effects(&self, project: String) -> BackendFuture<EffectSet>;
    /// Changes the effects of a project and returns them with their new version.
    fn put_effects(&self, project: String, effects: EffectSet) -> BackendFuture<EffectSet>;
    /// The attempt of the same task before the snapshot of a sequence number; `None` where it is the first.
    fn attempt(&self, run: String, seq: u64) -> BackendFuture<Option<Attempt>>;
    /// The snapshots of two runs that attempt the same task.
    fn same_tasks(&self, run: String, other: String) -> BackendFuture<Vec<SnapshotPair>>;
    /// Two snapshots side by side as HTML that runs nothing: the rubrics, and the actions word by word.
    fn beside(&self, query: BesideQuery) -> BackendFuture<String>;
    /// Adds a note of an author about a step to the log.
    fn note(&self, run: String, step: u64, author: String, text: String) -> BackendFuture<()>;
    /// Issues a command (`pause`, `resume`, `tweak`, `answer`, `stop`) and returns its id.
    fn command(&self, run: String, action: String, parameters: Object) -> BackendFuture<String>;
}

/// The backend of the request that is being answered.
#[cfg(feature = "ssr")]
pub(super) fn backend() -> Result<std::sync::Arc<dyn Backend>, PageError> {
    use_context().ok_or_else(|| PageError::new(500, "the server has no log to read"))
}
