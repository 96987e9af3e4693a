//! `GET /search`: the search page, whole and without code for the browser.

use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::SearchQuery;
use gauntlet_app::search::{Item, Results, document};
use gauntlet_model::Kind;
use gauntlet_store::Hit;

use crate::api::search::store_query;
use crate::extract::query;
use crate::policy;
use crate::state::AppState;

/// The page. It is a page for any address: what cannot be searched for is an error message in it.
pub(crate) async fn read(State(state): State<AppState>, uri: Uri) -> Response {
    let mut results = Results::default();
    match query::<SearchQuery>(uri.query().unwrap_or_default()) {
        Ok(asked) => {
            results.words.clone_from(&asked.q);
            results.failing = asked.failing.clone().unwrap_or_default();
            results.run = asked.run.clone().unwrap_or_default();
            results.project = asked.project.clone().unwrap_or_default();
            fill(&mut results, &state, asked).await;
        }
        Err(error) => results.error = Some(format!("The address cannot be read: {error}")),
    }
    let options = &state.leptos;
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (kind, policy::of_plain_page(), document(&results, style)).into_response()
}

async fn fill(results: &mut Results, state: &AppState, asked: SearchQuery) {
    let query = match store_query(asked) {
        Ok(query) => query,
        Err(error) => {
            results.error = Some(error.message().to_owned());
            return;
        }
    };
    match state.store.search(&query).await {
        Ok(page) => {
            results.items = page.items.iter().map(item).collect();
            results.next_cursor = page.next_cursor;
            results.more = page.more;
            results.waiting = page.progress.waiting;
        }
        Err(error) => results.error = Some(error.to_string()),
    }
}

fn item(hit: &Hit) -> Item {
    Item {
        run: hit.run.to_string(),
        run_name: hit.run_name.clone(),
        step: hit.step,
        episode: hit.episode.as_ref().map(ToString::to_string),
        kind: word(hit.kind),
        field: hit.field.map_or("", |field| field.as_str()),
        root: hit.judged.as_ref().and_then(|judged| judged.root),
        failure: hit.judged.as_ref().and_then(|judged| judged.failure),
        snippet: hit.snippet.iter().map(|s| (s.text.clone(), s.hit)).collect(),
    }
}

/// What sort of event it is, for people.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::RunStarted => "run",
        Kind::SnapshotScored => "scored",
        Kind::StepRecorded => "recorded",
        Kind::AnnotationAdded => "note",
        Kind::ScoreAdded => "score",
        Kind::ArtifactAdded => "artifact",
        Kind::EpisodeStarted | Kind::EpisodeFinished => "episode",
        Kind::CommandIssued | Kind::CommandApplied => "command",
        other => other.as_str(),
    }
}
