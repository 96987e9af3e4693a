//! Traces whose root did not come yet, and when something was heard of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use gauntlet_model::{EpisodeId, RunId};
use parking_lot::Mutex;
use tokio::time::Instant;

/// Open traces that are remembered at most.
const MAX_TRACES: usize = 1 << 17;

/// The traces that are open, with their run and when something was heard of them.
#[derive(Debug, Clone, Default)]
pub struct OpenTraces {
    heard: Arc<Mutex<HashMap<EpisodeId, (RunId, Instant)>>>,
}

impl OpenTraces {
    /// Spans of these traces of a run arrived, and their root did not.
    pub fn heard(&self, run: &RunId, traces: BTreeSet<EpisodeId>) {
        let mut heard = self.heard.lock();
        for trace in traces {
            if heard.len() >= MAX_TRACES && !heard.contains_key(&trace) {
                tracing::warn!(%run, "more than {MAX_TRACES} traces are open; some of them stay so");
                return;
            }
            heard.insert(trace, (run.clone(), Instant::now()));
        }
    }

    /// Takes those that were quiet for so long.
    pub fn take_quiet(&self, quiet: Duration) -> Vec<(EpisodeId, RunId)> {
        let mut heard = self.heard.lock();
        let taken = heard.extract_if(|_, (_, at)| at.elapsed() >= quiet);
        taken.map(|(trace, (run, _))| (trace, run)).collect()
    }
}
