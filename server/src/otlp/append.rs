//! Numbering and appending: one batch a run, one request at a time for each run.

use std::hash::{DefaultHasher, Hash, Hasher};

use gauntlet_engine::clock::now;
use gauntlet_model::{EpisodeId, RunId, RunSpec};
use gauntlet_otlp::{Batch, Measurements, PartialSuccess, QuietTrace, RoutedRequest};
use gauntlet_store::StoreError;
use tokio::sync::{Mutex, MutexGuard};

use super::{merge, run_blocking};
use crate::error::ApiError;
use crate::state::AppState;

/// Events of a trace that are read to find where it began.
const MAX_EVENTS: u32 = 100_000;

/// A step's number follows from the log, so reading the log and appending to it are under one lock. Runs
/// share the locks, which costs time only.
static NUMBERING: [Mutex<()>; 64] = [const { Mutex::const_new(()) }; 64];

async fn numbering(run: &RunId) -> MutexGuard<'static, ()> {
    let mut hasher = DefaultHasher::new();
    run.hash(&mut hasher);
    let place = hasher.finish() as usize % NUMBERING.len();
    // The remainder is always an index of the array, so the first lock is never the fallback.
    NUMBERING.get(place).unwrap_or(&NUMBERING[0]).lock().await
}

/// Appends every batch. The request fails with the first batch that cannot be stored; a retry skips what was
/// stored before.
pub(super) async fn append(state: &AppState, intake: RoutedRequest) -> Result<PartialSuccess, ApiError> {
    let mut outcome = intake.outcome;
    for batch in intake.batches {
        merge(&mut outcome, append_batch(state, batch).await?);
    }
    Ok(outcome)
}

/// Appends measurements, likewise.
pub(super) async fn append_measurements(
    state: &AppState,
    measured: Vec<Measurements>,
    mut outcome: PartialSuccess,
) -> Result<PartialSuccess, ApiError> {
    for measured in measured {
        let run = measured.run().clone();
        let _alone = numbering(&run).await;
        if !ensure(state, &run, measured.spec()).await? {
            outcome.refuse_many(measured.lookup_ids().len(), &deleted(&run));
            continue;
        }
        let found = state.store.find(&run, &measured.lookup_ids()).await?;
        let last = state.store.last_step(&run).await?;
        let (events, more) = measured.events(&found, last);
        if !events.is_empty() {
            state.store.append(&run, events, now()).await?;
        }
        merge(&mut outcome, more);
    }
    Ok(outcome)
}

fn deleted(run: &RunId) -> String {
    format!("run {run} was deleted; nothing is kept for it")
}

/// Creates a run that is not there. `false` where it was deleted: it does not come back by itself.
async fn ensure(state: &AppState, run: &RunId, spec: &RunSpec) -> Result<bool, ApiError> {
    if state.store.head(run).await?.is_some() {
        return Ok(true);
    }
    if state.store.is_gone(run).await? {
        return Ok(false);
    }
    match state.store.create_run(spec.clone(), run.clone(), now()).await {
        // Somebody else has just created it, in other words.
        Ok(_) | Err(StoreError::Conflict(_)) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

async fn append_batch(state: &AppState, batch: Batch) -> Result<PartialSuccess, ApiError> {
    let run = batch.run().clone();
    let _alone = numbering(&run).await;
    if !ensure(state, &run, batch.spec()).await? {
        let mut outcome = PartialSuccess::default();
        outcome.refuse_many(batch.len(), &deleted(&run));
        return Ok(outcome);
    }
    let found = state.store.find(&run, &batch.lookup_ids()).await?;
    let last = state.store.last_step(&run).await?;
    let numbered = batch.assign_steps(found, last);
    let history = state.store.history(&run, numbered.lookup_steps()).await?;
    let settled = run_blocking(move || numbered.events(&history)).await?;
    if !settled.events.is_empty() {
        state.store.append(&run, settled.events, now()).await?;
        state.trace_runs.open.heard(&run, settled.open);
    }
    Ok(settled.outcome)
}

/// Ends a trace that was quiet for a while: what has no parent there is its entry.
pub(super) async fn end_quiet(state: &AppState, run: &RunId, trace: &EpisodeId) -> Result<(), ApiError> {
    let _alone = numbering(run).await;
    let Some(head) = state.store.head(run).await? else { return Ok(()) };
    let known = state.store.episode(run, trace, 0..head, MAX_EVENTS, 0).await?;
    let Some(quiet) = QuietTrace::read(trace, &known.first) else { return Ok(()) };
    let history = state.store.history(run, &quiet.lookup_steps()).await?;
    let events = quiet.events(&history)?;
    if !events.is_empty() {
        state.store.append(run, events, now()).await?;
    }
    Ok(())
}
