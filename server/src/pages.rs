//! The pages: how they are rendered, and their way to the log through server functions.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gauntlet_api::{EpisodeTimeline, InspectedStep};
use gauntlet_app::api::{
    Attempt, Backend, BackendFuture, BesideQuery, ListColumn, PageError, RunList, RunsQuery, ViewChange,
};
use gauntlet_engine::clock::{new_event_id, now};
use gauntlet_engine::timeline::{self, ToHtml};
use gauntlet_engine::{commands, inspect};
use gauntlet_film::SnapshotPair;
use gauntlet_model::{
    Action, AnnotationAdded, CommandIssued, DeclaredParameter, EffectSet, EpisodeId, Event, ListView, Object,
    RunPatch, RunSummary,
};
use gauntlet_vault::Principal;
use leptos::context::use_context;
use leptos::nonce::use_nonce;
use leptos::prelude::provide_context;

use crate::api::{effects, runs};
use crate::error::ApiError;
use crate::extract::run_id;
use crate::state::AppState;
use crate::{attempt, beside, body, run_list};
use crate::{markdown, media, policy, site, value_tree};

/// The author of what a person does on a page.
const AUTHOR: &str = "browser";
/// How the pages show what was recorded.
const TO_HTML: ToHtml = ToHtml {
    markdown: markdown::html,
    value_tree: value_tree::html,
    artifact: media::html,
    images: media::images,
};
/// Largest form of a page, bytes: a query, or a command with its parameters.
pub const FORM_BYTES: u64 = 256 << 10;

/// What the pages get as context.
pub fn backend(state: &AppState) -> Arc<dyn Backend> {
    Arc::new(Pages(state.clone()))
}

/// Reads the form of a server function before Leptos does: what stops a body has a type here, and Leptos
/// would pass on its text alone.
pub async fn read_form(request: Request, next: Next) -> Response {
    let (parts, form) = request.into_parts();
    match axum::body::to_bytes(form, usize::MAX).await {
        Ok(form) => next.run(Request::from_parts(parts, Body::from(form))).await,
        Err(error) => {
            let error = body::unreadable(&error);
            (error.status(), axum::Json(PageError::from(error))).into_response()
        }
    }
}

/// POST `/pages/{function}` of a function that is not there; Leptos has the paths of the others.
pub async fn server_function(State(state): State<AppState>, request: Request<Body>) -> Response {
    let backend = backend(&state);
    let path = request.uri().path().to_owned();
    let provide = move || provide_context(Arc::clone(&backend));
    let answer = leptos_axum::handle_server_fns_with_context(provide, request).await.into_response();
    match answer.status() {
        // Plain text for developers: there is no such function.
        StatusCode::BAD_REQUEST if !answer.headers().contains_key(header::CONTENT_TYPE) => {
            ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {path:?} here"))
                .into_response()
        }
        _ => answer,
    }
}

/// An API error as the pages show it: with its sentence and status.
impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self::new(error.status().as_u16(), error.message())
    }
}

/// Gives the page that is being rendered its Content-Security-Policy, with the nonce of its inline scripts.
pub fn set_policy() {
    if let Some(answer) = use_context::<leptos_axum::ResponseOptions>() {
        let nonce = use_nonce();
        let policy = policy::of_live_page(nonce.as_deref());
        answer.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// A file of the browser side; where there is none, the page that says so.
pub async fn file_or_not_found(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    if let Some(response) = site::file(&state.site, &path, request.headers()).await {
        return response;
    }
    let wants_page = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok());
    if wants_page.is_some_and(|accept| accept.contains("text/html")) && !path.starts_with("pkg/") {
        let options = state.leptos.clone();
        let page = leptos_axum::render_app_to_stream_with_context(set_policy, move || {
            gauntlet_app::shell(options.clone())
        });
        let mut response = page(request).await.into_response();
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no \"/{path}\" here")).into_response()
}

/// The author of what the request being handled writes: its principal, else who it says it is.
fn author_of_request(asked: Option<String>) -> String {
    let principal = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Principal>().cloned());
    principal.unwrap_or_else(Principal::local).author(asked, AUTHOR)
}

struct Pages(AppState);

impl Backend for Pages {
    fn runs(&self, query: RunsQuery) -> BackendFuture<RunList> {
        let state = self.0.clone();
        Box::pin(async move { Ok(run_list::read(&state, query).await?) })
    }

    fn views(&self, project: String) -> BackendFuture<Vec<ListView>> {
        let state = self.0.clone();
        Box::pin(async move { Ok(run_list::views(&state, &project).await?) })
    }

    fn change_views(&self, project: String, change: ViewChange) -> BackendFuture<Vec<ListView>> {
        let state = self.0.clone();
        Box::pin(async move { Ok(run_list::change_views(&state, &project, change).await?) })
    }

    fn columns(&self, project: String) -> BackendFuture<Vec<ListColumn>> {
        let state = self.0.clone();
        Box::pin(async move { Ok(run_list::columns(&state, &project).await?) })
    }

