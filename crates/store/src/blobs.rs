//! Artifacts: files kept under the hash of their content, beside the database.
//!
//! A blob is written to a temporary name, hashed on the way, synced, and only then moved to the path of its
//! hash. A file there is complete, unless the disk changed it: so it is hashed again when it is read. Beside
//! the blobs are the references of runs to them (`blob_refs`): a run reads its own artifacts only, and with
//! the last run that refers to a blob the blob is removed. The log's `artifact.added` events describe a blob;
//! this only keeps the bytes.

use std::io::{self, Seek};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use gauntlet_model::RunId;
use parking_lot::{Mutex, MutexGuard};
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::blob_hash::{CancelOnDrop, hash_of};
use crate::blob_refs::Refs;
use crate::{Options, StoreError, private};

/// Blobs up to this size are hashed before the first byte is given, larger ones while they are given; bytes.
const VERIFIED_FIRST: u64 = 64 << 20;
/// An upload that has not grown for this long is abandoned and removed. The server closes a silent body much
/// earlier.
const STALLED_AGE: Duration = Duration::from_secs(60 * 60);
/// The file of a shared folder that whoever changes references holds.
const LOCK_FILE: &str = ".lock";
/// The file that holds the id of the folder.
const ID_FILE: &str = ".id";
/// The folder of blobs. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
    refs: Arc<Mutex<Refs>>,
    /// Where other servers use the folder as well: the file that whoever changes references holds.
    lock: Option<Arc<std::fs::File>>,
    /// Tells apart the temporary files of this process.
    uploads: Arc<AtomicU64>,
}

/// The references, held by one thread of one server.
struct HeldRefs<'a> {
    refs: MutexGuard<'a, Refs>,
    lock: Option<&'a std::fs::File>,
}

impl Deref for HeldRefs<'_> {
    type Target = Refs;

    fn deref(&self) -> &Refs {
        &self.refs
    }
}

impl Drop for HeldRefs<'_> {
    fn drop(&mut self) {
        // The operating system frees it in any case, with the process.
        let _ = self.lock.map(std::fs::File::unlock);
    }
}

/// A blob that was found.
#[derive(Debug)]
pub struct Blob {
    /// Its bytes, from the first.
    pub file: File,
    /// Its size in bytes.
    pub size: u64,
    /// Whether its bytes are known to be those of its hash. Where they are not, the reader hashes it
    /// and keeps the last bytes back until they are.
    pub is_verified: bool,
}

impl Blobs {
    /// The blobs of a store that is opened so.
    pub(crate) fn of(options: &Options) -> Result<Self, StoreError> {
        match &options.artifacts {
            Some(folder) => Self::shared(folder),
            None => Ok(Self::open(&options.path)),
        }
    }

    /// The blobs of a data folder. Uploads that an earlier process did not finish are removed; the caller is
    /// the only process that has the folder.
    pub(crate) fn open(data: &Path) -> Self {
        let folder = data.join("artifacts");
        remove_partial(&folder, Duration::ZERO);
        let refs = Arc::new(Mutex::new(Refs::new(&folder)));
        Self { folder, refs, lock: None, uploads: Arc::default() }
    }

    /// The blobs of a folder that several servers share; created where it is missing.
    pub(crate) fn shared(folder: &Path) -> Result<Self, StoreError> {
        let unusable = |error| {
            let folder = folder.display();
            StoreError::unavailable_for(format!("the folder of artifacts {folder} cannot be used"), error)
        };
        private::folder(folder).map_err(unusable)?;
        let lock = private::touch(&folder.join(LOCK_FILE)).map_err(unusable)?;
        // Tells now where the folder's file system knows no locks.
        lock.lock().and_then(|()| lock.unlock()).map_err(unusable)?;
        let refs = Arc::new(Mutex::new(Refs::new(folder)));
        Ok(Self { folder: folder.to_owned(), refs, lock: Some(Arc::new(lock)), uploads: Arc::default() })
    }

