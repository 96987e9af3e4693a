//! Files on their way in: sent in slices or named on this machine, checked to the end, then appended to a run
//! of their own. What is under way is in `imports/` of the data folder, so that a killed client or server
//! goes on where it was: the same file makes the same events, and the log takes each event once.

mod append;
mod document;
mod job;
mod session;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gauntlet_api::{ImportAnnouncement, ImportPhase, ImportStatus};
use gauntlet_model::{FieldError, MAX_LABEL_BYTES};
use gauntlet_store::Store;
use parking_lot::{Mutex, MutexGuard};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::clock::now;
use crate::memory::Memory;
pub use session::Reading;
use session::{Entry, Session};

/// Files that are read at the same time; more wait.
const AT_ONCE: usize = 2;
/// A file that nobody sent a slice of, or asked for, for this long is forgotten.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The longest wait for memory of an import whose client waits for the answer.
const REQUEST_PATIENCE: Duration = Duration::from_secs(2);
/// A file that was refused is forgotten after this long.
const REFUSED_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The files under way in one data folder. Cloning it is cheap.
#[derive(Clone)]
pub struct Imports {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    folder: PathBuf,
    /// Largest file that is read as a whole, in bytes.
    document_bytes: u64,
    entries: Mutex<HashMap<String, Arc<Entry>>>,
    room: Semaphore,
    /// What readings may hold, together with everything else that is being decoded.
    memory: Memory,
    /// Cancelled when the process is to end.
    stopping: CancellationToken,
}

impl Imports {
    /// The files under way in the store's data folder. Documents are read as a whole, up to `document_bytes`.
    /// What is not done when `stopping` is cancelled goes on in the next process.
    pub fn new(store: Store, document_bytes: usize, memory: Memory, stopping: CancellationToken) -> Self {
        let folder = store.folder().join("imports");
        let entries = Mutex::default();
        let room = Semaphore::new(AT_ONCE);
        let document_bytes = document_bytes as u64;
        Self { inner: Arc::new(Inner { store, folder, document_bytes, entries, room, memory, stopping }) }
    }

