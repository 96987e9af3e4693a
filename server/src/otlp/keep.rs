//! Numbering and appending: one batch a run, one request at a time for each run.

use std::hash::{DefaultHasher, Hash, Hasher};

use gauntlet_model::RunId;
use gauntlet_otlp::{Batch, Intake, Outcome};
use gauntlet_store::StoreError;
use tokio::sync::{Mutex, MutexGuard};

use super::{apart, merge};
use crate::error::ApiError;
use crate::state::{AppState, now};

/// Numbers are given by what the log has, so nobody else may give any between looking and appending. Runs share locks;
/// that costs time only.
static NUMBERING: [Mutex<()>; 64] = [const { Mutex::const_new(()) }; 64];

async fn numbering(run: &RunId) -> MutexGuard<'static, ()> {
    let mut hasher = DefaultHasher::new();
    run.hash(&mut hasher);
    let place = hasher.finish() as usize % NUMBERING.len();
    // The remainder is always a place; the first stands in for none.
    NUMBERING.get(place).unwrap_or(&NUMBERING[0]).lock().await
}

/// Keeps every batch. Where one fails for want of room or disk, so does the request: what was kept before is passed over
/// when it is sent again.
pub async fn keep(state: &AppState, intake: Intake) -> Result<Outcome, ApiError> {
    let mut outcome = intake.outcome;
    for batch in intake.batches {
        merge(&mut outcome, keep_batch(state, batch).await?);
    }
    Ok(outcome)
}

async fn keep_batch(state: &AppState, batch: Batch) -> Result<Outcome, ApiError> {
    let run = batch.run().clone();
    let _alone = numbering(&run).await;
    if state.store.head(&run).await?.is_none() {
        match state.store.create_run(batch.spec().clone(), run.clone(), now()).await {
            // Somebody else has just created it, in other words.
            Ok(_) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let found = state.store.find(&run, &batch.asks()).await?;
    let last = state.store.last_step(&run).await?;
    let numbered = batch.numbered(found, last);
    let history = state.store.history(&run, numbered.asks()).await?;
    let settled = apart(move || numbered.events(&history)).await?;
    if !settled.events.is_empty() {
        state.store.append(&run, settled.events, now()).await?;
    }
    Ok(settled.outcome)
}
