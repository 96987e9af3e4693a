//! Which run a trace went to, so that its later parts follow.

use std::collections::HashMap;
use std::sync::Arc;

use gauntlet_model::{EpisodeId, EventId, RunId, RunSummary, Status, Timestamp};
use gauntlet_otlp::service_run;
use gauntlet_store::{Store, StoreError};
use parking_lot::Mutex;

use crate::OpenTraces;

/// Traces remembered at least; at most twice as many. The parts of a trace come within minutes.
const MIN_CACHED: usize = 1 << 16;

/// A service that sent nothing for so long, half an hour, has been restarted.
const GAP_MICROS: i64 = 30 * 60 * 1_000_000;

/// The runs of recent traces. A span often has less information than its siblings: only some name the
/// conversation. The log has where a trace began; this saves asking it again for every part, and decides
/// where two first parts come at once.
#[derive(Debug, Clone, Default)]
pub struct TraceRunCache {
    recent: Arc<Mutex<Recent>>,
    /// Which of the runs of a service is its last one, counted from 1.
    services: Arc<Mutex<HashMap<String, u32>>>,
    /// Traces whose root did not come yet.
    pub open: OpenTraces,
}

/// Two generations: when the young one is full it becomes the old one, and what was not requested since is
/// dropped.
#[derive(Debug, Default)]
struct Recent {
    young: HashMap<EpisodeId, RunId>,
    old: HashMap<EpisodeId, RunId>,
}

impl TraceRunCache {
    /// Looks the traces that are not remembered up in the log, by the events that they began with.
    pub async fn recall(&self, store: &Store, traces: Vec<(EpisodeId, EventId)>) -> Result<(), StoreError> {
        let strange: HashMap<EventId, EpisodeId> = {
            let recent = self.recent.lock();
            let is_strange =
                |trace: &EpisodeId| !recent.young.contains_key(trace) && !recent.old.contains_key(trace);
            traces.into_iter().filter(|(trace, _)| is_strange(trace)).map(|(trace, id)| (id, trace)).collect()
        };
        if strange.is_empty() {
            return Ok(());
        }
        let ids: Vec<EventId> = strange.keys().copied().collect();
        for (id, run) in store.starting(&ids).await? {
            if let Some(trace) = strange.get(&id) {
                self.settle(trace, run);
            }
        }
        Ok(())
    }

    /// The runs of services of which nothing tells one process from the next: the last run of each, or a new
    /// one where that has ended, was deleted or was quiet for [`GAP_MICROS`].
    pub async fn services(
        &self,
        store: &Store,
        names: Vec<String>,
        now: Timestamp,
    ) -> Result<HashMap<String, RunId>, StoreError> {
        let mut runs = HashMap::new();
        for name in names {
            let known = self.services.lock().get(&name).copied();
            for nth in known.unwrap_or(1).. {
                // What cannot be a run's id is refused where the run is created.
                let Ok(run) = service_run(&name, nth) else { break };
                let is_its = match store.run(&run).await? {
                    Some(summary) => is_open(&summary, now),
                    None => !store.is_gone(&run).await?,
                };
                if is_its {
                    let mut services = self.services.lock();
                    if services.len() >= MIN_CACHED {
                        services.clear();
                    }
                    services.insert(name.clone(), nth);
                    runs.insert(name, run);
                    break;
                }
            }
        }
        Ok(runs)
    }

    /// Where a trace goes: where its first part went, else `run` from now on.
    pub fn settle(&self, trace: &EpisodeId, run: RunId) -> RunId {
        let mut recent = self.recent.lock();
        if let Some(home) = recent.young.get(trace) {
            return home.clone();
        }
        let home = recent.old.remove(trace).unwrap_or(run);
        if recent.young.len() >= MIN_CACHED {
            recent.old = std::mem::take(&mut recent.young);
        }
        recent.young.insert(trace.clone(), home.clone());
        home
    }
}

/// Whether what comes from a service now may belong to this run of it.
fn is_open(run: &RunSummary, now: Timestamp) -> bool {
    let quiet_micros = now.micros().saturating_sub(run.updated_at.micros());
    let is_empty = run.head <= 1;
    run.status == Status::Running && (is_empty || quiet_micros < GAP_MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_stays_where_it_began_and_memory_is_bounded() {
        let run = |name: &str| RunId::new(name).unwrap();
        let trace = |name: &str| EpisodeId::new(name).unwrap();
        let runs = TraceRunCache::default();
        assert_eq!(runs.settle(&trace("t"), run("a")), run("a"));
        assert_eq!(runs.settle(&trace("t"), run("b")), run("a"));
        for i in 0..3 * MIN_CACHED {
            runs.settle(&trace(&i.to_string()), run("c"));
        }
        let recent = runs.recent.lock();
        assert!(recent.young.len() + recent.old.len() <= 2 * MIN_CACHED);
    }
}
