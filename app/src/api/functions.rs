//! The server functions. Each takes its arguments as JSON, so that the browser needs one encoder only.

use gauntlet_api::{EpisodeTimeline, InspectedStep};
use gauntlet_film::SnapshotPair;
use gauntlet_model::{DeclaredParameter, EffectSet, ListView, Object, RunPatch, RunSummary};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::backend::backend;
use super::error::PageError;
use super::list::{ListColumn, RunList, RunsQuery, ViewChange};
use super::snapshots::{Attempt, BesideQuery};

/// One page of runs.
#[server(prefix = "/pages", endpoint = "runs", input = Json)]
pub async fn list_runs(
    /// Filters, order and cursor.
    query: RunsQuery,
) -> Result<RunList, PageError> {
    backend()?.runs(query).await.map_err(PageError::answered)
}

/// The named lists of a project.
#[server(prefix = "/pages", endpoint = "views", input = Json)]
pub async fn list_views(
    /// The project; empty for the list of all runs.
    project: String,
) -> Result<Vec<ListView>, PageError> {
    backend()?.views(project).await.map_err(PageError::answered)
}

/// Changes the named lists of a project, and returns them.
#[server(prefix = "/pages", endpoint = "change_views", input = Json)]
pub async fn change_views(
    /// The project; empty for the list of all runs.
    project: String,
    /// What is done.
    change: ViewChange,
) -> Result<Vec<ListView>, PageError> {
    backend()?.change_views(project, change).await.map_err(PageError::answered)
}

/// The columns that runs can be listed by.
#[server(prefix = "/pages", endpoint = "columns", input = Json)]
pub async fn list_columns(
    /// Only those that the runs of this project have; empty for all.
    project: String,
) -> Result<Vec<ListColumn>, PageError> {
    backend()?.columns(project).await.map_err(PageError::answered)
}

/// One run.
#[server(prefix = "/pages", endpoint = "run", input = Json)]
pub async fn get_run(
    /// The run's id.
    id: String,
) -> Result<Option<RunSummary>, PageError> {
    backend()?.run(id).await.map_err(PageError::answered)
}

/// Changes name, tags and notes of a run and returns the run.
#[server(prefix = "/pages", endpoint = "change", input = Json)]
pub async fn change_run(
    /// The run's id.
    run: String,
    /// What changes.
    patch: RunPatch,
) -> Result<RunSummary, PageError> {
    backend()?.change(run, patch).await.map_err(PageError::answered)
}

/// Deletes a run.
#[server(prefix = "/pages", endpoint = "delete", input = Json)]
pub async fn delete_run(
    /// The run's id.
    run: String,
    /// Its name, so that nobody deletes the wrong one.
    name: String,
) -> Result<(), PageError> {
    backend()?.delete(run, name).await.map_err(PageError::answered)
}

/// One snapshot of a step, with its texts.
#[server(prefix = "/pages", endpoint = "step", input = Json)]
pub async fn get_step(
    /// The run's id.
    run: String,
    /// The step's number.
    step: u64,
    /// The snapshot's sequence number.
    seq: u64,
    /// The event after which the step's other events are read; `None` for the snapshot and the first ones.
    after: Option<u64>,
) -> Result<Option<InspectedStep>, PageError> {
    backend()?.step(run, step, seq, after).await.map_err(PageError::answered)
}

/// A part of an episode's timeline.
#[server(prefix = "/pages", endpoint = "timeline", input = Json)]
pub async fn get_timeline(
    /// The run's id.
    run: String,
    /// The episode's id.
    episode: String,
    /// The first sequence number.
    from: u64,
    /// After the last sequence number.
    to: u64,
) -> Result<EpisodeTimeline, PageError> {
    backend()?.timeline(run, episode, from, to).await.map_err(PageError::answered)
}

/// The parameters that a run declares for tweaks.
#[server(prefix = "/pages", endpoint = "parameters", input = Json)]
pub async fn get_parameters(
    /// The run's id.
    run: String,
) -> Result<Vec<DeclaredParameter>, PageError> {
    backend()?.parameters(run).await.map_err(PageError::answered)
}

/// The effects of a project.
#[server(prefix = "/pages", endpoint = "effects", input = Json)]
pub async fn get_effects(
    /// The project.
    project: String,
) -> Result<EffectSet, PageError> {
    backend()?.effects(project).await.map_err(PageError::answered)
}

/// Changes the effects of a project and returns them with their new version.
#[server(prefix = "/pages", endpoint = "put_effects", input = Json)]
pub async fn put_effects(
    /// The project.
    project: String,
    /// The effects, with the version that they were made from.
    effects: EffectSet,
) -> Result<EffectSet, PageError> {
    backend()?.put_effects(project, effects).await.map_err(PageError::answered)
}

/// The attempt of the same task before a snapshot, and what changed since.
#[server(prefix = "/pages", endpoint = "attempt", input = Json)]
pub async fn get_attempt(
    /// The run's id.
    run: String,
    /// The snapshot's sequence number.
    seq: u64,
) -> Result<Option<Attempt>, PageError> {
    backend()?.attempt(run, seq).await.map_err(PageError::answered)
}

/// The snapshots of two runs that attempt the same task.
#[server(prefix = "/pages", endpoint = "same_tasks", input = Json)]
pub async fn get_same_tasks(
    /// The run's id.
    run: String,
    /// The id of the other run.
    other: String,
) -> Result<Vec<SnapshotPair>, PageError> {
    backend()?.same_tasks(run, other).await.map_err(PageError::answered)
}

/// Two snapshots side by side, as HTML.
#[server(prefix = "/pages", endpoint = "beside", input = Json)]
pub async fn get_beside(
    /// Which snapshots.
    query: BesideQuery,
) -> Result<String, PageError> {
    backend()?.beside(query).await.map_err(PageError::answered)
}

/// Adds a note of an author about a step to the log.
#[server(prefix = "/pages", endpoint = "note", input = Json)]
pub async fn add_note(
    /// The run's id.
    run: String,
    /// The step's number.
    step: u64,
    /// Who writes it; empty for a browser without a name.
    author: String,
    /// The note.
    text: String,
) -> Result<(), PageError> {
    backend()?.note(run, step, author, text).await.map_err(PageError::answered)
}

/// Issues a command and returns its id.
#[server(prefix = "/pages", endpoint = "command", input = Json)]
pub async fn send_command(
    /// The run's id.
    run: String,
    /// `pause`, `resume`, `tweak`, `answer` or `stop`.
    action: String,
    /// The command's parameters.
    parameters: Object,
) -> Result<String, PageError> {
    backend()?.command(run, action, parameters).await.map_err(PageError::answered)
}
