//! Rules about silence, by the clock.

use std::collections::HashSet;
use std::time::Duration;

use gauntlet_model::{EventId, Status, Timestamp};
use gauntlet_monitor::Expression;
use gauntlet_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use super::output::{alert, announced};
use crate::clock::now;

/// Time between two checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Looks again and again until `stop`.
pub(super) async fn watch(store: &Store, server: &str, stop: &CancellationToken) {
    // An alert's id names the moment that was last heard of the run: after a restart the log knows it.
    let mut raised = HashSet::new();
    while stop.run_until_cancelled(tokio::time::sleep(CHECK_INTERVAL)).await.is_some() {
        if let Err(error) = sweep(store, server, &mut raised, now()).await {
            tracing::warn!(%error, "silent runs were not looked for; trying again");
        }
    }
}

/// Raises the alerts of the runs that are silent now.
async fn sweep(
    store: &Store,
    server: &str,
    raised: &mut HashSet<EventId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let monitors = store.monitors(None).await?;
    let silent: Vec<_> = monitors
        .iter()
        .filter_map(|monitor| Some((monitor, monitor.rule.parse::<Expression>().ok()?.silence_secs()?)))
        .collect();
    if silent.is_empty() {
        raised.clear();
        return Ok(());
    }
    let mut current = HashSet::new();
    for run in store.monitored_runs().await?.iter().filter(|run| run.status == Status::Running) {
        let heard = run.heard_at.micros();
        for (monitor, secs) in silent.iter().filter(|(monitor, _)| monitor.project == run.project) {
            let is_silent = now.micros().saturating_sub(heard) >= i64::from(*secs) * 1_000_000;
            if !is_silent || run.heard_at < monitor.saved_at {
                continue;
            }
            let unit = if *secs == 1 { "second" } else { "seconds" };
            let text = format!("Nothing was heard of the run for {secs} {unit}.");
            let event = alert(&run.id, monitor, &format!("silent {heard}"), now, None, text)?;
            let id = event.id();
            if !raised.contains(&id) {
                let alerts = vec![announced(server, run, monitor, event)];
                store.raise_alerts(&run.id, None, alerts, now).await?;
            }
            current.insert(id);
        }
    }
    *raised = current;
    Ok(())
}
