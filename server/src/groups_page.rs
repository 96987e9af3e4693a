//! `GET /runs/{run}/groups`: the page of a run's groups, rendered in one go.

use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::Correlations;
use gauntlet_app::groups::{GroupsContent, MOST_PROMPTS, document};
use gauntlet_engine::{correlations, groups, prompt_histories};

use crate::error::ApiError;
use crate::extract::RunPath;
use crate::policy;
use crate::state::AppState;

/// The page. Without a step in the address it shows the last one that has a group.
pub(crate) async fn read(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    uri: Uri,
) -> Result<Response, ApiError> {
    let summary = state.store.run(&run).await?.ok_or_else(|| ApiError::no_run(run.as_str()))?;
    let history = groups::history(&state.films, &state.prompts, &run).await?;
    let prompts =
        prompt_histories::read(&state.store, &state.films, &state.prompts, &run, MOST_PROMPTS).await?;
    let mut content = GroupsContent {
        run: summary,
        history,
        step: None,
        is_logged_order: false,
        is_failing_only: false,
        problem: None,
        range: (None, None),
        correlations: Correlations::default(),
        prompts,
    };
    let mut asked = None;
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "step" => match value.parse() {
                Ok(step) => asked = Some(step),
                Err(_) => content.problem = Some(format!("{value:?} is not a step.")),
            },
            // A field of the form that was left empty.
            "from" | "to" if value.is_empty() => {}
            "from" | "to" => match value.parse() {
                Ok(step) if name == "from" => content.range.0 = Some(step),
                Ok(step) => content.range.1 = Some(step),
                Err(_) => content.problem = Some(format!("{name:?}: {value:?} is not a step.")),
            },
            "order" => content.is_logged_order = value == "logged",
            "failing" => content.is_failing_only = value == "1",
            _ => {}
        }
    }
    if let Some(step) = asked.or(content.history.step.last().copied()) {
        match groups::of_step(&state.store, &state.films, &run, step).await {
            Ok(groups) => content.step = Some(groups),
            Err(error) => content.problem = Some(format!("{error}.")),
        }
    }
    let (from, to) = (content.range.0.unwrap_or(0), content.range.1.unwrap_or(u64::MAX));
    match correlations::read(&state.films, &run, from, to).await {
        Ok(found) => content.correlations = found,
        Err(error) => content.problem = Some(format!("{error}.")),
    }
    let options = &state.leptos;
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    Ok((kind, policy::of_plain_page(), document(&content, style)).into_response())
}
