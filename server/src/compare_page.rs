//! `GET /compare` and `GET /charts`: the page of one or many runs, rendered whole; a script draws its charts.

use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use gauntlet_app::compare::{Choice, ComparisonContent, document};
use gauntlet_engine::series::MAX_RUNS;
use gauntlet_engine::{compare, tasks};
use gauntlet_model::RunId;
use gauntlet_store::RunQuery;

use crate::api::compare::run_ids;
use crate::error::ApiError;
use crate::policy;
use crate::state::AppState;

/// How many runs can be chosen from.
const MAX_CHOICES: u32 = 200;
/// How many tasks each list of regressions describes.
const MAX_TASKS: usize = 50;
/// The longest log whose tasks are read without being asked for, events.
const SHORT_LOG: u64 = 100_000;

/// The page. Any address is answered with one: what cannot be shown is an error message in it.
pub(crate) async fn read(State(state): State<AppState>, uri: Uri) -> Response {
    let mut content = ComparisonContent::default();
    if let Err(error) = fill(&mut content, &state, uri.query().unwrap_or_default()).await {
        content.problems.push(error.message().to_owned());
    }
    let options = &state.leptos;
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (kind, policy::of_scripted_page(), document(&content, style, &options.site_pkg_dir)).into_response()
}

async fn fill(content: &mut ComparisonContent, state: &AppState, query: &str) -> Result<(), ApiError> {
    let page = state.store.runs(RunQuery { limit: MAX_CHOICES, ..RunQuery::default() }).await?;
    let choice =
        |run: gauntlet_model::RunSummary| Choice { id: run.id, name: run.name, project: run.project };
    content.choices = page.items.into_iter().map(choice).collect();
    // A form sends the parameter once for each box that is ticked.
    let mut ids: Vec<RunId> = Vec::new();
    let (mut baseline, mut against) = (None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "runs" => ids.extend(run_ids(&value)?),
            "baseline" if !value.is_empty() => baseline = Some(RunId::new(value.into_owned())?),
            "against" if !value.is_empty() => against = Some(RunId::new(value.into_owned())?),
            _ => {}
        }
    }
    let mut known: Vec<RunId> = Vec::new();
    for id in ids {
        if known.contains(&id) {
            continue;
        }
        match state.store.run(&id).await? {
            Some(_) => known.push(id),
            None => {
                content.problems.push(format!("There is no run {:?}; it may have been deleted.", id.as_str()))
            }
        }
    }
    if known.len() > MAX_RUNS {
        let all = known.len();
        content.problems.push(format!("{all} runs are named; the first {MAX_RUNS} of them are shown."));
        known.truncate(MAX_RUNS);
    }
    let baseline = baseline.filter(|id| known.contains(id));
    if known.is_empty() {
        return Ok(());
    }
    let comparison = compare::read(&state.store, &state.films, &known, baseline.as_ref()).await?;
    let base = comparison.baseline.clone();
    let is_short = comparison.runs.iter().all(|run| run.head <= SHORT_LOG);
    let against = against.filter(|id| known.contains(id) && *id != base);
    // Of two short runs at once; else where it is asked for, as both logs are read for it.
    let other = against
        .or_else(|| known.iter().find(|id| **id != base).filter(|_| known.len() == 2 && is_short).cloned());
    content.comparison = Some(comparison);
    if let Some(other) = other {
        let pair = (&base, &other);
        content.tasks =
            Some(tasks::compare(&state.store, &state.films, &state.prompts, pair, MAX_TASKS).await?);
    }
    Ok(())
}
