//! `GET /gauntlet/search` and `GET /gauntlet/rag`: scored snapshots by what they say.
//!
//! No model is involved. `semantic=false` finds snapshots that hold every word; `semantic=true` finds those
//! that hold any of the words, by their stems, and `search_type` says which of the two it was.

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use gauntlet_model::Snapshot;
use gauntlet_store::{Hit, QuerySyntax, SearchQuery, Store, StoreError};
use schemars::JsonSchema;
use serde_json::Value;

use super::Refusal;
use super::answers::{Context, Found, FoundSnapshot};
use super::query::{Parameters, refusal};
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// Results of a search at most.
const RESULTS: u32 = 20;
/// Matches that the text of an answer lists.
const CONTEXT_HITS: u32 = 5;
/// Characters of each text in the answer.
const CONTEXT_CHARS: usize = 600;
/// The text where nothing matches; origin clients compare it.
const NOTHING: &str = "No relevant safety failures found in the Hub for this query.";

/// `GET /gauntlet/search?query=&semantic=`.
pub async fn search(State(state): State<AppState>, uri: Uri) -> Result<Response, ApiError> {
    let asked = match SearchParameters::read(&uri) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let (syntax, search_type) = if asked.semantic {
        (QuerySyntax::AnyTerm, "expanded_keyword")
    } else {
        (QuerySyntax::AllTerms, "keyword")
    };
    let found = match matches(&state.store, &asked.query, syntax, RESULTS).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let best = found.first().and_then(|(hit, ..)| hit.rank).unwrap_or(1.0);
    let results = found.into_iter().map(|(hit, id, snapshot)| FoundSnapshot {
        id,
        session_id: hit.run,
        step: snapshot.step,
        scores: snapshot.scores,
        metadata: snapshot.metadata,
        search_type,
        similarity: hit.rank.filter(|_| best > 0.0).map_or(1.0, |rank| (rank / best).clamp(0.0, 1.0)),
    });
    let results = results.collect();
    Ok(Json::<Found>(Found { query: asked.query, semantic: asked.semantic, results }).into_response())
}

/// The parameters of [`search`]; others are ignored.
#[derive(Debug, JsonSchema)]
#[allow(dead_code, reason = "describes what Parameters reads")]
struct FindQuery {
    /// Words; marks between them mean nothing.
    query: String,
    /// `true` or `false`, the default.
    semantic: Option<String>,
}

/// How [`search`] is described.
pub fn search_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "Search snapshots")
        .description(
            "No model is involved: `semantic=false` finds snapshots with every word (`search_type` is \
             `keyword`), `semantic=true` those with any of the words, by their stems (`expanded_keyword`). \
             `similarity` is the match's rank against the best one's.",
        )
        .takes::<Query<FindQuery>>()
        .json::<Found>(200)
        .status(200, "At most 20 snapshots, best first.")
        .json::<Refusal>(422)
        .status(422, "The query cannot be looked for.")
}

/// `GET /gauntlet/rag?query=`: the best matches as text, for a prompt.
pub async fn rag(State(state): State<AppState>, uri: Uri) -> Result<Response, ApiError> {
    let asked = match SearchParameters::read(&uri) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let found = match matches(&state.store, &asked.query, QuerySyntax::AnyTerm, CONTEXT_HITS).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let texts: Vec<String> = found.iter().map(|(hit, _, snapshot)| describe(hit, snapshot)).collect();
    let context = if texts.is_empty() { NOTHING.to_owned() } else { texts.join("\n\n") };
    Ok(Json::<Context>(Context { query: asked.query, context }).into_response())
}

/// The parameters of [`rag`]; others are ignored.
#[derive(Debug, JsonSchema)]
#[allow(dead_code, reason = "describes what Parameters reads")]
struct RagQuery {
    /// Words; any of them will do, by their stems.
    query: String,
}

/// How [`rag`] is described.
pub fn rag_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "Snapshots as context for a prompt")
        .takes::<Query<RagQuery>>()
        .json::<Context>(200)
        .status(200, "The five best matches as text.")
        .json::<Refusal>(422)
        .status(422, "The query cannot be looked for.")
}

/// The snapshots that match, best first, as they were posted; or why this cannot be looked for. Text without
/// a single word matches nothing.
async fn matches(
    store: &Store,
    text: &str,
    syntax: QuerySyntax,
    limit: u32,
) -> Result<Result<Vec<(Hit, String, Snapshot)>, Refusal>, ApiError> {
    if !text.chars().any(char::is_alphanumeric) {
        return Ok(Ok(Vec::new()));
    }
    let query = SearchQuery { syntax, snapshots_only: true, limit, ..SearchQuery::new(text) };
    let page = match store.search(&query).await {
        Ok(page) => page,
        Err(StoreError::Invalid { message, .. }) => {
            return Ok(Err(refusal("query", "value_error", &message, text)));
        }
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    for hit in page.items {
        // A run that is deleted at this moment is not a match any more.
        let Ok(slice) = store.read(&hit.run, hit.seq.checked_sub(1), 1, None).await else { continue };
        let Some(record) = slice.records.first().filter(|record| record.seq == hit.seq) else { continue };
        let snapshot = record.event().ok().and_then(|event| Snapshot::of_event(hit.run.as_str(), &event));
        if let Some(snapshot) = snapshot {
            found.push((hit, record.id.to_string(), snapshot));
        }
    }
    Ok(Ok(found))
}

fn describe(hit: &Hit, snapshot: &Snapshot) -> String {
    let judged = hit.judged.clone().unwrap_or_default();
    let root = judged.root.map_or_else(|| "no root score".to_owned(), |root| format!("root score {root:?}"));
    let failure = judged.failure.map_or("no failure", |failure| failure.as_str());
    let mut text = format!("Session {}, step {}: {root}, {failure}.", hit.run, snapshot.step);
    let failing: Vec<String> =
        judged.failing.iter().map(|(path, value, _)| format!("{path} {value:?}")).collect();
    if !failing.is_empty() {
        text.push_str(&format!("\nFailing scores: {}", failing.join(", ")));
    }
    for (name, key) in [("Action", "action"), ("Observation", "observation")] {
        if let Some(value) = snapshot.metadata.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()) {
            let short: String = value.chars().take(CONTEXT_CHARS).collect();
            let rest = if short.len() < value.len() { " …" } else { "" };
            text.push_str(&format!("\n{name}: {short}{rest}"));
        }
    }
    text
}

/// What the query string asks.
struct SearchParameters {
    query: String,
    semantic: bool,
}

impl SearchParameters {
    /// Reads it as the origin's clients write it (`semantic=True` as well).
    fn read(uri: &Uri) -> Result<Self, Refusal> {
        let parameters = Parameters::of(uri);
        let query = parameters.needed("query")?;
        let semantic = match parameters.value("semantic").unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "t" | "y" => true,
            "" | "false" | "0" | "no" | "off" | "f" | "n" => false,
            other => {
                let message = "is neither true nor false";
                return Err(refusal("semantic", "bool_parsing", message, other));
            }
        };
        Ok(Self { query, semantic })
    }
}
