//! Steps: everything about one, and the list of failing ones.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use gauntlet_app::api::{StepDetail, StepEvent, StepSnapshot};
use gauntlet_model::{Body, FailureKind, FieldError, Object, Record, RunId, unescape_html};
use gauntlet_store::{Failing, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::paging::Limit;
use super::{existing, run_id};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// GET `/runs/{run}/steps/{n}`: its snapshots with scores and texts, and its other events.
pub async fn read(
    State(state): State<AppState>,
    Path((run, step)): Path<(String, u64)>,
) -> Result<impl IntoResponse, ApiError> {
    let id = run_id(&run)?;
    let records = state.store.step(&id, step).await?;
    if records.is_empty() {
        state.store.run(&id).await?.ok_or_else(|| ApiError::no_run(&run))?;
        let message = format!("run {run:?} has no step {step}");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    #[derive(Serialize)]
    struct Step {
        step: u64,
        events: Vec<Value>,
    }
    let events = records.iter().filter_map(|r| serde_json::to_value(r).ok()).map(without_answer).collect();
    Ok(Json(Step { step, events }))
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
    let records = store.step(run, step).await?;
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
}

/// GET `/runs/{run}/steps?failing=&after=&after_seq=`: `failing` is `any`, or a failure kind, or a rubric path.
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
            None => return by_path(&state, &id, word, query.after, limit).await,
        },
    };
    let rows = state.store.steps(&id, after, limit, failing).await?;
    let last = rows.last().filter(|_| rows.len() == limit as usize).map(|r| (r.step, r.seq));
    Ok(Json(json!({ "steps": rows, "next_after": last.map(|l| l.0), "next_after_seq": last.map(|l| l.1) })))
}

async fn by_path(
    state: &AppState,
    id: &RunId,
    path: &str,
    after: Option<u64>,
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
        if after.is_some_and(|a| node.step <= a) {
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
