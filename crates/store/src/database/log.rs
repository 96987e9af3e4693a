//! The log in a database, as the store uses it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use gauntlet_model::{
    Backup, EffectSet, EpisodeId, EventId, ListView, Monitor, ProjectAlert, Record, RunId, RunSummary,
    Timestamp, WebhookFailure,
};
use gauntlet_vault::StoredKey;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::connection::Pool;
use super::session::Presence;
use super::writer::{Drained, Writer};
use super::{
    api_keys, backups, command_table, dump, effects, episode, hub, list_views, listing, lookup, monitors,
    projections, read, seals, steps, tombstones, webhooks, writers,
};
use crate::log_store::{LogStore, ReadQuery, StepCountsQuery, StepEventsQuery, StepPartQuery, StepQuery};
use crate::{
    DueCall, Excerpt, Leases, MonitorProgress, MonitoredRun, OriginSession, Page, PendingCommand, RunGroup,
    RunQuery, SealingRun, SearchPage, SearchQuery, Slice, StaleRun, StepCounts, StepEvents, StepPart,
    StepRow, StoreError,
};
use crate::{DumpMoment, EventLines, TableRows};

/// The index of texts.
#[async_trait]
pub(crate) trait SearchIndex: Send + Sync {
    /// One page of what the index holds by now. [`StoreError::Invalid`] names what of the query cannot be
    /// asked.
    async fn search(&self, query: &SearchQuery) -> Result<SearchPage, StoreError>;

    /// Ends its follower and closes it.
    async fn close(&self);
}

/// The log in one database.
pub(crate) struct DatabaseLog {
    readers: Pool,
    writer: Mutex<Option<JoinHandle<Drained>>>,
    /// `None` where searching is switched off.
    index: Option<Box<dyn SearchIndex>>,
    presence: Arc<dyn Presence>,
    peers: Option<Box<dyn PeerServers>>,
}

/// The other servers of the same database.
#[async_trait]
pub(crate) trait PeerServers: Send + Sync {
    /// The leases of this server.
    fn leases(&self) -> Leases;

    /// As [`LogStore::share_artifacts`].
    async fn share_artifacts(&self, folder: &str) -> Result<(), StoreError>;

    /// Leaves them, and hands over the leases.
    async fn leave(&self);
}

impl DatabaseLog {
    /// Starts the writer. `peers`: `None` where this process has the database for itself.
    pub(crate) fn start(
        readers: Pool,
        writer: Writer,
        index: Option<Box<dyn SearchIndex>>,
        presence: Arc<dyn Presence>,
        peers: Option<Box<dyn PeerServers>>,
    ) -> Self {
        let writer = Mutex::new(Some(tokio::spawn(writer.run())));
        Self { readers, writer, index, presence, peers }
    }
}

#[async_trait]
impl LogStore for DatabaseLog {
    async fn run(&self, id: &RunId) -> Result<Option<RunSummary>, StoreError> {
        listing::run(&self.readers, id).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Page, StoreError> {
        listing::runs(&self.readers, query).await
    }

    async fn count_runs(&self, query: &RunQuery) -> Result<u64, StoreError> {
        listing::count(&self.readers, query).await
    }

    async fn run_groups(&self, query: &RunQuery, limit: usize) -> Result<Vec<RunGroup>, StoreError> {
        listing::groups(&self.readers, query, limit).await
    }

    async fn sparklines(&self, runs: &[RunId]) -> Result<Vec<Vec<f64>>, StoreError> {
        projections::sparklines(&self.readers, runs).await
    }

    async fn api_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        api_keys::list(&self.readers).await
    }

    async fn backups(&self) -> Result<Vec<Backup>, StoreError> {
        backups::list(&self.readers).await
    }

    async fn list_views(&self, project: &str) -> Result<Vec<ListView>, StoreError> {
        list_views::list(&self.readers, project).await
    }

    async fn stale_runs(&self) -> Result<Vec<StaleRun>, StoreError> {
        projections::stale_runs(&self.readers).await
    }

    async fn run_columns(
        &self,
        project: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<String>, Vec<String>), StoreError> {
        projections::columns(&self.readers, project, limit).await
    }

    async fn is_gone(&self, run: &RunId) -> Result<bool, StoreError> {
        tombstones::is_gone(&self.readers, run).await
    }

    async fn head(&self, run: &RunId) -> Result<Option<u64>, StoreError> {
        read::head(&self.readers, run).await
    }

    async fn read(&self, query: ReadQuery<'_>) -> Result<Slice, StoreError> {
        read::read(&self.readers, query).await
    }

    async fn excerpt(
        &self,
        run: &RunId,
        episode: &EpisodeId,
        seqs: Range<u64>,
        ends: (u32, u32),
    ) -> Result<Excerpt, StoreError> {
        episode::excerpt(&self.readers, run, episode, seqs, ends).await
    }

    async fn step_part(&self, query: StepPartQuery<'_>) -> Result<StepPart, StoreError> {
        steps::step_part(&self.readers, query).await
    }

    async fn step_counts(&self, query: StepCountsQuery<'_>) -> Result<StepCounts, StoreError> {
        steps::step_counts(&self.readers, query).await
    }

    async fn at_seqs(
        &self,
        run: &RunId,
        seqs: &[u64],
        max_bytes: usize,
    ) -> Result<(Vec<Record>, usize), StoreError> {
        steps::at_seqs(&self.readers, run, seqs, max_bytes).await
    }

