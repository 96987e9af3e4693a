//! Which runs ask for other rules now, and which projects have other effects. Both are settings and no events
//! of the log, so their changes reach viewers this way.

use gauntlet_api::LiveHello;
use gauntlet_model::RunId;
use gauntlet_store::Store;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Changes that wait for a viewer at most; one that lags further behind reads its run again.
const QUEUED_CHANGES: usize = 64;

/// A changed setting, after it was stored.
#[derive(Debug, Clone)]
enum Change {
    /// The rules that a run asks for.
    Rules(RunId),
    /// The effects of a project.
    Effects(String),
}

/// Tells viewers of changed settings; cloning shares it.
#[derive(Clone)]
pub struct SettingsChanges(broadcast::Sender<Change>);

impl Default for SettingsChanges {
    fn default() -> Self {
        Self(broadcast::Sender::new(QUEUED_CHANGES))
    }
}

impl SettingsChanges {
    /// Reports that a run asks for other rules, after they were stored.
    pub fn publish_rules(&self, run: &RunId) {
        // It fails without a receiver.
        let _ = self.0.send(Change::Rules(run.clone()));
    }

    /// Reports that a project has other effects, after they were stored.
    pub fn publish_effects(&self, project: &str) {
        let _ = self.0.send(Change::Effects(project.to_owned()));
    }

    /// Reports what other servers of the same database change, until `stopping`.
    pub(crate) async fn follow_elsewhere(self, store: Store, stopping: CancellationToken) {
        let mut changed = store.subscribe_settings();
        while let Some(changed) = stopping.run_until_cancelled(changed.recv()).await {
            match changed {
                // What viewers are sent has the version of the effects as well.
                Ok(run) => self.publish_rules(&run),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "some viewers do not see changed rules before they come back");
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// What a viewer of that run of that project hears from now on.
    pub fn subscribe(&self, store: Store, run: RunId, project: String) -> SettingsWatch {
        SettingsWatch { store, run, project, changes: self.0.subscribe() }
    }
}

/// The settings that one viewer's run is shown by.
pub struct SettingsWatch {
    store: Store,
    run: RunId,
    project: String,
    changes: broadcast::Receiver<Change>,
}

impl SettingsWatch {
    /// What viewers are sent, as JSON: where the log ends for now, and the settings that could be read.
    pub async fn hello(&self, head: u64) -> String {
        let run = self.store.run(&self.run).await.ok().flatten();
        let effects = self.store.effects(&self.project).await.ok();
        let hello = LiveHello {
            head,
            rules: run.map(|run| run.rules),
            effects_version: effects.map(|effects| effects.version),
        };
        serde_json::to_string(&hello).unwrap_or_default()
    }

    /// Waits until a setting has changed, and names it as server-sent events do: `rules` or `effects`. May be
    /// dropped and called again without missing a change.
    pub async fn changed(&mut self) -> &'static str {
        loop {
            match self.changes.recv().await {
                Ok(Change::Rules(run)) if run == self.run => return "rules",
                Ok(Change::Effects(project)) if project == self.project => return "effects",
                Ok(_) => {}
                // What was missed may be either; both are sent.
                Err(RecvError::Lagged(_)) => return "rules",
                // The server is stopping.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
