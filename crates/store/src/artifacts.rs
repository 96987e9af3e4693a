//! Artifacts and the log: which run refers to which, and which artifacts no run refers to any more.

use std::time::Duration;

use gauntlet_model::{Body, Event, Kind, RunId};

use crate::{RunQuery, Store, StoreError};

/// How long an artifact stays that no run refers to. Whoever uploads one adds its event soon.
const UNREFERRED_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Runs and events read at a time.
const PAGE: u32 = 200;

impl Store {
    /// Notes the artifacts that events name, before they are appended.
    pub(crate) fn refer(&self, run: &RunId, events: &[Event]) -> Result<(), StoreError> {
        let hashes = events.iter().filter_map(|event| match event.body() {
            Body::ArtifactAdded(artifact) => Some(artifact.sha256.as_str()),
            _ => None,
        });
        self.blobs().refer(run, hashes)
    }

    /// Removes artifacts whose runs are gone, and those that no run has referred to for a week; reports them
    /// in the log what went. Called at the start and every hour. Returns how many were removed.
    pub async fn sweep_artifacts(&self) -> Result<u64, StoreError> {
        if !self.blobs().knows_refs() {
            self.refer_all().await?;
        }
        self.blobs().remove_stalled_uploads().await;
        let mut removed = 0;
        for (sha256, runs, age) in self.blobs().all().await {
            if runs.is_empty() && age.is_some_and(|age| age > UNREFERRED_LIFETIME) {
                removed += u64::from(self.blobs().remove_unreferred(&sha256));
            }
            for run in runs {
                if self.head(&run).await?.is_none() {
                    removed += u64::from(self.blobs().unrefer(&run, &sha256));
                }
            }
        }
        if removed > 0 {
            tracing::info!(artifacts = removed, "artifacts that no run refers to were removed");
        }
        Ok(removed)
    }

    /// Reads from the log which artifacts its runs refer to: earlier versions did not note it.
    async fn refer_all(&self) -> Result<(), StoreError> {
        let mut cursor = None;
        loop {
            let page = self.runs(RunQuery { cursor, limit: PAGE, ..RunQuery::default() }).await?;
            for run in &page.items {
                self.refer_run(&run.id).await?;
            }
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        self.blobs().has_all_refs();
        Ok(())
    }

    async fn refer_run(&self, run: &RunId) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = match self.read(run, after, PAGE, Some(&[Kind::ArtifactAdded])).await {
                // Deleted meanwhile.
                Err(StoreError::NotFound(_)) => return Ok(()),
                page => page?,
            };
            let events: Vec<Event> = page.records.iter().filter_map(|record| record.event().ok()).collect();
            self.refer(run, &events)?;
            after = page.next_after;
            if after.is_none_or(|seq| seq + 1 >= page.head) {
                return Ok(());
            }
        }
    }
}
