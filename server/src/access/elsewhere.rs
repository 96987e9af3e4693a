//! Keys that other servers of the same database create and revoke.

use std::time::Duration;

use gauntlet_store::StoreError;
use tokio_util::sync::CancellationToken;

use super::{Access, Required};

/// Least time between two readings of the keys.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

impl Access {
    /// Reads the keys again whenever another server has changed something, until `stopping`.
    pub(crate) async fn follow_elsewhere(self, stopping: CancellationToken) {
        let Some(required) = self.0 else { return };
        let mut changes = required.store.subscribe_elsewhere();
        let following = async {
            while changes.changed().await.is_ok() {
                if let Err(error) = required.read_again().await {
                    tracing::warn!(%error, "keys that other servers change are not known yet");
                    // The next reading finds them.
                    changes.mark_changed();
                }
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        };
        stopping.run_until_cancelled(following).await;
    }
}

impl Required {
    async fn read_again(&self) -> Result<(), StoreError> {
        let stored = self.store.api_keys().await?;
        let mut keys = self.keys.write();
        for mut stored in stored {
            // What this server has done since they were read is not undone.
            if let Some(known) = keys.get_mut(&stored.key.id) {
                stored.key.last_used_at = stored.key.last_used_at.max(known.last_used_at);
                stored.key.revoked_at = stored.key.revoked_at.or(known.revoked_at);
            }
            keys.insert(stored);
        }
        Ok(())
    }
}
