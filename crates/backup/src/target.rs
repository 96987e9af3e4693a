//! Where archives go: the port that a folder and an object store have in common.

use std::io::{Read, Write};
use std::time::Duration;

use async_trait::async_trait;

use crate::manifest::{SUFFIX, manifest_file};
use crate::{ArchiveInfo, BackupError, Base};

/// A file on its way in. Dropped before it is finished, it leaves nothing that looks like an archive.
pub trait Sink: Write + Send {
    /// Makes the file durable under its name, after a check that what arrived is what was sent.
    ///
    /// # Errors
    ///
    /// Where it is not.
    fn finish(self: Box<Self>) -> std::io::Result<()>;
}

/// A place for archives. Names of files have no folders.
#[async_trait]
pub trait Target: Send + Sync {
    /// The place, as people read it.
    fn label(&self) -> String;

    /// Begins a file. The sink is used by a thread that may wait.
    ///
    /// # Errors
    ///
    /// Where the place cannot be written.
    async fn create(&self, file: &str) -> std::io::Result<Box<dyn Sink>>;

    /// Opens a file. What is read from it is used by a thread that may wait.
    ///
    /// # Errors
    ///
    /// Where there is no such file.
    async fn open(&self, file: &str) -> std::io::Result<Box<dyn Read + Send>>;

    /// The names of all files that are complete, in any order.
    ///
    /// # Errors
    ///
    /// Where the place cannot be read.
    async fn list(&self) -> std::io::Result<Vec<String>>;

    /// Deletes a file; one that is not there is none of its errors.
    ///
    /// # Errors
    ///
    /// Where the place cannot be written.
    async fn delete(&self, file: &str) -> std::io::Result<()>;

    /// Deletes what backups of that name began and did not go on with for `age`: their process was killed.
    /// How many files there were.
    ///
    /// # Errors
    ///
    /// Where the place cannot be read or written.
    async fn delete_unfinished(&self, name: &str, age: Duration) -> std::io::Result<u64>;
}

/// Reads a small file.
async fn read_small(target: &dyn Target, file: &str) -> Result<Vec<u8>, BackupError> {
    /// A manifest of a million runs is well below it.
    const LIMIT: u64 = 1 << 30;
    let place = || format!("{}/{file}", target.label());
    let opened = target.open(file).await.map_err(|error| BackupError::io(place(), error))?;
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        opened.take(LIMIT).read_to_end(&mut bytes).map(|_| bytes)
    });
    let read = read.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    read.map_err(|error| BackupError::io(place(), error))
}

/// Writes a small file.
pub(crate) async fn write_small(target: &dyn Target, file: &str, bytes: Vec<u8>) -> Result<(), BackupError> {
    let place = format!("{}/{file}", target.label());
    let mut sink = target.create(file).await.map_err(|error| BackupError::io(place.clone(), error))?;
    let written = tokio::task::spawn_blocking(move || {
        sink.write_all(&bytes)?;
        sink.finish()
    });
    let written = written.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    written.map_err(|error| BackupError::io(place, error))
}

/// What lies beside an archive; `None` where nothing does: it is unfinished, or was copied alone.
pub(crate) async fn info(target: &dyn Target, archive: &str) -> Result<Option<ArchiveInfo>, BackupError> {
    let beside = manifest_file(archive);
    if !target.list().await.map_err(|e| BackupError::io(target.label(), e))?.contains(&beside) {
        return Ok(None);
    }
    let bytes = read_small(target, &beside).await?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| BackupError::damaged(&beside, error))
}

/// The finished archives of an installation, or of all, the newest first. A manifest that cannot be read is
/// left out.
///
/// # Errors
///
/// Where the place cannot be read.
pub async fn archives(target: &dyn Target, name: Option<&str>) -> Result<Vec<ArchiveInfo>, BackupError> {
    let files = target.list().await.map_err(|error| BackupError::io(target.label(), error))?;
    let mut found = Vec::new();
    for archive in files.iter().filter(|file| file.ends_with(SUFFIX)) {
        let beside = manifest_file(archive);
        if !files.contains(&beside) {
            continue;
        }
        let bytes = read_small(target, &beside).await?;
        match serde_json::from_slice::<ArchiveInfo>(&bytes) {
            Ok(info) if name.is_none_or(|name| info.manifest.name == name) => found.push(info),
            Ok(_) => {}
            Err(error) => tracing::warn!(file = beside, %error, "the manifest of a backup cannot be read"),
        }
    }
    found.sort_by(|a, b| (&b.manifest.created_at, &b.file).cmp(&(&a.manifest.created_at, &a.file)));
    Ok(found)
}

/// The archive `newest` and those that it goes on from, the full one first.
///
/// # Errors
///
/// Where one of them is missing, or is another one than it was.
pub async fn chain_of(target: &dyn Target, newest: ArchiveInfo) -> Result<Vec<ArchiveInfo>, BackupError> {
    let mut chain = vec![newest];
    while let Some(Base { file, sha256 }) = chain.last().and_then(|last| last.manifest.base.clone()) {
        let missing = || BackupError::damaged(&file, "it is missing, and later ones need it");
        let base = info(target, &file).await?.ok_or_else(missing)?;
        if base.sha256 != sha256 {
            return Err(BackupError::damaged(&file, "it is another one than the one that others go on from"));
        }
        if chain.iter().any(|later| later.file == base.file) {
            return Err(BackupError::damaged(&file, "it goes on from itself"));
        }
        chain.push(base);
    }
    chain.reverse();
    Ok(chain)
}
