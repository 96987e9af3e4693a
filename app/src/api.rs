//! The server functions of the pages, and [`Backend`], through which they reach the log. SDKs use the routes
//! under `/api/v1` instead.
//!
//! Every function takes its arguments as JSON, so that the browser needs one encoder only.

use std::future::Future;
use std::pin::Pin;

use gauntlet_api::{EpisodeTimeline, InspectedStep, Page};
use gauntlet_film::SnapshotPair;
use gauntlet_model::{DeclaredParameter, EffectSet, Object, RunPatch, RunSummary};
use leptos::prelude::*;
use leptos::server_fn::codec::{Json, JsonEncoding};
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// What the runs page asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunsQuery {
    /// Words to look for in id, name, project, task, agent, tags and notes.
    pub q: String,
    /// Status word, or empty for all.
    pub status: String,
    /// Only this project's; empty for all.
    #[serde(default)]
    pub project: String,
    /// Only runs with this tag; empty for all.
    #[serde(default)]
    pub tag: String,
    /// Conditions such as `lr < 1e-5 and steps > 100`; empty for all.
    #[serde(default)]
    pub filter: String,
    /// The column whose values bring runs together; empty for a list without groups.
    #[serde(default)]
    pub group: String,
    /// A column, with `-` in front where it is reversed; empty for `created`.
    #[serde(default)]
    pub sort: String,
    /// Columns with commas between them; empty for those of every list.
    #[serde(default)]
    pub columns: String,
    /// The ids of the runs that are in front of all others, with commas between them.
    #[serde(default)]
    pub pin: String,
    /// The ids of the runs that are left out, with commas between them.
    #[serde(default)]
    pub hide: String,
    /// Where the previous page ended, or empty.
    pub cursor: String,
}

/// A column of the list of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListColumn {
    /// The column as the address names it.
    pub name: String,
    /// What is written above it.
    pub title: String,
    /// Whether it holds numbers or times, whose greatest is first.
    pub is_number: bool,
    /// Whether its cells are aligned to the right, as numbers are.
    pub is_right: bool,
}

/// A run as a row of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListRow {
    /// The run.
    pub run: RunSummary,
    /// Whether it is in front of the others because it is pinned.
    pub is_pinned: bool,
    /// The key of its group; empty where the list has no groups.
    pub group: String,
    /// Of each column what is in it; empty without a value. Columns that the page formats by itself are left
    /// empty.
    pub cells: Vec<String>,
    /// The root score over the steps as the points of an SVG line, 60 wide and 16 high; empty without one.
    pub sparkline: String,
}

/// The runs of a list that share a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListGroup {
    /// Its key.
    pub key: String,
    /// The value.
    pub title: String,
    /// The number of runs.
    pub runs: u64,
    /// Of each column the mean over the runs; empty without one.
    pub means: Vec<String>,
}

/// A list of runs under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedList {
    /// Its name.
    pub name: String,
    /// The query of its address.
    pub query: String,
}

/// What a person does with the named lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ViewChange {
    /// Saves the query of an address under a name.
    Save {
        /// The name.
        name: String,
        /// The query.
        query: String,
    },
    /// Gives one another name.
    Rename {
        /// Its name.
        name: String,
        /// The new one.
        to: String,
    },
    /// Deletes one.
    Delete {
        /// Its name.
        name: String,
    },
}

/// One page of runs, and how many there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunList {
    /// The page.
    pub page: Page<ListRow>,
    /// The columns, from the left, behind the name.
    pub columns: Vec<ListColumn>,
    /// The number of runs on all pages.
    pub total: u64,
    /// The groups of the list in their order, on the first page only; none where the list has no groups.
    pub groups: Vec<ListGroup>,
}

/// The previous attempt of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its step.
    pub step: u64,
    /// Its episode, if any.
    pub episode: Option<String>,
    /// What the agent did now, as HTML that runs nothing: words that are gone in `del`, new ones in `ins`.
    pub html: String,
}

