//! The few server functions of our own pages, and the port through which they reach the log. SDKs use the plain
//! routes under `/api/v1`.

use std::future::Future;
use std::pin::Pin;

use gauntlet_model::{Object, RunSummary, Timestamp};
use leptos::prelude::*;
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
    /// `created`, `updated` or `name`; empty for `created`.
    #[serde(default)]
    pub sort: String,
    /// Where the previous page ended, or empty.
    pub cursor: String,
}

/// One page of runs, newest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunsPage {
    /// The runs.
    pub items: Vec<RunSummary>,
    /// Where the next page starts, if there is one.
    pub next_cursor: Option<String>,
}

/// Everything about one step.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StepDetail {
    /// The step.
    pub step: u64,
    /// The snapshot that was asked for.
    pub snapshot: Option<StepSnapshot>,
    /// Further snapshots of this step: of other episodes, or earlier readings.
    pub others: u64,
    /// Its other events, by sequence, save what was recorded in an episode.
    pub events: Vec<StepEvent>,
    /// What happened in the snapshot's episode.
    pub story: Story,
}

/// One scored snapshot, with its texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepSnapshot {
    /// Sequence number.
    pub seq: u64,
    /// Producer's time.
    pub at: Timestamp,
    /// When the server received it.
    pub received_at: Timestamp,
    /// Episode, if any.
    pub episode: Option<String>,
    /// What the agent did.
    pub action: String,
    /// What the agent saw.
    pub observation: String,
    /// Evaluation time, milliseconds.
    pub duration_ms: Option<f64>,
    /// Anything else, without action and observation.
    pub metadata: Object,
}

/// Another event of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepEvent {
    /// Sequence number.
    pub seq: u64,
    /// Producer's time.
    pub at: Timestamp,
    /// Kind, such as `step.recorded`.
    pub kind: String,
    /// Its body.
    pub body: Object,
}

/// What happened in an episode, in order: both ends of it, and what lies between.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Story {
    /// Its beginning.
    pub first: Vec<Happening>,
    /// What is left out between the two ends.
    pub gap: Option<Gap>,
    /// Its end.
    pub last: Vec<Happening>,
}

/// A stretch of an episode that was not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Its first sequence number.
    pub from: u64,
    /// The sequence number behind it.
    pub to: u64,
    /// Events of the episode in it.
    pub events: u64,
}

/// One thing that happened in an episode: one event, or a tool's call together with its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// Sequence number of its first event.
    pub seq: u64,
    /// Step, if any.
    pub step: Option<u64>,
    /// Producer's time.
    pub at: Timestamp,
    /// What it is, in a word or two: `thought`, `tool call`; for a message who speaks.
    pub kind: String,
    /// Tool or function name.
    pub name: Option<String>,
    /// What it says: a text, a tool's arguments.
    pub text: String,
    /// What came of it.
    pub result: Option<String>,
    /// How long it took, milliseconds.
    pub duration_ms: Option<f64>,
    /// What went wrong.
    pub error: Option<Mishap>,
    /// Anything else, by name.
    pub more: Vec<(String, String)>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mishap {
    /// Class and message, such as `TimeoutError: no answer`.
    pub words: String,
    /// Where it came from.
    pub traceback: Option<String>,
}

/// A boxed future, so that the port is object safe.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// What the server provides to the pages, as context. Errors are sentences for people.
pub trait Backend: Send + Sync {
    /// One page of runs.
    fn runs(&self, query: RunsQuery) -> Answer<RunsPage>;
    /// One run; `None` where there is none of that id.
    fn run(&self, id: String) -> Answer<Option<RunSummary>>;
    /// One snapshot of a step and the step's other events; `None` where the run or the step is not there.
    fn step(&self, run: String, step: u64, seq: u64) -> Answer<Option<StepDetail>>;
    /// What happened in an episode, of sequence numbers from `from` up to before `to`.
    fn story(&self, run: String, episode: String, from: u64, to: u64) -> Answer<Story>;
    /// Issues a command (`pause`, `resume`, `tweak`, `answer`, `stop`) with JSON parameters; answers its id.
    fn command(&self, run: String, action: String, parameters: Object) -> Answer<String>;
}

#[cfg(feature = "ssr")]
fn backend() -> Result<std::sync::Arc<dyn Backend>, ServerFnError> {
    use_context().ok_or_else(|| ServerFnError::new("the server has no log to read"))
}

/// One page of runs.
#[server(prefix = "/pages", endpoint = "runs")]
pub async fn list_runs(
    /// What to look for.
    query: RunsQuery,
) -> Result<RunsPage, ServerFnError> {
    backend()?.runs(query).await.map_err(ServerFnError::new)
}

/// One run.
#[server(prefix = "/pages", endpoint = "run")]
pub async fn get_run(
    /// The run's id.
    id: String,
) -> Result<Option<RunSummary>, ServerFnError> {
    backend()?.run(id).await.map_err(ServerFnError::new)
}

/// One snapshot of a step, with its texts.
#[server(prefix = "/pages", endpoint = "step")]
pub async fn get_step(
    /// The run's id.
    run: String,
    /// The step's number.
    step: u64,
    /// The snapshot's sequence number.
    seq: u64,
) -> Result<Option<StepDetail>, ServerFnError> {
    backend()?.step(run, step, seq).await.map_err(ServerFnError::new)
}

/// What happened in an episode.
#[server(prefix = "/pages", endpoint = "story")]
pub async fn get_story(
    /// The run's id.
    run: String,
    /// The episode's id.
    episode: String,
    /// The first sequence number.
    from: u64,
    /// Behind the last sequence number.
    to: u64,
) -> Result<Story, ServerFnError> {
    backend()?.story(run, episode, from, to).await.map_err(ServerFnError::new)
}

/// Issues a command; `parameters` is a JSON object as text.
#[server(prefix = "/pages", endpoint = "command")]
pub async fn send_command(
    /// The run's id.
    run: String,
    /// `pause`, `resume`, `tweak`, `answer` or `stop`.
    action: String,
    /// A JSON object.
    parameters: String,
) -> Result<String, ServerFnError> {
    let parameters: Object = serde_json::from_str(&parameters)
        .map_err(|e| ServerFnError::new(format!("parameters: not a JSON object: {e}")))?;
    backend()?.command(run, action, parameters).await.map_err(ServerFnError::new)
}

/// A title's text as `leptos_meta::Title` must be given it: escaped on the server, where it becomes a part of an HTML
/// document; as it is in the browser, which sets the text of an element.
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
