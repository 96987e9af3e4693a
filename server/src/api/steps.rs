//! Steps: everything about one, and the list of failing ones.

use axum::extract::State;
use gauntlet_api::{Page, StepDetails, StepListQuery, StepQuery, StepRow};
use gauntlet_app::api::{StepDetail, StepEvent, StepSnapshot};
use gauntlet_engine::steps;
use gauntlet_model::{Body, Object, Record, RunId, unescape_html};
use gauntlet_store::{InEpisode, Store};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

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
    Ok(Json(steps::details(&state.store, &run, step, &query.episode).await?))
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
    Ok(Json(state.films.steps(&run, &query).await?))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Events", "List scored steps").status(200, "A page.")
}