/// A snapshot of a run and the one it is compared with in another run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BesideQuery {
    /// The run's id.
    pub run: String,
    /// The step of the snapshot.
    pub step: u64,
    /// Its sequence number.
    pub seq: u64,
    /// The id of the other run.
    pub other: String,
    /// The step of its snapshot.
    pub other_step: u64,
    /// The sequence number of that.
    pub other_seq: u64,
}

/// Why the server could not answer a page: a sentence for people, and the HTTP status of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageError {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// The sentence.
    pub message: String,
}

impl PageError {
    /// An error with that status.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PageError {}

impl FromServerFnError for PageError {
    type Encoder = JsonEncoding;

    /// Called by Leptos for what fails outside of a function's body: arguments that cannot be read on the
    /// server, a server that cannot be reached from the browser.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let message = error.to_string();
        let status = match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => 400,
            _ => 500,
        };
        Self { status, message }.answered()
    }
}

impl PageError {
    /// Gives the answer of a server function this error's status, where Leptos would say 500. A page that is
    /// rendered keeps its own status: it shows the error, and a way on.
    fn answered(self) -> Self {
        #[cfg(feature = "ssr")]
        {
            let parts = use_context::<http::request::Parts>();
            let is_function = parts.is_some_and(|parts| parts.uri.path().starts_with("/pages/"));
            let status = http::StatusCode::from_u16(self.status).ok().filter(|_| is_function);
            if let (Some(status), Some(answer)) = (status, use_context::<leptos_axum::ResponseOptions>()) {
                answer.set_status(status);
            }
        }
        self
    }
}

/// A boxed future, so that [`Backend`] is object safe.
pub type BackendFuture<T> = Pin<Box<dyn Future<Output = Result<T, PageError>> + Send>>;

/// What the server provides to the pages, as context.
pub trait Backend: Send + Sync {
    /// One page of runs.
    fn runs(&self, query: RunsQuery) -> BackendFuture<RunList>;
    /// The named lists of a project; those of all runs where it is empty.
    fn views(&self, project: String) -> BackendFuture<Vec<NamedList>>;
    /// Changes the named lists of a project, and returns them.
    fn change_views(&self, project: String, change: ViewChange) -> BackendFuture<Vec<NamedList>>;
    /// The columns that the runs of a project, or of all projects where it is empty, can be listed by.
    fn columns(&self, project: String) -> BackendFuture<Vec<ListColumn>>;
    /// Changes name, tags and notes of a run and returns the run.
    fn change(&self, run: String, patch: RunPatch) -> BackendFuture<RunSummary>;
    /// Deletes a run of that name.
    fn delete(&self, run: String, name: String) -> BackendFuture<()>;
    /// One run; `None` where there is none of that id.
    fn run(&self, id: String) -> BackendFuture<Option<RunSummary>>;
    /// One snapshot of a step and the first of the step's other events, or the events behind `after` alone;
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

#[cfg(feature = "ssr")]
fn backend() -> Result<std::sync::Arc<dyn Backend>, PageError> {
    use_context().ok_or_else(|| PageError::new(500, "the server has no log to read"))
}

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
) -> Result<Vec<NamedList>, PageError> {
    backend()?.views(project).await.map_err(PageError::answered)
}

/// Changes the named lists of a project, and returns them.
#[server(prefix = "/pages", endpoint = "change_views", input = Json)]
pub async fn change_views(
    /// The project; empty for the list of all runs.
    project: String,
    /// What is done.
    change: ViewChange,
) -> Result<Vec<NamedList>, PageError> {
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
    /// The event behind which the step's other events are read; `None` for the snapshot and the first ones.
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
    /// Behind the last sequence number.
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

/// A title's text as `leptos_meta::Title` must be given it: escaped on the server, where it becomes a part of
/// an HTML document; as it is in the browser, which sets the text of an element.
pub(crate) fn title_text(text: String) -> String {
    #[cfg(feature = "ssr")]
    let text = html_escape::encode_text(&text).into_owned();
    text
}

/// Makes the page being rendered answer 404. Does nothing in the browser, where the answer has already come.
pub fn answer_not_found() {
    #[cfg(feature = "ssr")]
    if let Some(answer) = use_context::<leptos_axum::ResponseOptions>() {
        answer.set_status(http::StatusCode::NOT_FOUND);
    }
}
