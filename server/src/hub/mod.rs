//! The origin's paths, for its unmodified clients: a thin adapter over the log. Everything richer is `/api/v1`.

pub mod commands;
pub mod compare;
pub mod live;
mod query;
pub mod search;
pub mod sessions;
pub mod stream;

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gauntlet_model::{FieldError, Kind, Record, RunId, Snapshot, SnapshotError};
use gauntlet_store::{Store, StoreError};
use serde_json::{Value, json};

/// A refusal in the shape the origin's clients know: `{"detail":[{type, loc, msg, input}]}`.
pub fn refusal(error: &SnapshotError) -> Response {
    let mut loc = vec!["body".to_owned()];
    loc.extend(error.loc.iter().cloned());
    let detail = json!([{ "type": error.kind, "loc": loc, "msg": error.to_string(), "input": error.input }]);
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": detail }))).into_response()
}

/// A refusal of one field.
pub fn refuse(kind: &'static str, error: &FieldError, input: Value) -> Response {
    let loc = error.field.split('.').map(str::to_owned).filter(|s| !s.is_empty()).collect();
    refusal(&SnapshotError { kind, loc, message: error.message.clone(), input: Box::new(input) })
}

/// `GET /health`.
pub async fn health() -> Json<Value> {
    Json(json!({ "status": "healthy", "service": "observability_hub" }))
}

/// Where the snapshots of a run are in its log, by step: their sequence numbers, none where there is no such run. Where
/// a step was scored more than once the newest counts. Also says how far the log was read.
pub async fn places(store: &Store, run: &RunId) -> Result<(BTreeMap<u64, u64>, Option<u64>), StoreError> {
    let mut by_step = BTreeMap::new();
    let mut after = None;
    loop {
        let page = match store.read(run, after, 4096, Some(&[Kind::SnapshotScored])).await {
            Err(StoreError::NotFound(_)) => return Ok((by_step, None)),
            page => page?,
        };
        for record in &page.records {
            if let Some(snapshot) = of_record(run, record) {
                by_step.insert(snapshot.step, record.seq);
            }
        }
        after = page.next_after;
        if after.map_or(0, |seq| seq + 1) >= page.head {
            return Ok((by_step, after));
        }
    }
}

/// The snapshot at that place; `None` where it is gone with its run.
pub async fn snapshot(store: &Store, run: &RunId, seq: u64) -> Result<Option<Snapshot>, StoreError> {
    let page = match store.read(run, seq.checked_sub(1), 1, None).await {
        Err(StoreError::NotFound(_)) => return Ok(None),
        page => page?,
    };
    Ok(page.records.first().and_then(|record| of_record(run, record)))
}

fn of_record(run: &RunId, record: &Record) -> Option<Snapshot> {
    let event = record.event().inspect_err(|error| {
        tracing::error!(%run, seq = record.seq, %error, "a stored event breaks the rules");
    });
    Snapshot::of_event(run.as_str(), &event.ok()?)
}
