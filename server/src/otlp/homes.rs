//! Which run a trace went to, so that its later parts follow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gauntlet_model::RunId;

/// Traces remembered at least; at most twice as many. The parts of a trace come within minutes.
const TRACES: usize = 1 << 16;

/// The runs of recent traces. A span often says less than its siblings: only some name the conversation. Forgotten on
/// restart, when a trace whose parts disagree may be split between two runs.
#[derive(Debug, Clone, Default)]
pub struct Homes {
    recent: Arc<Mutex<Recent>>,
}

/// Two generations: when the young one is full it becomes the old one, and what nobody asked for since is dropped.
#[derive(Debug, Default)]
struct Recent {
    young: HashMap<String, RunId>,
    old: HashMap<String, RunId>,
}

impl Homes {
    /// Where a trace goes: where its first part went, else `run` from now on.
    pub fn settle(&self, trace: &str, run: RunId) -> RunId {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(home) = recent.young.get(trace) {
            return home.clone();
        }
        let home = recent.old.remove(trace).unwrap_or(run);
        if recent.young.len() >= TRACES {
            recent.old = std::mem::take(&mut recent.young);
        }
        recent.young.insert(trace.to_owned(), home.clone());
        home
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_stays_where_it_began_and_memory_is_bounded() {
        let run = |name: &str| RunId::new(name).unwrap();
        let homes = Homes::default();
        assert_eq!(homes.settle("t", run("a")), run("a"));
        assert_eq!(homes.settle("t", run("b")), run("a"));
        for i in 0..3 * TRACES {
            homes.settle(&i.to_string(), run("c"));
        }
        let recent = homes.recent.lock().unwrap();
        assert!(recent.young.len() + recent.old.len() <= 2 * TRACES);
    }
}
