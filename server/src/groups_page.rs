//! `GET /runs/{run}/groups`: the page of a run's groups, rendered in one go.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::{Correlations, Group, GroupQuery, Limit};
use gauntlet_app::groups::{GroupsContent, GroupsShown, MAX_PROMPTS, document};
use gauntlet_engine::{correlations, groups, prompt_histories};

use crate::attempt;
use crate::error::ApiError;
use crate::extract::RunPath;
use crate::policy;
use crate::state::AppState;

/// How long all comparisons of a page may take together. A completion that is not compared by then is shown
/// as it is.
const MAX_COMPARE_TIME: Duration = Duration::from_millis(500);

/// Groups on a page, and rollouts of each, at most.
const MAX_GROUPS: u32 = 50;
const MAX_ROLLOUTS: u32 = 64;

/// The page. Without a step in the address it shows the last one that has a group.
pub(crate) async fn read(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    uri: Uri,
) -> Result<Response, ApiError> {
    let summary = state.store.run(&run).await?.ok_or_else(|| ApiError::no_run(run.as_str()))?;
    let history = groups::history(&state.films, &state.prompts, &run).await?;
    let prompts =
        prompt_histories::read(&state.store, &state.films, &state.prompts, &run, MAX_PROMPTS).await?;
    let mut content = GroupsContent {
        run: summary,
        history,
        step: None,
        shown: GroupsShown::default(),
        changes: BTreeMap::new(),
        problem: None,
        cursor: None,
        range: (None, None),
        correlations: Correlations::default(),
        prompts,
    };
    let asked = read_query(&mut content, uri.query().unwrap_or_default());
    if let Some(step) = asked.or(content.history.step.last().copied()) {
        let query = GroupQuery {
            cursor: content.cursor.clone(),
            limit: Limit::new(MAX_GROUPS),
            rollouts: Limit::new(MAX_ROLLOUTS),
        };
        let reader = groups::Reader { store: &state.store, films: &state.films, prompts: &state.prompts };
        match reader.of_step(&run, step, &query).await {
            Ok(groups) => {
                if content.shown.is_compared {
                    content.changes = changes(groups.groups.clone()).await?;
                }
                content.step = Some(groups);
            }
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

/// Reads what the address asks for; returns the step. What cannot be read is the page's problem.
fn read_query(content: &mut GroupsContent, query: &str) -> Option<u64> {
    let mut asked = None;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
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
            "cursor" => content.cursor = Some(value.into_owned()).filter(|cursor| !cursor.is_empty()),
            "order" => content.shown.is_logged_order = value == "logged",
            "failing" => content.shown.is_failing_only = value == "1",
            "diff" => content.shown.is_compared = value == "1",
            "layout" => content.shown.is_list = value == "list",
            _ => {}
        }
    }
    asked
}

/// The completions of groups, each compared with the best one of its group, by the sequence number of their
/// snapshot.
async fn changes(groups: Vec<Group>) -> Result<BTreeMap<u64, String>, ApiError> {
    let compare = move || {
        let end = Instant::now() + MAX_COMPARE_TIME;
        let mut changes = BTreeMap::new();
        for group in &groups {
            let Some((best, others)) = group.rollouts.split_first() else { continue };
            for rollout in others {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return changes;
                }
                changes.insert(rollout.seq, attempt::html(&best.action, &rollout.action, left));
            }
        }
        changes
    };
    tokio::task::spawn_blocking(compare).await.map_err(|error| ApiError::internal(error.to_string()))
}
