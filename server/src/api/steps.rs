//! Steps: everything about one, and the list of failing ones.

use std::collections::HashMap;
use std::sync::PoisonError;

use axum::extract::State;
use axum::http::StatusCode;
use gauntlet_api::{EpisodeFilter, Page, StepDetails, StepEpisode, StepListQuery, StepQuery, StepRow};
use gauntlet_app::api::{StepDetail, StepEvent, StepSnapshot};
use gauntlet_film::Film;
use gauntlet_model::{Body, EpisodeId, FailureKind, FieldError, Object, Record, RunId, unescape_html};
use gauntlet_store::{Failing, InEpisode, Store};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::in_episode;
use crate::error::ApiError;
use crate::extract::{ExistingRun, Json, Path, Query};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// The part of the path that names a step.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct StepPart {
    /// The step's number.
    pub step: u64,
}

/// GET `/runs/{run}/steps/{step}`: its snapshots with scores and texts, and its other events: those of one
/// episode, then those of the next.
pub async fn read(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Path(StepPart { step }): Path<StepPart>,
    Query(query): Query<StepQuery>,
) -> Result<Json<StepDetails>, ApiError> {
    let records = state.store.step(&run, step, in_episode(&query.episode)).await?;
    if records.is_empty() {
        let run = run.as_str();
        let message = match &query.episode {
            EpisodeFilter::Any => format!("run {run:?} has no step {step}"),
            EpisodeFilter::Without => format!("run {run:?} has no step {step} outside of episodes"),
            EpisodeFilter::Only(episode) => {
                format!("run {run:?} has no step {step} in the episode {episode}")
            }
        };
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    let parts = by_episode(&records);
    let episodes = parts
        .iter()
        .map(|(episode, events)| StepEpisode { episode: episode.cloned(), events: events.len() as u64 });
    let episodes = episodes.collect();
    let events = parts.into_iter().flat_map(|(_, events)| events).map(without_expected_answer).collect();
    Ok(Json(StepDetails { step, episodes, events }))
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Events", "Everything about a step")
        .description(
            "Several episodes may have a step of that number: their events follow each other, not mixed.",
        )
        .status(200, "How many events each episode has of it, and the events, episode by episode.")
        .status(404, "There is no such run, step or episode.")
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

/// The event without the expected answer of its challenge, which the person who is asked must not see.
fn without_expected_answer(record: &Record) -> Record {
    let mut shown = record.clone();
    if !record.body.contains("expected_answer") {
        return shown;
    }
    if let Ok(mut body) = serde_json::from_str::<Value>(&record.body)
        && let Some(challenge) = body.get_mut("challenge").and_then(Value::as_object_mut)
    {
        challenge.remove("expected_answer");
        shown.body = body.to_string();
    }
    shown
}

/// One snapshot of a step as the page's inspector shows it, with the step's other events that belong to it;
/// `None` where the run has no such step.
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

/// GET `/runs/{run}/steps`: `failing` is `any`, or a failure kind, or a rubric path.
pub async fn list(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Query(query): Query<StepListQuery>,
) -> Result<Json<Page<StepRow>>, ApiError> {
    let limit = query.limit.get("limit")?;
    let last = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let failing = match query.failing.as_deref() {
        None => Failing::AnyOrNone,
        Some("any" | "true") => Failing::Any,
        Some(word) => match FailureKind::ALL.into_iter().find(|kind| kind.as_str() == word) {
            Some(kind) => Failing::Kind(kind),
            None => return failing_of_path(&state, &run, word, &query, last, limit).await.map(Json),
        },
    };
    // A cursor is further than the step that the list begins after, on every page but the first.
    let after = last.or(query.after.map(|step| (step, u64::MAX)));
    let rows = state.store.steps(&run, after, limit, failing, in_episode(&query.episode)).await?;
    let next_cursor =
        rows.last().filter(|_| rows.len() == limit as usize).map(|row| cursor(row.step, row.seq));
    let items = rows.into_iter().map(|row| StepRow {
        step: row.step,
        seq: row.seq,
        episode: row.episode,
        root: row.root,
        failure: row.failure,
        value: None,
    });
    Ok(Json(Page { items: items.collect(), next_cursor }))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Events", "List scored steps").status(200, "A page.")
}

/// Several episodes may share a step: the sequence number says where inside of it a page ended.
fn cursor(step: u64, seq: u64) -> String {
    format!("{step}.{seq}")
}

fn parse_cursor(text: &str) -> Result<(u64, u64), FieldError> {
    let parts = text.split_once('.').and_then(|(step, seq)| Some((step.parse().ok()?, seq.parse().ok()?)));
    parts.ok_or_else(|| FieldError::new("cursor", format!("{text:?} is no cursor of this list")))
}

/// The steps that fail by one rubric, in the order of the film.
async fn failing_of_path(
    state: &AppState,
    run: &RunId,
    path: &str,
    query: &StepListQuery,
    last: Option<(u64, u64)>,
    limit: u32,
) -> Result<Page<StepRow>, ApiError> {
    let film = state.films.get(run).await?;
    let film = film.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(rubric) = film.paths().iter().find(|p| p.path == path).map(|p| p.id) else {
        let kinds: Vec<_> = FailureKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let message =
            format!("{path:?} is neither any, nor one of {}, nor a rubric of this run", kinds.join(", "));
        return Err(FieldError::new("failing", message).into());
    };
    let mut at = last_seen(&film, query.after, last);
    let mut items: Vec<StepRow> = Vec::new();
    while let Some(index) = film.next_failure_of(at, rubric) {
        at = Some(index);
        let Some(node) = film.node(index) else { break };
        if !query.episode.matches(node.episode) {
            continue;
        }
        if items.len() == limit as usize {
            let next_cursor = items.last().map(|row| cursor(row.step, row.seq));
            return Ok(Page { items, next_cursor });
        }
        items.push(StepRow {
            step: node.step,
            seq: node.seq,
            episode: node.episode.cloned(),
            root: node.root,
            failure: node.failure,
            value: film.score(index, rubric),
        });
    }
    Ok(Page { items, next_cursor: None })
}

/// The node that the last page ended with; the last one of its step where that was scored anew since; else
/// the last node of the step `after`.
fn last_seen(film: &Film, after: Option<u64>, last: Option<(u64, u64)>) -> Option<usize> {
    let end_of = |step: u64| film.position_of(step.saturating_add(1));
    let Some((step, seq)) = last else { return end_of(after?).checked_sub(1) };
    let mut nodes = film.position_of(step)..end_of(step);
    let same = nodes.find(|index| film.node(*index).is_some_and(|node| node.seq == seq));
    same.or_else(|| end_of(step).checked_sub(1))
}
