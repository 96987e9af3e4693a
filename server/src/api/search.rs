//! `GET /search`: the texts of every event, ranked, with what matched marked.

use axum::extract::State;
use gauntlet_api::{FailingScore, Page, SearchHit, SearchPage, SearchQuery, SnippetPart};
use gauntlet_store::{FailureFilter, Hit};

use crate::error::ApiError;
use crate::extract::{Json, Query, run_id};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// The same question to the store.
///
/// # Errors
///
/// 404 where `run` is not an id, 422 where `limit` is out of range.
pub fn store_query(query: SearchQuery) -> Result<gauntlet_store::SearchQuery, ApiError> {
    Ok(gauntlet_store::SearchQuery {
        project: query.project,
        run: query.run.map(|run| run_id(&run)).transpose()?,
        failing: query
            .failing
            .map(|word| if word == "any" { FailureFilter::Any } else { FailureFilter::By(word) }),
        limit: query.limit.get("limit")?,
        cursor: query.cursor,
        ..gauntlet_store::SearchQuery::new(query.q)
    })
}

/// GET `/search?q=&project=&run=&failing=&limit=&cursor=`.
pub async fn read(
    State(state): State<AppState>,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchPage>, ApiError> {
    let found = state.store.search(&store_query(query)?).await?;
    let items = found.items.into_iter().map(answered).collect();
    Ok(Json(SearchPage {
        page: Page { items, next_cursor: found.next_cursor },
        more: found.more,
        complete: found.progress.waiting == 0,
        indexed_up_to: found.progress.indexed_up_to,
        waiting: found.progress.waiting,
    }))
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Search", "Search every text")
        .description(
            "Words, `\"a phrase\"`, `prefix*`, `-without`, `one OR other`. Best first, newer first where two \
             match equally well; without words, newest first. Texts follow the log in the background: \
             `complete` says whether all are indexed, `indexed_up_to` up to which time they are, `waiting` \
             how many events are not.",
        )
        .status(200, "A page.")
        .status(404, "There is no such run.")
        .status(422, "The query, the limit or the cursor cannot be used; the message says why.")
}

fn answered(hit: Hit) -> SearchHit {
    let judged = hit.judged.unwrap_or_default();
    let failing = judged.failing.into_iter();
    SearchHit {
        run: hit.run,
        run_name: hit.run_name,
        project: hit.project,
        seq: hit.seq,
        at: hit.at,
        kind: hit.kind,
        episode: hit.episode,
        step: hit.step,
        root: judged.root,
        failure: judged.failure,
        failing: failing.map(|(path, value, failure)| FailingScore { path, value, failure }).collect(),
        declared: judged.declared,
        field: hit.field.map(|field| field.as_str().to_owned()),
        snippet: hit.snippet.into_iter().map(|part| SnippetPart { text: part.text, hit: part.hit }).collect(),
        rank: hit.rank,
    }
}
