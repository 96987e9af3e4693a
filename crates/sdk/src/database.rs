//! Events straight into a data folder, without a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gauntlet_model::{Event, FieldError, RunId, RunSpec};
use gauntlet_store::{Options, Store, StoreError, with_causes};
use gauntlet_telemetry::{Clock, DeliveryError, Sink, SystemClock};
use tokio::runtime::{Builder as RuntimeBuilder, Runtime};

use crate::builder::{Builder, StartError};

/// Why a data folder cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A server, or another program, writes it.
    #[error("{}", held(.folder, .server))]
    Held {
        /// Which folder.
        folder: PathBuf,
        /// The address that the last server of this folder recorded.
        server: Option<String>,
    },
    /// The folder cannot be opened.
    #[error("the data folder {folder} cannot be opened: {}", with_causes(.error))]
    Store {
        /// Which folder.
        folder: PathBuf,
        /// What is wrong with it.
        error: StoreError,
    },
    /// The run's spec has no id.
    #[error(transparent)]
    Spec(#[from] FieldError),
    /// The threads it needs.
    #[error("the database's thread cannot be started: {0}")]
    Thread(std::io::Error),
}

fn held(folder: &Path, server: &Option<String>) -> String {
    let folder = folder.display();
    match server {
        Some(url) => format!(
            "the data folder {folder} is in use, probably by the server at {url}: send to that server instead"
        ),
        None => format!("the data folder {folder} is in use by another program"),
    }
}

impl Builder {
    /// Also writes the run into a data folder, without a server. No server may have that folder open.
    pub fn database(self, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        self.opened("database", move |spec| {
            let sink = DatabaseSink::open(folder, spec.clone()).map_err(|e| StartError::Sink(Box::new(e)))?;
            Ok(Box::new(sink))
        })
    }
}

/// Writes a run into a data folder. `gauntlet serve` shows it afterwards. While it is open no server can have
/// the folder; while a server has it, it cannot be opened.
pub struct DatabaseSink {
    store: Store,
    /// `None` only while it is being dropped.
    runtime: Option<Runtime>,
    run: RunId,
    spec: RunSpec,
    clock: SystemClock,
    is_created: bool,
}

impl DatabaseSink {
    /// Opens the folder, making it where it is missing. May be called inside an async program: the database
    /// has a runtime of its own.
    pub fn open(folder: impl AsRef<Path>, spec: RunSpec) -> Result<Self, DatabaseError> {
        let folder = folder.as_ref();
        let run = spec.id.clone();
        let run = run.ok_or_else(|| FieldError::new("id", "is missing; the sink needs the run's id"))?;
        let (runtime, opened) = outside(|| {
            let runtime = RuntimeBuilder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(DatabaseError::Thread)?;
            let opened = runtime.block_on(Store::open(Options::new(folder)));
            Ok::<_, DatabaseError>((runtime, opened))
        })?;
        match opened {
            Ok(store) => {
                let clock = SystemClock::new();
                Ok(Self { store, runtime: Some(runtime), run, spec, clock, is_created: false })
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(match error {
                    StoreError::Conflict(words) if words.starts_with("another process") => {
                        DatabaseError::Held { folder: folder.to_owned(), server: server_of(folder) }
                    }
                    error => DatabaseError::Store { folder: folder.to_owned(), error },
                })
            }
        }
    }

    async fn append(&mut self, batch: &[Arc<Event>]) -> Result<(), StoreError> {
        let now = self.clock.now();
        if !self.is_created {
            match self.store.create_run(self.spec.clone(), self.run.clone(), now).await {
                // The run exists; it continues with its first settings.
                Ok(_) | Err(StoreError::Conflict(_)) => self.is_created = true,
                Err(error) => return Err(error),
            }
        }
        let events = batch.iter().map(|event| Event::clone(event)).collect();
        self.store.append(&self.run, events, now).await.map(drop)
    }
}

impl Sink for DatabaseSink {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let Some(runtime) = self.runtime.take() else {
            return Err(DeliveryError::Refused { index: None, message: "the database is closed".to_owned() });
        };
        let appended = runtime.block_on(self.append(batch));
        self.runtime = Some(runtime);
        appended.map_err(|error| match error {
            StoreError::Busy { retry_after } => {
                DeliveryError::NotNow { after: Some(retry_after), message: error.to_string() }
            }
            StoreError::Unavailable { .. } => DeliveryError::NotNow { after: None, message: error.reason() },
            error => DeliveryError::Refused { index: None, message: with_causes(&error) },
        })
    }
}

impl Drop for DatabaseSink {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let store = self.store.clone();
            outside(|| {
                runtime.block_on(store.close());
                runtime.shutdown_background();
            });
        }
    }
}

/// Runs `work` on a thread that belongs to no async runtime, and waits for it: a runtime must not be driven
/// inside another one.
fn outside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Where the server of a folder answers, as it left it there.
fn server_of(folder: &Path) -> Option<String> {
    let address = std::fs::read_to_string(folder.join("gauntlet.lock")).ok()?;
    Some(address.trim().to_owned()).filter(|address| address.starts_with("http"))
}
