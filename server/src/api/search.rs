//! `GET /search`: the texts of every event, ranked, with what matched marked.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use gauntlet_model::Timestamp;
use gauntlet_store::{Fails, Hit, SearchPage, SearchQuery};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::run_id;
use crate::error::ApiError;
use crate::extract::Query;
use crate::state::AppState;

/// What to search for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    q: Option<String>,
    project: Option<String>,
    run: Option<String>,
    failing: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl Asked {
    /// What was typed.
    pub fn words(&self) -> &str {
        self.q.as_deref().unwrap_or_default()
    }

    /// How steps must fail, as it was said.
    pub fn failing(&self) -> &str {
        self.failing.as_deref().unwrap_or_default()
    }

    /// The run and the project, as they were said.
    pub fn place(&self) -> (String, String) {
        (self.run.clone().unwrap_or_default(), self.project.clone().unwrap_or_default())
    }

    /// The store's question. Empty parts ask for nothing in particular.
    pub fn query(self) -> Result<SearchQuery, ApiError> {
        let said = |part: Option<String>| part.filter(|text| !text.is_empty());
        Ok(SearchQuery {
            project: said(self.project),
            run: said(self.run).map(|run| run_id(&run)).transpose()?,
            failing: said(self.failing).map(|word| if word == "any" { Fails::Any } else { Fails::By(word) }),
            limit: self.limit.unwrap_or(20),
            cursor: said(self.cursor),
            ..SearchQuery::new(self.q.unwrap_or_default())
        })
    }
}

/// GET `/search?q=&project=&run=&failing=&limit=&cursor=`.
pub async fn read(
    State(state): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<impl IntoResponse, ApiError> {
    let page = state.store.search(&asked.query()?).await?;
    Ok(Json(Answer::of(page)))
}

#[derive(Serialize)]
struct Answer {
    items: Vec<Value>,
    next_cursor: Option<String>,
    /// Whether more events match than are ranked.
    more: bool,
    /// Whether every event of the log is in the index.
    complete: bool,
    /// Where it is not: everything received before this is.
    indexed_up_to: Option<Timestamp>,
    /// Events still to be indexed.
    waiting: u64,
}

impl Answer {
    fn of(page: SearchPage) -> Self {
        Self {
            items: page.items.iter().map(item).collect(),
            next_cursor: page.next_cursor,
            more: page.more,
            complete: page.progress.waiting == 0,
            indexed_up_to: page.progress.indexed_up_to,
            waiting: page.progress.waiting,
        }
    }
}

fn item(hit: &Hit) -> Value {
    let judged = hit.judged.clone().unwrap_or_default();
    let failing: Vec<_> = judged
        .failing
        .iter()
        .map(|(path, value, failure)| json!({ "path": path, "value": value, "failure": failure }))
        .collect();
    let snippet: Vec<_> = hit.snippet.iter().map(|s| json!({ "text": s.text, "hit": s.hit })).collect();
    json!({
        "run": hit.run, "run_name": hit.run_name, "project": hit.project,
        "seq": hit.seq, "at": hit.at, "kind": hit.kind.as_str(), "episode": hit.episode, "step": hit.step,
        "root": judged.root, "failure": judged.failure, "failing": failing, "declared": judged.declared,
        "field": hit.field.map(|f| f.as_str()), "snippet": snippet, "rank": hit.rank,
    })
}
