//! The origin's paths, for its unmodified clients: a thin adapter over the log. Everything richer is
//! `/api/v1`.

mod answers;
pub mod commands;
pub mod compare;
pub mod live;
mod query;
pub mod search;
pub mod sessions;
pub mod stream;

use std::collections::BTreeMap;

use gauntlet_model::{Kind, Record, RunId, Snapshot};
use gauntlet_store::{Store, StoreError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::extract::Json;
use crate::openapi::{Describe, Docs};
use answers::{Health, Refusal};

/// The part of a path that names a session.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SessionPart {
    /// The session: the run's id.
    sid: String,
}

/// `GET /health`.
pub async fn health() -> Json<Health> {
    Json(Health { status: "healthy", service: "observability_hub" })
}

/// How [`health`] is described.
pub fn health_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Hub", "Whether the hub runs").status(200, "It does.")
}

/// Where the snapshots of a run are in its log, by step: their sequence numbers, none where there is no such
/// run. Where a step was scored more than once the newest counts. Also says how far the log was read.
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