    /// The id of the folder, made where it has none: tells whether two servers share it.
    pub(crate) fn id(&self) -> Result<String, StoreError> {
        let read = || {
            private::folder(&self.folder)?;
            let _held = self.refs();
            let file = self.folder.join(ID_FILE);
            match std::fs::read_to_string(&file) {
                Ok(id) if !id.is_empty() => Ok(id),
                Ok(_) => self.make_id(&file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.make_id(&file),
                Err(error) => Err(error),
            }
        };
        read().map_err(|e| unavailable("name the folder of", e))
    }

    fn make_id(&self, file: &Path) -> io::Result<String> {
        // The path, the process and the time: no other folder has all of them.
        let place = std::fs::canonicalize(&self.folder)?;
        let seed = format!("{} {} {}", place.display(), std::process::id(), nanoseconds());
        let id = hex::encode(Sha256::digest(seed).get(..16).unwrap_or_default());
        private::write(file, id.as_bytes())?;
        Ok(id)
    }

    /// Whether the run has a blob of that SHA-256 (64 lowercase hexadecimal digits).
    pub async fn has(&self, run: &RunId, sha256: &str) -> bool {
        let (Some(place), true) = (self.place(sha256), self.refs().has(run, sha256)) else { return false };
        fs::try_exists(place).await.unwrap_or(false)
    }

    /// The run's blob of that SHA-256, if it is there. [`StoreError::Corrupt`] where its bytes are not those
    /// of the hash any more.
    pub async fn find(&self, run: &RunId, sha256: &str) -> Result<Option<Blob>, StoreError> {
        let Some(place) = self.place(sha256).filter(|_| self.refs().has(run, sha256)) else {
            return Ok(None);
        };
        let sha256 = sha256.to_owned();
        let cancel_on_drop = CancelOnDrop::default();
        let goes_on = cancel_on_drop.watch();
        let found = blocking(move || {
            let mut file = match std::fs::File::open(place) {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(e) => return Err(e),
            };
            let size = file.metadata()?.len();
            let is_verified = size <= VERIFIED_FIRST;
            let is_damaged = is_verified && hash_of(&mut file, &goes_on)? != sha256;
            file.rewind()?;
            Ok(Some((file, size, is_verified, is_damaged)))
        });
        let found = found.await.map_err(|e| unavailable("read", e))?;
        drop(cancel_on_drop);
        match found {
            Some((.., true)) => {
                Err(StoreError::corrupt("an artifact's bytes are not those of its hash".to_owned()))
            }
            Some((file, size, is_verified, _)) => {
                Ok(Some(Blob { file: File::from_std(file), size, is_verified }))
            }
            None => Ok(None),
        }
    }

    /// Begins a blob. Dropped before [`Upload::finish`], it leaves nothing behind.
    pub async fn begin(&self) -> Result<Upload, StoreError> {
        let folder = self.folder.join("incoming");
        private::folder(&folder).map_err(|e| unavailable("create the folder of", e))?;
        let number = self.uploads.fetch_add(1, Ordering::Relaxed);
        // Processes of several machines may have one number.
        let path = folder.join(format!("{}-{number}-{}", std::process::id(), nanoseconds()));
        let file = private::create(&path).map_err(|e| unavailable("create", e))?;
        let file = File::from_std(file);
        Ok(Upload { blobs: self.clone(), file, partial: Partial(path), hash: Sha256::new() })
    }

    /// Notes that a run refers to these blobs, where they are there: it reads them from now on, and they stay
    /// as long as it does.
    pub(crate) fn refer<'a>(
        &self,
        run: &RunId,
        hashes: impl Iterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        for sha256 in hashes {
            let refs = self.refs();
            if self.place(sha256).is_some_and(|place| place.exists()) {
                refs.add(run, sha256).map_err(|e| unavailable("note", e))?;
            }
        }
        Ok(())
    }

    /// Removes what a deleted run referred to, except what other runs refer to. Returns how many blobs were
    /// removed.
    pub(crate) async fn forget(&self, run: &RunId) -> u64 {
        let (blobs, run) = (self.clone(), run.clone());
        let removed = blocking(move || {
            let refs = blobs.refs();
            Ok(refs.remove_run(&run).iter().filter(|sha256| blobs.remove(sha256)).count() as u64)
        });
        removed.await.unwrap_or(0)
    }

    /// Removes uploads that have stood still for a while: one under way is written to again and again.
    pub(crate) async fn remove_stalled_uploads(&self) {
        let folder = self.folder.clone();
        let _ = blocking(move || {
            remove_partial(&folder, STALLED_AGE);
            Ok(())
        })
        .await;
    }

    /// Every blob that is here: its hash, the runs that refer to it, and how long it has been here.
    pub(crate) async fn all(&self) -> Vec<(String, Vec<RunId>, Option<Duration>)> {
        let blobs = self.clone();
        let all = blocking(move || {
            let mut all = Vec::new();
            for shelf in std::fs::read_dir(&blobs.folder).into_iter().flatten().flatten() {
                for file in std::fs::read_dir(shelf.path()).into_iter().flatten().flatten() {
                    let Ok(name) = file.file_name().into_string() else { continue };
                    if blobs.place(&name).is_some_and(|place| place == file.path()) {
                        let age = file.metadata().and_then(|about| about.modified()).ok();
                        let runs = blobs.refs().runs(&name);
                        all.push((name, runs, age.and_then(|at| at.elapsed().ok())));
                    }
                }
            }
            Ok(all)
        });
        all.await.unwrap_or_default()
    }

    /// Removes a reference of a run that is gone, and the blob where it was the last one. Says whether the
    /// blob went.
    pub(crate) fn unrefer(&self, run: &RunId, sha256: &str) -> bool {
        let refs = self.refs();
        refs.remove(run, sha256);
        refs.runs(sha256).is_empty() && self.remove(sha256)
    }