    fn change(&self, run: String, patch: RunPatch) -> BackendFuture<RunSummary> {
        let state = self.0.clone();
        Box::pin(async move { Ok(runs::patch(&state, &run_id(&run)?, patch).await?) })
    }

    fn delete(&self, run: String, name: String) -> BackendFuture<()> {
        let state = self.0.clone();
        Box::pin(async move {
            let id = run_id(&run)?;
            let run = state.store.run(&id).await.map_err(ApiError::from)?;
            let run = run.ok_or_else(|| ApiError::no_run(id.as_str()))?;
            Ok(runs::remove(&state, &run, &name).await?)
        })
    }

    fn run(&self, id: String) -> BackendFuture<Option<RunSummary>> {
        let state = self.0.clone();
        Box::pin(async move {
            let Ok(id) = run_id(&id) else { return Ok(None) };
            Ok(state.store.run(&id).await.map_err(ApiError::from)?)
        })
    }

    fn step(
        &self,
        run: String,
        step: u64,
        seq: u64,
        after: Option<u64>,
    ) -> BackendFuture<Option<InspectedStep>> {
        let state = self.0.clone();
        Box::pin(async move {
            let Ok(id) = run_id(&run) else { return Ok(None) };
            let found = inspect::step(&state.store, &id, step, (seq, after), TO_HTML).await;
            Ok(found.map_err(ApiError::from)?)
        })
    }

    fn timeline(&self, run: String, episode: String, from: u64, to: u64) -> BackendFuture<EpisodeTimeline> {
        let state = self.0.clone();
        Box::pin(async move {
            let run = run_id(&run)?;
            let episode = EpisodeId::new(episode).map_err(|e| ApiError::malformed(&e))?;
            let found = timeline::read(&state.store, &run, &episode, from..to, TO_HTML).await;
            Ok(found.map_err(ApiError::from)?)
        })
    }

    fn effects(&self, project: String) -> BackendFuture<EffectSet> {
        let state = self.0.clone();
        Box::pin(async move { Ok(state.store.effects(&project).await.map_err(ApiError::from)?) })
    }

    fn put_effects(&self, project: String, effects: EffectSet) -> BackendFuture<EffectSet> {
        let state = self.0.clone();
        Box::pin(async move { Ok(effects::change(&state, &project, effects).await?) })
    }

    fn attempt(&self, run: String, seq: u64) -> BackendFuture<Option<Attempt>> {
        let state = self.0.clone();
        Box::pin(async move {
            let run = run_id(&run)?;
            Ok(attempt::previous(&state.store, &state.prompts, &run, seq).await?)
        })
    }

    fn same_tasks(&self, run: String, other: String) -> BackendFuture<Vec<SnapshotPair>> {
        let state = self.0.clone();
        Box::pin(async move {
            let (run, other) = (run_id(&run)?, run_id(&other)?);
            let pairs = gauntlet_engine::beside::same_tasks(&state.films, &state.prompts, &run, &other).await;
            Ok(pairs.map_err(ApiError::from)?)
        })
    }

    fn beside(&self, query: BesideQuery) -> BackendFuture<String> {
        let state = self.0.clone();
        Box::pin(async move { Ok(beside::html(&state, query).await?) })
    }

    fn note(&self, run: String, step: u64, author: String, text: String) -> BackendFuture<()> {
        let state = self.0.clone();
        let asked = Some(author.trim().to_owned()).filter(|author| !author.is_empty());
        let author = author_of_request(asked);
        Box::pin(async move {
            let run = run_id(&run)?;
            let note = AnnotationAdded { text, author, range: None };
            let event = Event::new(new_event_id(), now(), None, Some(step), note);
            let event = event.map_err(|e| ApiError::invalid(&e))?;
            state.store.append(&run, vec![event], now()).await.map_err(ApiError::from)?;
            Ok(())
        })
    }

    fn parameters(&self, run: String) -> BackendFuture<Vec<DeclaredParameter>> {
        let state = self.0.clone();
        Box::pin(async move {
            let run = run_id(&run)?;
            let summary = state.store.run(&run).await.map_err(ApiError::from)?;
            match summary {
                Some(summary) => {
                    Ok(commands::parameters(&state.store, &summary).await.map_err(ApiError::from)?)
                }
                None => Ok(Vec::new()),
            }
        })
    }

    fn command(&self, run: String, action: String, parameters: Object) -> BackendFuture<String> {
        let state = self.0.clone();
        let author = author_of_request(None);
        Box::pin(async move {
            let action: Action = serde_json::from_value(action.clone().into())
                .map_err(|_| ApiError::bad_request(format!("action: {action:?} is not a command")))?;
            let command =
                CommandIssued { command_id: new_event_id().to_string(), action, parameters, author };
            let run = run_id(&run)?;
            Ok(state.films.issue_command(&run, command).await.map_err(ApiError::from)?)
        })
    }
}
