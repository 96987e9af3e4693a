//! Artifacts: files kept under the hash of their content, beside the database.
//!
//! A blob is written to a temporary name, hashed on the way, synced, and only then moved to where its hash says, so
//! what is there is whole. The log's `artifact.added` events say what a blob is; this only keeps the bytes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::StoreError;

/// The folder of blobs. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
    /// Tells apart the temporary files of this process.
    uploads: Arc<AtomicU64>,
}

impl Blobs {
    pub(crate) fn new(data: &Path) -> Self {
        Self { folder: data.join("artifacts"), uploads: Arc::default() }
    }

    /// Whether there is a blob of that SHA-256 (64 lowercase hexadecimal digits).
    pub async fn has(&self, sha256: &str) -> bool {
        match self.place(sha256) {
            Some(place) => fs::try_exists(place).await.unwrap_or(false),
            None => false,
        }
    }

    /// The blob of that SHA-256, if it is there, and its size in bytes.
    pub async fn open(&self, sha256: &str) -> Result<Option<(File, u64)>, StoreError> {
        let Some(place) = self.place(sha256) else { return Ok(None) };
        let file = match File::open(place).await {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(unavailable("open", &e)),
        };
        let size = file.metadata().await.map_err(|e| unavailable("read", &e))?.len();
        Ok(Some((file, size)))
    }

    /// Begins a blob. Dropped before [`Upload::finish`], it leaves nothing behind.
    pub async fn begin(&self) -> Result<Upload, StoreError> {
        let folder = self.folder.join("incoming");
        fs::create_dir_all(&folder).await.map_err(|e| unavailable("create the folder of", &e))?;
        let number = self.uploads.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{}-{number}", std::process::id()));
        let file = File::create(&path).await.map_err(|e| unavailable("create", &e))?;
        Ok(Upload { blobs: self.clone(), file, partial: Partial(path), hash: Sha256::new() })
    }

    /// Where a blob of that hash lies; `None` where it is no hash.
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
        self.file.write_all(bytes).await.map_err(|e| unavailable("write", &e))
    }

    /// Keeps the blob if its SHA-256 is the expected one, durably; says whether it was new.
    /// [`StoreError::Invalid`] names the hash that was found.
    pub async fn finish(mut self, expected: &str) -> Result<bool, StoreError> {
        let found = std::mem::take(&mut self.hash).finalize();
        let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        let place = self.blobs.place(expected).filter(|_| found == expected).ok_or_else(|| {
            let message = format!("{expected:?} is not the SHA-256 of the body, which is {found}");
            StoreError::Invalid { field: "sha256".to_owned(), message }
        })?;
        if fs::try_exists(&place).await.unwrap_or(false) {
            return Ok(false);
        }
        self.file.flush().await.map_err(|e| unavailable("write", &e))?;
        self.file.sync_all().await.map_err(|e| unavailable("sync", &e))?;
        let folder = place.parent().unwrap_or(&self.blobs.folder);
        fs::create_dir_all(folder).await.map_err(|e| unavailable("create the folder of", &e))?;
        fs::rename(&self.partial.0, &place).await.map_err(|e| unavailable("keep", &e))?;
        // The name is durable once its folder is.
        let folder = File::open(folder).await.map_err(|e| unavailable("sync", &e))?;
        folder.sync_all().await.map_err(|e| unavailable("sync", &e))?;
        Ok(true)
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

fn unavailable(verb: &str, e: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("cannot {verb} an artifact: {e}"))
}