    /// Removes a blob that no run refers to. Says whether it went.
    pub(crate) fn remove_unreferred(&self, sha256: &str) -> bool {
        let refs = self.refs();
        refs.runs(sha256).is_empty() && self.remove(sha256)
    }

    /// Whether references were ever noted here; the first time they are taken from the log.
    pub(crate) fn knows_refs(&self) -> bool {
        self.refs().are_complete()
    }

    /// Notes that all references are here.
    pub(crate) fn has_all_refs(&self) {
        if let Err(error) = self.refs().complete() {
            tracing::warn!(%error, "references to artifacts are read again at the next start");
        }
    }

    fn remove(&self, sha256: &str) -> bool {
        self.place(sha256).is_some_and(|place| std::fs::remove_file(place).is_ok())
    }

    fn refs(&self) -> HeldRefs<'_> {
        let refs = self.refs.lock();
        let lock = self.lock.as_deref();
        if let Some(Err(error)) = lock.map(std::fs::File::lock) {
            tracing::warn!(%error, "artifacts are changed without a lock");
        }
        HeldRefs { refs, lock }
    }

    /// The path of a blob of that hash; `None` where it is not a hash.
    fn place(&self, sha256: &str) -> Option<PathBuf> {
        let is_hash =
            sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let start = is_hash.then(|| sha256.get(..2)).flatten()?;
        Some(self.folder.join(start).join(sha256))
    }
}

/// A blob on its way in.
#[derive(Debug)]
pub struct Upload {
    blobs: Blobs,
    file: File,
    partial: Partial,
    hash: Sha256,
}

impl Upload {
    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hash.update(bytes);
        self.file.write_all(bytes).await.map_err(|e| unavailable("write", e))
    }

    /// Stores the blob for that run if its SHA-256 is the expected one, durably; returns whether it was new,
    /// or took the place of a damaged one. [`StoreError::Invalid`] names the hash that was found.
    pub async fn finish(mut self, run: &RunId, expected: &str) -> Result<bool, StoreError> {
        let found = hex::encode(std::mem::take(&mut self.hash).finalize());
        let place = self.blobs.place(expected).filter(|_| found == expected).ok_or_else(|| {
            let message = format!("{expected:?} is not the SHA-256 of the body, which is {found}");
            StoreError::Invalid { field: "sha256".to_owned(), message }
        })?;
        self.file.flush().await.map_err(|e| unavailable("write", e))?;
        let (from, sha256) = (place.clone(), expected.to_owned());
        let cancel_on_drop = CancelOnDrop::default();
        let goes_on = cancel_on_drop.watch();
        let stored = blocking(move || match std::fs::File::open(&from) {
            Ok(mut file) => Ok(Some(hash_of(&mut file, &goes_on)? == sha256)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        });
        // One that cannot be read is as good as damaged.
        let stored = stored.await.unwrap_or(Some(false));
        drop(cancel_on_drop);
        if stored == Some(false) {
            tracing::warn!(sha256 = expected, "a damaged artifact is repaired");
        }
        if stored != Some(true) {
            self.file.sync_all().await.map_err(|e| unavailable("sync", e))?;
        }
        // The reference and the blob in one step: between the two the last other run might take the blob
        // along.
        let (blobs, run, sha256, partial) =
            (self.blobs.clone(), run.clone(), expected.to_owned(), self.partial);
        let stored = blocking(move || {
            let refs = blobs.refs();
            refs.add(&run, &sha256)?;
            if stored == Some(true) && place.exists() {
                return Ok(false);
            }
            let folder = place.parent().unwrap_or(&blobs.folder);
            private::folder(folder)?;
            std::fs::rename(&partial.0, &place)?;
            // The name is durable once its folder is.
            std::fs::File::open(folder)?.sync_all()?;
            Ok(true)
        });
        stored.await.map_err(|e| unavailable("keep", e))
    }
}

/// A temporary file, gone when this is dropped (after a rename there is none).
#[derive(Debug)]
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes abandoned uploads: those that nothing was written to for so long.
fn remove_partial(folder: &Path, stalled: Duration) {
    let (mut files, mut bytes) = (0_u64, 0);
    for entry in std::fs::read_dir(folder.join("incoming")).into_iter().flatten().flatten() {
        let Ok(about) = entry.metadata() else { continue };
        let age = about.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
        if age < stalled {
            continue;
        }
        let size = about.len();
        match std::fs::remove_file(entry.path()) {
            Ok(()) => (files, bytes) = (files + 1, bytes + size),
            Err(error) => {
                tracing::warn!(%error, file = %entry.path().display(), "an unfinished upload stays")
            }
        }
    }
    if files > 0 {
        tracing::info!(files, bytes, "unfinished uploads of artifacts were removed");
    }
}

/// Runs blocking I/O on a thread of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// The time, to tell apart what processes make.
fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

fn unavailable(verb: &str, error: io::Error) -> StoreError {
    StoreError::unavailable_for(format!("cannot {verb} an artifact"), error)
}
