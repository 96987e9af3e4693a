//! Files that belong to a run: hashed and written aside on a thread of their own, then announced.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gauntlet_model::{ArtifactAdded, EpisodeId, Event, EventId, FieldError, Timestamp};
use parking_lot::{Condvar, Mutex, MutexGuard};
use sha2::{Digest, Sha256};

/// Most bytes that wait to be written.
const MAX_BYTES: u64 = 256 << 20;

/// Why an artifact was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// Its name, media type or role breaks a rule.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Too much waits to be written already.
    #[error("{waiting} bytes of artifacts wait to be written; {size} more are too many")]
    Full {
        /// Bytes that wait.
        waiting: u64,
        /// Its size, bytes.
        size: u64,
    },
}

/// An `artifact.added` whose content is not hashed yet.
pub(crate) struct Draft {
    pub(crate) id: EventId,
    pub(crate) at: Timestamp,
    pub(crate) episode: Option<EpisodeId>,
    pub(crate) step: Option<u64>,
    pub(crate) name: String,
    pub(crate) mime_type: String,
    pub(crate) role: String,
}

impl Draft {
    fn event(self, size_bytes: u64, sha256: String) -> Result<Event, FieldError> {
        let Self { id, at, episode, step, name, mime_type, role } = self;
        Event::new(id, at, episode, step, ArtifactAdded { name, mime_type, size_bytes, sha256, role })
    }

    fn check(&self) -> Result<(), FieldError> {
        let (name, mime_type, role) = (self.name.clone(), self.mime_type.clone(), self.role.clone());
        let body = ArtifactAdded { name, mime_type, size_bytes: 0, sha256: "0".repeat(64), role };
        Event::new(self.id, self.at, self.episode.clone(), self.step, body).map(drop)
    }
}

/// The thread that writes artifacts aside. Dropping it writes what waits.
pub(crate) struct Artifacts {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

type Announce = Box<dyn FnOnce(Event) + Send>;

#[derive(Default)]
struct State {
    waiting: VecDeque<(Draft, Vec<u8>, Announce)>,
    /// Bytes that wait or are being written.
    bytes: u64,
    /// Artifacts that wait or are being written.
    open: u64,
    lost: u64,
    is_closing: bool,
}

impl Artifacts {
    pub(crate) fn start(folder: PathBuf) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let work = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("gauntlet-artifacts".to_owned())
            .spawn(move || work.run(&folder))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Takes an artifact; `announce` is called with its event once the content is on disk.
    pub(crate) fn add(
        &self,
        draft: Draft,
        content: Vec<u8>,
        announce: impl FnOnce(Event) + Send + 'static,
    ) -> Result<(), ArtifactError> {
        draft.check()?;
        let size = content.len() as u64;
        let mut state = self.shared.lock();
        if state.bytes + size > MAX_BYTES {
            return Err(ArtifactError::Full { waiting: state.bytes, size });
        }
        state.bytes += size;
        state.open += 1;
        state.waiting.push_back((draft, content, Box::new(announce)));
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Waits until nothing waits. False when the time is up.
    pub(crate) fn settle(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.lock();
        while state.open > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.shared.changed.wait_for(&mut state, left);
        }
        true
    }

    /// Artifacts given up.
    pub(crate) fn lost(&self) -> u64 {
        self.shared.lock().lost
    }
}

impl Drop for Artifacts {
    fn drop(&mut self) {
        self.shared.lock().is_closing = true;
        self.shared.changed.notify_all();
        // The last clone of a run may be dropped by this very thread, which cannot join itself.
        if let Some(thread) = self.thread.take().filter(|t| t.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    fn run(&self, folder: &Path) {
        loop {
            let mut state = self.lock();
            let (draft, content, announce) = loop {
                if let Some(next) = state.waiting.pop_front() {
                    break next;
                }
                if state.is_closing {
                    return;
                }
                self.changed.wait(&mut state);
            };
            drop(state);
            let size = content.len() as u64;
            let event = write_under_hash(folder, &content).ok().and_then(|hash| draft.event(size, hash).ok());
            let is_lost = event.is_none();
            if let Some(event) = event {
                announce(event);
            }
            let mut state = self.lock();
            state.bytes -= size;
            state.open -= 1;
            state.lost += u64::from(is_lost);
            drop(state);
            self.changed.notify_all();
        }
    }
}

/// Writes the content under its SHA-256, atomically; returns the hash in hex.
fn write_under_hash(folder: &Path, content: &[u8]) -> std::io::Result<String> {
    let hash = hex::encode(Sha256::digest(content));
    std::fs::create_dir_all(folder)?;
    let part = folder.join(format!("{hash}.{}.part", std::process::id()));
    let mut file = File::create(&part)?;
    file.write_all(content)?;
    // Announced only once it would outlive a loss of power, as its event does.
    file.sync_all()?;
    std::fs::rename(&part, folder.join(&hash))?;
    Ok(hash)
}
