//! Looks for writers and runs that have lost contact. All its state is in the database, so a restart
//! goes on.

use std::time::Duration;

use gauntlet_engine::clock::now;
use gauntlet_model::Timestamp;
use gauntlet_store::Store;
use tokio_util::sync::CancellationToken;

/// Time between two checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Looks again and again until the server stops. One server of a database does it for all.
pub async fn sweep(store: Store, stopping: CancellationToken) {
    // Where the look moves here from another server, that one has listened since before.
    let since = now();
    let leases = store.leases();
    leases.while_held("contact", &stopping, || sweep_on(store.clone(), since, stopping.clone())).await;
}

async fn sweep_on(store: Store, since: Timestamp, stopping: CancellationToken) {
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
        }
        match store.sweep_writers(now(), since).await {
            Ok(0) => {}
            Ok(changed) => tracing::info!(changed, "writers or runs are not heard of any more"),
            Err(error) => tracing::warn!(%error, "writers were not looked after; trying again"),
        }
    }
}
