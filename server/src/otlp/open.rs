//! Traces whose root did not come: after a quiet time they end with what is known of them.

use std::collections::BTreeSet;
use std::time::Duration;

use gauntlet_engine::clock::now;
use gauntlet_model::{EpisodeId, Kind, RunId, Status};
use gauntlet_store::{RunField, RunQuery, StoreError};

use super::append;
use crate::state::AppState;

/// How long a trace must be quiet before it counts as ended. Exporters send spans within seconds of their
/// end, so a root that runs longer without one is rare; where it arrives later, its end replaces this one.
const QUIET_TIME: Duration = Duration::from_secs(60);
/// Time between two checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// How far back a new server looks for traces that were open when the last one stopped, microseconds.
const RECENT_MICROS: i64 = 24 * 3600 * 1_000_000;

/// Ends the traces that were quiet for so long. What cannot be ended now is tried again later.
pub async fn close_quiet(state: &AppState, quiet: Duration) {
    for (trace, run) in state.trace_runs.open.take_quiet(quiet) {
        if let Err(error) = append::end_quiet(state, &run, &trace).await {
            let error = error.message();
            tracing::warn!(%run, %trace, error, "a trace without a root stays open for now");
            state.trace_runs.open.heard(&run, BTreeSet::from([trace]));
        }
    }
}

/// Ends traces without a root until the server stops, those of the time before it began included.
pub async fn watch_quiet(state: AppState) {
    if let Err(error) = recall(&state).await {
        tracing::warn!(%error, "traces that were open when the server stopped were not looked for");
    }
    let mut ticks = tokio::time::interval(CHECK_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = state.stopping.cancelled() => return,
            _ = ticks.tick() => close_quiet(&state, QUIET_TIME).await,
        }
    }
}

/// Finds the open traces of running runs that came as OTLP and changed not long ago.
async fn recall(state: &AppState) -> Result<(), StoreError> {
    let mut query = RunQuery {
        limit: 200,
        status: Some(Status::Running),
        order: RunField::Updated.into(),
        ..RunQuery::default()
    };
    loop {
        let page = state.store.runs(query.clone()).await?;
        for run in &page.items {
            if now().micros() - run.updated_at.micros() > RECENT_MICROS {
                return Ok(());
            }
            if run.metadata.contains_key("otlp_mapping") {
                let open = open_traces(state, &run.id).await?;
                state.trace_runs.open.heard(&run.id, open);
            }
        }
        match page.next_cursor {
            Some(cursor) if !state.stopping.is_cancelled() => query.cursor = Some(cursor),
            _ => return Ok(()),
        }
    }
}

/// The episodes of a run that have begun and not ended.
async fn open_traces(state: &AppState, run: &RunId) -> Result<BTreeSet<EpisodeId>, StoreError> {
    let mut open = BTreeSet::new();
    let mut after = None;
    loop {
        let kinds = [Kind::EpisodeStarted, Kind::EpisodeFinished];
        let slice = state.store.read(run, after, 1000, Some(&kinds)).await?;
        for record in slice.records {
            let Some(episode) = record.episode else { continue };
            match record.kind {
                Kind::EpisodeFinished => drop(open.remove(&episode)),
                _ => drop(open.insert(episode)),
            }
        }
        match slice.next_after {
            Some(next) if next + 1 < slice.head => after = Some(next),
            _ => return Ok(open),
        }
    }
}
