//! One file under way: what is known of it on the disk, and what changes too often for that.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use gauntlet_api::{ErrorInfo, ImportPhase, ImportStatus};
use gauntlet_model::{RunId, Timestamp};
use gauntlet_results::{ColumnMap, Options};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::disk_error;
use crate::Error;

/// The content of `session.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Session {
    /// The file's name.
    pub name: String,
    /// Its size, once it is known.
    pub size_bytes: Option<u64>,
    /// Its path, if it is not beside this file.
    pub path: Option<PathBuf>,
    /// When it was announced; is used where the file names no time.
    pub created_at: Timestamp,
    /// How far it has come.
    pub phase: ImportPhase,
    /// Its run, once that has an id.
    pub run: Option<RunId>,
    /// The run's name.
    pub run_name: String,
    /// Events that are in the log for certain.
    pub appended: u64,
    /// Scored steps of the file.
    pub steps: u64,
    /// Episodes of the run.
    pub episodes: u64,
    /// What is unusual in it.
    pub warnings: Vec<String>,
    /// Why it stopped, as clients see it.
    pub error: Option<ErrorInfo>,
    /// How a person asked for it to be read.
    #[serde(default)]
    pub reading: Reading,
    /// How often its import was begun without any of its events getting into the log.
    #[serde(default)]
    pub attempts: u32,
}

/// How a person asks for a file to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// Which column is which field, such as `completion=answer,step=iteration`.
    pub map: String,
    /// Whether a file that is broken or cut is imported as far as it can be read.
    pub partial: bool,
}

impl Reading {
    /// The same for the reader of files. Refuses an empty map.
    pub fn options(&self) -> Result<Options, Error> {
        Ok(Options::default().mapped(ColumnMap::parse(&self.map)?).partial_allowed(self.partial))
    }
}

impl Session {
    /// A file of which nothing has arrived.
    pub(super) fn new(
        name: String,
        size_bytes: Option<u64>,
        path: Option<PathBuf>,
        reading: Reading,
        now: Timestamp,
    ) -> Self {
        Self {
            reading,
            attempts: 0,
            name,
            size_bytes,
            path,
            created_at: now,
            phase: ImportPhase::Receiving,
            run: None,
            run_name: String::new(),
            appended: 0,
            steps: 0,
            episodes: 0,
            warnings: Vec::new(),
            error: None,
        }
    }

    /// The session in a folder, if one can be read there.
    pub(super) fn load(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join("session.json")).ok()?).ok()
    }

    fn store(&self, folder: &Path) -> std::io::Result<()> {
        let part = folder.join("session.json.part");
        std::fs::write(&part, serde_json::to_vec(self)?)?;
        std::fs::rename(part, folder.join("session.json"))
    }
}

/// A file under way in this process.
pub(super) struct Entry {
    id: String,
    /// Its folder.
    pub folder: PathBuf,
    session: Mutex<Session>,
    /// Bytes read in this phase.
    pub done_bytes: AtomicU64,
    /// Set when somebody gave it up; from then on nothing of it is written.
    cancelled: AtomicBool,
    /// Held while a slice is written, and while its folder is removed.
    pub turn: tokio::sync::Mutex<()>,
    /// Held while its run is created: a cancellation waits for that and then deletes the run.
    pub creating: tokio::sync::Mutex<()>,
    /// Held while it is read.
    pub job: tokio::sync::Mutex<()>,
    /// How long its reading waits for memory that others hold: less where a request waits for the outcome.
    pub patience: OnceLock<Duration>,
}

impl Entry {
    /// A file in its folder.
    pub(super) fn new(id: &str, folder: PathBuf, session: Session) -> Self {
        Self {
            id: id.to_owned(),
            folder,
            session: Mutex::new(session),
            done_bytes: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
            creating: tokio::sync::Mutex::default(),
            job: tokio::sync::Mutex::default(),
            patience: OnceLock::new(),
        }
    }

    /// Looks at what is known.
    pub(super) fn with<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        look(&self.session.lock())
    }

    /// Changes what is known, on the disk as well. A cancelled file changes in memory only: its folder may
    /// already belong to a new upload of the same file.
    pub(super) fn change(&self, change: impl FnOnce(&mut Session)) -> Result<(), Error> {
        let mut session = self.session.lock();
        change(&mut session);
        if self.is_cancelled() {
            return Ok(());
        }
        session.store(&self.folder).map_err(|e| disk_error(&e))
    }

    /// Gives the file up. Returns once no thread writes to its folder any more.
    pub(super) fn cancel(&self) {
        let _session = self.session.lock();
        self.cancelled.store(true, Ordering::Release);
    }

    /// Whether somebody gave the file up.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Removes the bytes that were uploaded, once they are no longer needed.
    pub(super) fn remove_upload(&self) {
        let _session = self.session.lock();
        if !self.is_cancelled() {
            let _ = std::fs::remove_file(self.folder.join("file"));
        }
    }

    /// The file's name.
    pub(super) fn name(&self) -> String {
        self.with(|session| session.name.clone())
    }

    /// The path of the bytes.
    pub(super) fn file(&self) -> PathBuf {
        self.with(|session| session.path.clone()).unwrap_or_else(|| self.folder.join("file"))
    }

    /// Bytes that have arrived. Taken from the length of the file, so that it is right after a kill between
    /// two writes.
    pub(super) fn received_bytes(&self) -> u64 {
        let complete =
            self.with(|session| session.size_bytes.filter(|_| session.phase != ImportPhase::Receiving));
        complete.unwrap_or_else(|| std::fs::metadata(self.folder.join("file")).map_or(0, |about| about.len()))
    }

    /// What clients get.
    pub(super) fn view(&self) -> ImportStatus {
        let session = self.with(Session::clone);
        ImportStatus {
            id: self.id.clone(),
            received_bytes: self.received_bytes(),
            done_bytes: self.done_bytes.load(Ordering::Relaxed),
            name: session.name,
            phase: session.phase,
            size_bytes: session.size_bytes,
            created_at: session.created_at,
            run: session.run,
            run_name: session.run_name,
            steps: session.steps,
            episodes: session.episodes,
            warnings: session.warnings,
            error: session.error,
        }
    }
}
