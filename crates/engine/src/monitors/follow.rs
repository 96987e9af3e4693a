//! The log as the monitors' follower reads it, and the task that follows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use gauntlet_follow::{EventAt, Follower, Limits, Log, Pace, RunEnd, Stretch};
use gauntlet_model::Record;
use gauntlet_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use super::output::AlertOutput;
use super::silence;
use super::watched::WatchedRuns;

/// Ingest comes first, but an alert is worth little when it is late.
const PACE: Pace = Pace::of_server(4, Duration::from_secs(1));

/// Evaluates the monitors of all projects until `stop`. `server` is the address of this server, for links in
/// what webhooks are sent. One server of a database does it for all.
pub async fn run(store: Store, server: String, stop: CancellationToken) {
    let leases = store.leases();
    leases.while_held("monitors", &stop, || follow(store.clone(), server.clone(), stop.clone())).await;
}

async fn follow(store: Store, server: String, stop: CancellationToken) {
    let runs = WatchedRuns::default();
    let log = WatchedLog { store: store.clone(), runs: Arc::clone(&runs) };
    let output = AlertOutput::new(store.clone(), server.clone(), runs);
    let mut follower = Follower::new("monitors", log, output, Limits::OF_SERVER).reporting(store.lags());
    let following = follower.run(store.subscribe_all(), &stop, &PACE);
    let (followed, ()) = tokio::join!(following, silence::watch(&store, &server, &stop));
    if let Err(error) = followed {
        tracing::error!(%error, "monitors are no longer evaluated");
    }
}

/// The runs of projects that have monitors.
struct WatchedLog {
    store: Store,
    runs: WatchedRuns,
}

impl Log for WatchedLog {
    type Run = i64;
    type Event = Record;
    type Error = StoreError;

    async fn ends(&self) -> Result<BTreeMap<i64, RunEnd>, StoreError> {
        let found = self.store.monitored_runs().await?;
        let found: BTreeMap<_, _> = found.into_iter().map(|run| (run.run_no, run)).collect();
        let ends = found.iter().map(|(run_no, run)| (*run_no, RunEnd { head: run.head, edits: 0 })).collect();
        *self.runs.lock() = found;
        Ok(ends)
    }

    async fn read(&self, run: i64, seqs: Range<u64>, limits: Limits) -> Result<Stretch<Record>, StoreError> {
        let mut read = Stretch { events: Vec::new(), looked_at: 0, bytes: 0, next: seqs.end, last_id: None };
        let id = self.runs.lock().get(&run).map(|run| run.id.clone());
        let Some(id) = id else { return Ok(read) };
        let asked = (seqs.end - seqs.start).min(limits.events as u64);
        let page = self.store.read(&id, seqs.start.checked_sub(1), asked as u32, None).await;
        let page = match page {
            Ok(page) => page,
            // It was deleted meanwhile; the next look finds it gone.
            Err(StoreError::NotFound(_)) => return Ok(read),
            Err(error) => return Err(error),
        };
        read.looked_at = page.records.len();
        read.bytes = page.records.iter().map(|record| record.body.len()).sum();
        read.next = page.records.last().map_or(seqs.end, |record| record.seq + 1);
        read.last_id = page.records.last().map(|record| *record.id.as_bytes());
        read.events = page.records;
        Ok(read)
    }

    async fn event_at(&self, run: i64, seq: u64) -> Result<EventAt, StoreError> {
        let read = self.read(run, seq..seq + 1, Limits { events: 1, bytes: 1 }).await?;
        Ok(read.last_id.map_or(EventAt::NoEvent, EventAt::Id))
    }
}
