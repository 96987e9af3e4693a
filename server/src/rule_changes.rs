//! Which runs ask for other rules now. Rules are no events of the log, so their changes reach viewers this
//! way.

use gauntlet_api::LiveHello;
use gauntlet_model::{FailureRules, RunId};
use gauntlet_store::Store;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Changes that wait for a viewer at most; one that lags further behind reads its run again.
const WAITING: usize = 64;

/// Tells viewers of changed rules; cloning shares it.
#[derive(Clone)]
pub struct RuleChanges(broadcast::Sender<RunId>);

impl Default for RuleChanges {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl RuleChanges {
    /// Reports that a run asks for other rules, after they were stored.
    pub fn publish(&self, run: &RunId) {
        // It fails where nobody listens.
        let _ = self.0.send(run.clone());
    }

    /// What a viewer of that run hears from now on.
    pub fn subscribe(&self, store: Store, run: RunId) -> RuleWatch {
        RuleWatch { store, run, changes: self.0.subscribe() }
    }
}

/// The rules of one run, for one viewer.
pub struct RuleWatch {
    store: Store,
    run: RunId,
    changes: broadcast::Receiver<RunId>,
}

impl RuleWatch {
    /// The rules the run asks for now; `None` where it cannot be read.
    async fn now(&self) -> Option<FailureRules> {
        self.store.run(&self.run).await.ok()?.map(|run| run.rules)
    }

    /// What viewers are sent, as JSON: where the log ends for now, and the rules that the run asks for, where
    /// they can be read.
    pub async fn hello(&self, head: u64) -> String {
        let hello = LiveHello { head, rules: self.now().await };
        serde_json::to_string(&hello).unwrap_or_default()
    }

    /// Waits until the rules have changed. May be dropped and called again without missing a change.
    pub async fn changed(&mut self) {
        loop {
            match self.changes.recv().await {
                Ok(run) if run != self.run => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return,
                // The server is stopping.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
