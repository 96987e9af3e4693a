//! Steps: everything about one, and the list of failing ones.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use gauntlet_app::api::{StepDetail, StepEvent, StepSnapshot};
use gauntlet_model::{Body, EpisodeId, FailureKind, FieldError, Object, Record, RunId, unescape_html};
use gauntlet_store::{Failing, InEpisode, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::paging::{Limit, OfEpisode};
use super::{existing, run_id};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// Which episode of a step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadQuery {
    #[serde(default)]
    episode: OfEpisode,
}

/// How many events an episode has of a step.
#[derive(Serialize)]
struct Part<'a> {
    episode: Option<&'a EpisodeId>,
    events: usize,
}

/// GET `/runs/{run}/steps/{n}?episode=`: its snapshots with scores and texts, and its other events: those of one
/// episode, then those of the next.
pub async fn read(
    State(state): State<AppState>,
    Path((run, step)): Path<(String, u64)>,
    Query(query): Query<ReadQuery>,
) -> Result<Json<Value>, ApiError> {
    let id = run_id(&run)?;
    let records = state.store.step(&id, step, query.episode.filter()).await?;
    if records.is_empty() {
        state.store.run(&id).await?.ok_or_else(|| ApiError::no_run(&run))?;
        let message = match &query.episode {
            OfEpisode::Any => format!("run {run:?} has no step {step}"),
            OfEpisode::Without => format!("run {run:?} has no step {step} outside of episodes"),
            OfEpisode::Only(episode) => format!("run {run:?} has no step {step} in the episode {episode}"),
        };
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    let parts = by_episode(&records);
    let episodes = parts.iter().map(|(episode, events)| Part { episode: *episode, events: events.len() });
    let episodes: Vec<_> = episodes.collect();
    let events = parts.iter().flat_map(|(_, events)| events);
    let events: Vec<_> =
        events.filter_map(|record| serde_json::to_value(record).ok()).map(without_answer).collect();
    Ok(Json(json!({ "step": step, "episodes": episodes, "events": events })))
}

/// The events of a step by the episode they belong to, in the order of their first ones.
pub fn by_episode(records: &[Record]) -> Vec<(Option<&EpisodeId>, Vec<&Record>)> {
    let mut parts: Vec<(Option<&EpisodeId>, Vec<&Record>)> = Vec::new();
    let mut places: HashMap<Option<&EpisodeId>, usize> = HashMap::new();
    for record in records {
        let episode = record.episode.as_ref();
        let place = *places.entry(episode).or_insert_with(|| {
            parts.push((episode, Vec::new()));
            parts.len() - 1
        });
        if let Some((_, events)) = parts.get_mut(place) {
            events.push(record);
        }
    }
    parts
}

/// The expected answer of a challenge is for the log, not for the person who is asked.
fn without_answer(mut event: Value) -> Value {
    if let Some(challenge) = event.pointer_mut("/body/challenge").and_then(Value::as_object_mut) {
        challenge.remove("expected_answer");
    }
    event
}

/// One snapshot of a step as the page's inspector shows it, with the step's other events that belong to it; `None`
/// where the run has no such step.
pub async fn detail(store: &Store, run: &RunId, step: u64, seq: u64) -> Result<Option<StepDetail>, ApiError> {
    let records = store.step(run, step, InEpisode::Any).await?;
    if records.is_empty() {
        return Ok(None);
    }
    let mut detail = StepDetail { step, ..StepDetail::default() };
    let episode = records.iter().find(|record| record.seq == seq).and_then(|record| record.episode.as_ref());
    for record in &records {
        match record.event().as_ref().map(|e| e.body()) {
            Ok(Body::SnapshotScored(scored)) if record.seq == seq => {
                let mut metadata = scored.metadata.clone();
                metadata.retain(|key, _| key != "action" && key != "observation");
                let is_escaped = !scored.posted.is_empty();
                if is_escaped {
                    metadata.values_mut().for_each(unescape_strings);
                }
                let text = |text: &str| match is_escaped {
                    true => unescape_html(text).into_owned(),
                    false => text.to_owned(),
                };
                detail.snapshot = Some(StepSnapshot {
                    seq: record.seq,
                    at: record.at,
                    received_at: record.received_at,
                    episode: record.episode.as_ref().map(ToString::to_string),
                    action: text(&scored.action),
                    observation: text(&scored.observation),
                    duration_ms: scored.duration_ms,
                    metadata,
                });
            }
            Ok(Body::SnapshotScored(_)) => detail.others += 1,
            Ok(Body::StepRecorded(_)) if record.episode.is_some() => {}
            Ok(_) if record.episode.is_none() || record.episode.as_ref() == episode => {
                detail.events.push(other(record));
            }
            Ok(_) => {}
            Err(error) => tracing::error!(seq = record.seq, %error, "a stored event breaks the rules"),
        }
    }
    Ok(Some(detail))
}

/// Undoes an origin client's escapes in every string of a value.
fn unescape_strings(value: &mut Value) {
    match value {
        Value::String(text) => *text = unescape_html(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(unescape_strings),
        Value::Object(members) => members.values_mut().for_each(unescape_strings),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn other(record: &Record) -> StepEvent {
    let body: Object = serde_json::from_str(&record.body).unwrap_or_default();
    StepEvent { seq: record.seq, at: record.at, kind: record.kind.to_string(), body }
}

/// What a list of steps can be narrowed by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    after: Option<u64>,
    after_seq: Option<u64>,
    #[serde(default)]
    limit: Limit<1000, 10_000>,
    failing: Option<String>,
    #[serde(default)]
    episode: OfEpisode,
}

/// GET `/runs/{run}/steps?failing=&episode=&after=&after_seq=`: `failing` is `any`, or a failure kind, or a rubric path.
pub async fn list(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let id = existing(&state.store, &run).await?;
    let limit = query.limit.get();
    // Several episodes may share a step: `after_seq` goes on inside of it.
    let after = query.after.map(|step| (step, query.after_seq.unwrap_or(u64::MAX)));
    let failing = match query.failing.as_deref().filter(|f| !f.is_empty()) {
        None => Failing::AnyOrNone,
        Some("any" | "true") => Failing::Any,
        Some(word) => match FailureKind::ALL.into_iter().find(|k| k.as_str() == word) {
            Some(kind) => Failing::Kind(kind),
            None => return by_path(&state, &id, word, &query, limit).await,
        },
    };
    let rows = state.store.steps(&id, after, limit, failing, query.episode.filter()).await?;
    let last = rows.last().filter(|_| rows.len() == limit as usize).map(|r| (r.step, r.seq));
    Ok(Json(json!({ "steps": rows, "next_after": last.map(|l| l.0), "next_after_seq": last.map(|l| l.1) })))
}

async fn by_path(
    state: &AppState,
    id: &RunId,
    path: &str,
    query: &ListQuery,
    limit: u32,
) -> Result<Json<Value>, ApiError> {
    let film = state.films.get(id).await?;
    let film = film.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(rubric) = film.paths().iter().find(|p| p.path == path).map(|p| p.id) else {
        let kinds: Vec<_> = FailureKind::ALL.iter().map(|k| k.as_str()).collect();
        let message =
            format!("{path:?} is neither any, nor one of {}, nor a rubric of this run", kinds.join(", "));
        return Err(ApiError::invalid(&FieldError::new("failing", message)));
    };
    let mut rows = Vec::new();
    let mut at = None;
    let mut more = None;
    while let Some(index) = film.next_failure_of(at, rubric) {
        at = Some(index);
        let Some(node) = film.node(index) else { break };
        if query.after.is_some_and(|a| node.step <= a) || !query.episode.holds(node.episode) {
            continue;
        }
        if rows.len() == limit as usize {
            more = rows.last().map(|r: &Value| r["step"].clone());
            break;
        }
        rows.push(json!({
            "step": node.step, "seq": node.seq, "root": node.root, "failure": node.failure,
            "value": film.score(index, rubric),
        }));
    }
    Ok(Json(json!({ "steps": rows, "next_after": more, "next_after_seq": null })))
}