    /// Goes on with the files of an earlier process that were complete, and forgets those that are too old.
    pub fn resume(&self) {
        let Ok(found) = std::fs::read_dir(&self.inner.folder) else { return };
        for id in found.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
            let folder = self.inner.folder.join(&id);
            let old = age(&folder);
            match Session::load(&folder) {
                Some(session) if session.phase.is_working() => {
                    tracing::info!(file = session.name, "an import goes on");
                    let entry = self.entry(&id, session);
                    self.start(entry);
                }
                Some(session) if old.is_none_or(|age| age < lifetime(session.phase)) => {}
                _ => remove_old(&folder),
            }
        }
    }

    /// Announces a file whose bytes will be sent; goes on with it where it was announced before. The flag
    /// says whether it is new: one that failed is, and one whose run was deleted since.
    pub async fn announce(&self, file: ImportAnnouncement) -> Result<(ImportStatus, bool), Error> {
        check_name(&file.name)?;
        let reading = Reading { map: file.map, partial: file.partial };
        reading.options()?;
        let id = match &file.key {
            Some(key) if reading == Reading::default() => id_of(key),
            // The same bytes read with other options are another import.
            Some(key) => id_of(&format!("{key}|{}|{}", reading.map, reading.partial)),
            None => id_of(&crate::clock::new_event_id().to_string()),
        };
        if let Some(entry) = self.find(&id) {
            let view = entry.view();
            if view.phase.is_working() {
                self.start(Arc::clone(&entry));
            }
            if !entry.is_cancelled() && view.phase != ImportPhase::Failed && !self.is_gone(&view).await? {
                return Ok((view, false));
            }
            self.remove(&id).await?;
        }
        let session = Session::new(file.name, file.size_bytes, None, reading, now());
        let entry = self.create(&id, session)?;
        Ok((entry.view(), true))
    }

    /// Whether the run that a file became is no longer there.
    async fn is_gone(&self, view: &ImportStatus) -> Result<bool, Error> {
        match &view.run {
            Some(run) if view.phase == ImportPhase::Done => Ok(self.inner.store.head(run).await?.is_none()),
            _ => Ok(false),
        }
    }

    /// Takes a slice that begins at `offset`. With the last one the file is complete and its import begins.
    pub async fn receive(
        &self,
        id: &str,
        offset: u64,
        last: bool,
        slice: &[u8],
    ) -> Result<ImportStatus, Error> {
        let entry = self.find(id).ok_or_else(|| missing(id))?;
        let turn = entry.turn.lock().await;
        if entry.is_cancelled() {
            return Err(missing(id));
        }
        let (phase, size) = entry.with(|session| (session.phase, session.size_bytes));
        let received = entry.received_bytes();
        if phase != ImportPhase::Receiving || offset != received {
            return Err(Error::WrongOffset { name: entry.name(), offset, received_bytes: received });
        }
        let after = received + slice.len() as u64;
        if size.is_some_and(|size| after > size) {
            let message = format!("{after} bytes are more than the announced {}", size.unwrap_or_default());
            return Err(Error::Invalid(FieldError::new("offset", message)));
        }
        let write = async {
            let path = entry.folder.join("file");
            let mut file = tokio::fs::File::options().create(true).append(true).open(path).await?;
            file.write_all(slice).await?;
            file.flush().await?;
            std::io::Result::Ok(file)
        };
        let file = match write.await {
            Ok(file) => file,
            Err(error) => {
                // A slice that is there in part would be followed by a complete one.
                let cut = tokio::fs::File::options().write(true).open(entry.folder.join("file")).await;
                if let Ok(file) = cut {
                    let _ = file.set_len(received).await;
                }
                return Err(disk_error(&error));
            }
        };
        // A large file takes its time to get to the disk, for which a cancellation does not wait.
        drop(turn);
        if last || size == Some(after) {
            file.sync_all().await.map_err(|e| disk_error(&e))?;
            entry.change(|session| {
                session.size_bytes = Some(after);
                if session.phase == ImportPhase::Receiving {
                    session.phase = ImportPhase::Checking;
                }
            })?;
            if entry.is_cancelled() {
                return Err(missing(id));
            }
            self.start(Arc::clone(&entry));
        }
        Ok(entry.view())
    }

    /// Imports a file whose bytes are here, and waits for it. Afterwards nothing is left of it but its run.
    pub async fn import(&self, name: String, bytes: Bytes, reading: Reading) -> Result<ImportStatus, Error> {
        check_name(&name)?;
        reading.options()?;
        let id = id_of(&crate::clock::new_event_id().to_string());
        let session = Session::new(name, Some(bytes.len() as u64), None, reading, now());
        let entry = self.create(&id, session)?;
        entry.patience.get_or_init(|| REQUEST_PATIENCE);
        let written = tokio::fs::write(entry.folder.join("file"), &bytes).await;
        drop(bytes);
        if let Err(error) = written {
            let _ = self.remove(&id).await;
            return Err(disk_error(&error));
        }
        entry.change(|session| session.phase = ImportPhase::Checking)?;
        let this = self.clone();
        // A task of its own: the file is imported to its end even if the client disconnects.
        let done = tokio::spawn(async move {
            let outcome = this.start(Arc::clone(&entry)).await;
            let outcome =
                outcome.unwrap_or_else(|e| Err(Error::internal(format!("the import stopped: {e}"))));
            let view = entry.view();
            // What the server's end interrupts goes on in the next process.
            if !this.inner.stopping.is_cancelled() && !entry.is_cancelled() {
                this.remove(&id).await?;
            }
            outcome.map(|()| view)
        });
        done.await.unwrap_or_else(|e| Err(Error::internal(format!("the import stopped: {e}"))))
    }

    /// Imports a file of this machine, read where it is, without waiting for its end:
    /// [`Imports::view`] has its status.
    pub async fn begin(&self, name: String, path: PathBuf, reading: Reading) -> Result<ImportStatus, Error> {
        reading.options()?;
        let about = std::fs::metadata(&path).map_err(|e| disk_error(&e))?;
        let changed = about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let key = format!("{}|{}|{changed:?}|{reading:?}", path.display(), about.len());
        let id = id_of(&key);
        let entry = match self.find(&id) {
            Some(entry) => entry,
            None => {
                let session = Session::new(name, Some(about.len()), Some(path), reading, now());
                let entry = self.create(&id, session)?;
                entry.change(|session| session.phase = ImportPhase::Checking)?;
                entry
            }
        };
        let view = entry.view();
        self.start(entry);
        Ok(view)
    }

    /// Forgets files that nothing was sent for, and nothing happened to, in their lifetime: half uploads,
    /// what was refused, and what could not go on. Returns how many.
    pub async fn sweep(&self) -> u64 {
        let mut removed = 0;
        let found = std::fs::read_dir(&self.inner.folder).into_iter().flatten().flatten();
        let ids = found.filter_map(|entry| entry.file_name().into_string().ok());
        for id in ids.collect::<Vec<_>>() {
            let folder = self.inner.folder.join(&id);
            let is_old = |phase| age(&folder).is_some_and(|age| age >= lifetime(phase));
            let Some(entry) = self.find(&id) else {
                // A folder without a readable session: only its age is known.
                if is_old(ImportPhase::Receiving) {
                    remove_old(&folder);
                    removed += 1;
                }
                continue;
            };
            // Where one of these locks is held, somebody works on the file.
            let (Ok(turn), Ok(job)) = (entry.turn.try_lock(), entry.job.try_lock()) else { continue };
            if !is_old(entry.with(|session| session.phase)) {
                continue;
            }
            drop((turn, job));
            // A run that is there in part stays: it says itself that it failed, and a person decides.
            match self.discard(&id, &entry, false).await {
                Ok(()) => removed += 1,
                Err(error) => {
                    tracing::warn!(%error, folder = %folder.display(), "an old import stays");
                }
            }
        }
        removed
    }

    /// The status of a file.
    pub fn view(&self, id: &str) -> Result<ImportStatus, Error> {
        self.find(id).map(|entry| entry.view()).ok_or_else(|| missing(id))
    }

    /// Every file under way, the oldest first.
    pub fn list(&self) -> Vec<ImportStatus> {
        let found = std::fs::read_dir(&self.inner.folder).into_iter().flatten().flatten();
        let ids = found.filter_map(|entry| entry.file_name().into_string().ok());
        let mut all: Vec<_> = ids.filter_map(|id| self.find(&id)).map(|entry| entry.view()).collect();
        all.sort_by_key(|view| view.created_at);
        all
    }

    /// Forgets a file. An import that is running is cancelled, and its run is deleted.
    pub async fn remove(&self, id: &str) -> Result<(), Error> {
        let entry = self.find(id).ok_or_else(|| missing(id))?;
        self.discard(id, &entry, true).await
    }

    /// Stops what is under way of an entry and removes its folder; with `deletes_run`, its unfinished run
    /// too.
    async fn discard(&self, id: &str, entry: &Arc<Entry>, deletes_run: bool) -> Result<(), Error> {
        entry.cancel();
        // The job's thread may take long to notice the cancellation, so it is not awaited. All that it could
        // leave behind is its run, which is created under this lock or not at all; and it appends to no
        // deleted run.
        let _turn = entry.turn.lock().await;
        let _creating = entry.creating.lock().await;
        if !self.entries().get(id).is_some_and(|known| Arc::ptr_eq(known, entry)) {
            // Another cancellation has removed it already, and the folder may belong to a new upload.
            return Ok(());
        }
        let (phase, run) = entry.with(|session| (session.phase, session.run.clone()));
        if let (true, Some(run)) = (deletes_run && phase != ImportPhase::Done, run)
            && self.inner.store.head(&run).await?.is_some()
        {
            self.inner.store.delete_run(&run, now()).await?;
        }
        let removed = std::fs::remove_dir_all(&entry.folder);
        self.entries().remove(id);
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(disk_error(&error)),
            _ => Ok(()),
        }
    }

    fn start(&self, entry: Arc<Entry>) -> tokio::task::JoinHandle<Result<(), Error>> {
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            let done = job::run(&inner, &entry).await;
            if let Err(error) = &done {
                tracing::info!(file = entry.name(), %error, "an import ended");
            }
            done
        })
    }

    fn create(&self, id: &str, session: Session) -> Result<Arc<Entry>, Error> {
        std::fs::create_dir_all(self.inner.folder.join(id)).map_err(|e| disk_error(&e))?;
        let entry = self.entry(id, session);
        entry.change(|_| {})?;
        Ok(entry)
    }

    fn entry(&self, id: &str, session: Session) -> Arc<Entry> {
        let entry = Arc::new(Entry::new(id, self.inner.folder.join(id), session));
        Arc::clone(self.entries().entry(id.to_owned()).or_insert(entry))
    }

    /// In memory, or left by an earlier process.
    fn find(&self, id: &str) -> Option<Arc<Entry>> {
        let known = self.entries().get(id).cloned();
        // Ids come from paths: only what can be one is looked up on the disk.
        let plain = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
        known.or_else(|| {
            let session = plain.then(|| Session::load(&self.inner.folder.join(id))).flatten()?;
            Some(self.entry(id, session))
        })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Arc<Entry>>> {
        self.inner.entries.lock()
    }
}

