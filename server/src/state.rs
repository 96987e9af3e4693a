//! What every handler shares.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRef;
use gauntlet_backup::Target;
use gauntlet_engine::backups::{BackupSettings, Backups};
use gauntlet_engine::films::Films;
use gauntlet_engine::imports::Imports;
use gauntlet_engine::memory::Memory;
use gauntlet_engine::prompts::Prompts;
use gauntlet_engine::sql::Sql;
use gauntlet_engine::trace_runs::TraceRunCache;
use gauntlet_store::Store;
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::downloads::Downloads;
use crate::guard::Trusted;
use crate::metrics::Metrics;
use crate::policy::FrameAncestors;
use crate::settings_changes::SettingsChanges;
use crate::site::{self, Site};
use crate::tail::Tails;

/// Limits a request must keep.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest body after decompression, bytes.
    pub body_bytes: usize,
    /// Largest imported file, bytes.
    pub import_bytes: usize,
    /// Largest artifact, bytes.
    pub artifact_bytes: u64,
    /// Memory of all bodies that are being decoded at one time, bytes.
    pub memory_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            import_bytes: 256 << 20,
            artifact_bytes: 4 << 30,
            memory_bytes: 512 << 20,
        }
    }
}

/// Shared by every handler; cloning is cheap.
#[derive(Clone)]
pub struct AppState {
    /// The log.
    pub store: Store,
    /// Recent events of the runs that are being watched.
    pub tails: Tails,
    /// Tells viewers that a run asks for other rules, or a project for other effects.
    pub settings_changes: SettingsChanges,
    /// Folded films of the runs that were asked for.
    pub films: Films,
    /// The prompts of the runs whose groups or tasks were asked for.
    pub prompts: Prompts,
    /// Statements over the films.
    pub sql: Sql,
    /// The runs of recent OpenTelemetry traces.
    pub trace_runs: TraceRunCache,
    /// Files on their way in.
    pub imports: Imports,
    /// Backups that are made while the server runs.
    pub backups: Backups,
    /// What requests must keep.
    pub limits: Limits,
    /// What bodies may take while they are decoded.
    pub memory: Memory,
    /// What answers may take that their clients have not read.
    pub answers: Memory,
    /// Downloads under way.
    pub downloads: Downloads,
    /// Files of the browser side.
    pub site: Arc<Site>,
    /// How pages are rendered.
    pub leptos: LeptosOptions,
    /// Cancelled when the server stops; ends every live connection.
    pub stopping: CancellationToken,
    /// Whether requests need a key, and which.
    pub access: Access,
    /// Origins of other pages that may read and change things.
    pub trusted: Trusted,
    /// Origins whose pages may show a page in a frame.
    pub frames: FrameAncestors,
    /// What the server measures of itself.
    pub metrics: Metrics,
    /// When the process began to serve.
    pub started: Instant,
}

impl AppState {
    /// The state around a log.
    pub fn new(store: Store, limits: Limits, site: Site) -> Self {
        let stopping = CancellationToken::new();
        let memory = Memory::new(limits.memory_bytes);
        let films = Films::new(store.clone());
        let tails = Tails::new(store.clone(), stopping.clone());
        let backups = Backups::new(store.clone(), None);
        Self {
            settings_changes: SettingsChanges::default(),
            sql: Sql::new(films.clone(), memory.clone()),
            films,
            prompts: Prompts::new(store.clone()),
            imports: Imports::new(store.clone(), limits.import_bytes, memory.clone(), stopping.clone()),
            trace_runs: TraceRunCache::default(),
            metrics: Metrics::new(store.clone(), tails.clone(), memory.clone(), backups.clone()),
            backups,
            tails,
            store,
            limits,
            memory,
            answers: Memory::new(limits.memory_bytes),
            downloads: Downloads::new(stopping.clone()),
            site: Arc::new(site),
            leptos: site::leptos_options(),
            stopping,
            access: Access::default(),
            trusted: Trusted::default(),
            frames: FrameAncestors::default(),
            started: Instant::now(),
        }
    }
}

impl AppState {
    /// The state of a server that makes backups, where there are settings for them and the place they name.
    #[must_use]
    pub fn with_backups(self, settings: Option<(BackupSettings, Arc<dyn Target>)>) -> Self {
        let backups = Backups::new(self.store.clone(), settings);
        let (store, tails, memory) = (self.store.clone(), self.tails.clone(), self.memory.clone());
        Self { metrics: Metrics::new(store, tails, memory, backups.clone()), backups, ..self }
    }
}

impl FromRef<AppState> for Metrics {
    fn from_ref(state: &AppState) -> Self {
        state.metrics.clone()
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

impl FromRef<AppState> for FrameAncestors {
    fn from_ref(state: &AppState) -> Self {
        state.frames.clone()
    }
}

impl FromRef<AppState> for Access {
    fn from_ref(state: &AppState) -> Self {
        state.access.clone()
    }
}

impl FromRef<AppState> for Trusted {
    fn from_ref(state: &AppState) -> Self {
        state.trusted.clone()
    }
}