    async fn step_events(&self, query: StepEventsQuery<'_>) -> Result<StepEvents, StoreError> {
        steps::step_events(&self.readers, query).await
    }

    async fn steps(&self, query: StepQuery<'_>) -> Result<Vec<StepRow>, StoreError> {
        steps::steps(&self.readers, query).await
    }

    async fn find(&self, run: &RunId, ids: &[EventId]) -> Result<Vec<(EventId, Option<u64>)>, StoreError> {
        lookup::find(&self.readers, run, ids).await
    }

    async fn last_step(&self, run: &RunId) -> Result<Option<u64>, StoreError> {
        lookup::last_step(&self.readers, run).await
    }

    async fn history(&self, run: &RunId, places: &[(u64, EpisodeId)]) -> Result<Vec<Record>, StoreError> {
        lookup::history(&self.readers, run, places).await
    }

    async fn starting(&self, ids: &[EventId]) -> Result<Vec<(EventId, RunId)>, StoreError> {
        lookup::starting(&self.readers, ids).await
    }

    async fn sessions(&self) -> Result<Vec<OriginSession>, StoreError> {
        hub::sessions(&self.readers).await
    }

    async fn newest_of_task(&self, task_id: &str, run_type: &str) -> Result<Option<RunId>, StoreError> {
        hub::newest_of_task(&self.readers, task_id, run_type).await
    }

    async fn chunk(&self, run: &RunId, level: u8, chunk: u64) -> Result<Option<Vec<u8>>, StoreError> {
        seals::chunk(&self.readers, run, level, chunk).await
    }

    async fn sealing(&self, events: u64) -> Result<Vec<SealingRun>, StoreError> {
        seals::sealing(&self.readers, events).await
    }

    async fn outline(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        seals::outline(&self.readers, run).await
    }

    async fn overview_end(&self, run: &RunId) -> Result<u64, StoreError> {
        seals::overview_end(&self.readers, run).await
    }

    async fn effects(&self, project: &str) -> Result<EffectSet, StoreError> {
        effects::read(&self.readers, project).await
    }

    async fn pending_commands(&self, run: &RunId) -> Result<Vec<PendingCommand>, StoreError> {
        command_table::pending(&self.readers, run).await
    }

    async fn monitors(&self, project: Option<&str>) -> Result<Vec<Monitor>, StoreError> {
        monitors::monitors(&self.readers, project).await
    }

    async fn monitored_runs(&self) -> Result<Vec<MonitoredRun>, StoreError> {
        monitors::monitored_runs(&self.readers).await
    }

    async fn monitor_progress(&self) -> Result<Vec<MonitorProgress>, StoreError> {
        monitors::progress(&self.readers).await
    }

    async fn alerts(&self, project: &str, limit: u32) -> Result<Vec<ProjectAlert>, StoreError> {
        webhooks::alerts(&self.readers, project, limit).await
    }

    async fn due_calls(&self, now: Timestamp, limit: u32) -> Result<Vec<DueCall>, StoreError> {
        webhooks::due(&self.readers, now, limit).await
    }

    async fn call_failures(&self, project: &str) -> Result<BTreeMap<String, WebhookFailure>, StoreError> {
        webhooks::failures(&self.readers, project).await
    }

    async fn is_sweep_due(&self, now: Timestamp, since: Timestamp) -> Result<bool, StoreError> {
        writers::is_sweep_due(&self.readers, now, since).await
    }

    async fn search(&self, query: &SearchQuery) -> Result<SearchPage, StoreError> {
        match &self.index {
            Some(index) => index.search(query).await,
            None => Err(StoreError::unavailable("the search index is switched off".to_owned())),
        }
    }

    async fn dump_tables(&self, sink: mpsc::Sender<TableRows>) -> Result<DumpMoment, StoreError> {
        dump::tables(&self.readers, sink).await
    }

    async fn dump_schema(&self) -> Result<i64, StoreError> {
        dump::schema(&self.readers).await
    }

    async fn dump_events(&self, run_no: i64, seqs: Range<u64>) -> Result<EventLines, StoreError> {
        dump::events(&self.readers, run_no, seqs).await
    }

    async fn dump_ids(&self, places: &[(i64, u64)]) -> Result<Vec<Option<String>>, StoreError> {
        dump::ids(&self.readers, places).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        let presence = Arc::clone(&self.presence);
        let checked = tokio::task::spawn_blocking(move || presence.check()).await;
        checked.unwrap_or_else(|_| Err(StoreError::closed()))
    }

    async fn share_artifacts(&self, folder: &str) -> Result<(), StoreError> {
        match &self.peers {
            Some(peers) => peers.share_artifacts(folder).await,
            None => Ok(()),
        }
    }

    fn leases(&self) -> Leases {
        self.peers.as_ref().map_or_else(Leases::of_one_process, |peers| peers.leases())
    }

    async fn close(&self) {
        if let Some(index) = &self.index {
            index.close().await;
        }
        let writer = self.writer.lock().take();
        let drained = match writer {
            Some(writer) => writer.await,
            None => return,
        };
        if let Some(peers) = &self.peers {
            peers.leave().await;
        }
        // Readers go before the writer's connection: the last one to close leaves a single file behind.
        self.readers.close().await;
        match drained {
            Ok(drained) => drained.close().await,
            Err(error) => tracing::error!(%error, "the writer ended badly"),
        }
    }
}