/// How long ago anything in a folder was made or removed, or a slice was added to the upload.
fn age(folder: &Path) -> Option<Duration> {
    let changed = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
    changed(folder).max(changed(&folder.join("file")))?.elapsed().ok()
}

fn remove_old(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::warn!(%error, folder = %folder.display(), "an old import stays");
    }
}

/// How long a file is remembered that is not under way.
fn lifetime(phase: ImportPhase) -> Duration {
    if phase == ImportPhase::Failed { REFUSED_LIFETIME } else { LIFETIME }
}

/// A file's name is one line that people read.
fn check_name(name: &str) -> Result<(), Error> {
    let wrong = match name {
        name if name.trim().is_empty() => "must not be empty".to_owned(),
        name if name.len() > MAX_LABEL_BYTES => format!("is longer than {MAX_LABEL_BYTES} bytes"),
        name if name.contains(char::is_control) => "must not contain control characters".to_owned(),
        _ => return Ok(()),
    };
    Err(Error::Invalid(FieldError::new("name", wrong)))
}

fn id_of(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    hex::encode(hash.get(..16).unwrap_or_default())
}

fn missing(id: &str) -> Error {
    Error::NotFound(format!("no file {id:?} is under way"))
}

/// The disk refuses; the client may send the same again.
fn disk_error(error: &std::io::Error) -> Error {
    Error::disk("the file", error)
}

/// A file's name without its folders.
pub fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| "imported".to_owned(), |name| name.to_string_lossy().into_owned())
}
