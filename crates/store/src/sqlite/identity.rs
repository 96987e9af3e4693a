//! Whether the files that are open are those in the data directory: what is written to a file that was
//! removed or replaced would be acknowledged and lost. At the start it reports what was lost before, as far
//! as that can be known.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// The word in the lock file while a store is open, or was not closed.
const OPEN: &[u8] = b"open";

/// The files of the log as they were when it was opened.
pub(super) struct Identity {
    files: Vec<(PathBuf, FileId)>,
}

/// What tells a file from another of the same name.
type FileId = (u64, u64);

#[cfg(unix)]
fn file_id(metadata: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere only the absence of a file is noticed.
#[cfg(not(unix))]
fn file_id(_: &Metadata) -> FileId {
    (0, 0)
}

impl Identity {
    /// Remembers the database and its write-ahead log, which exist once something was written.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let names = ["gauntlet.db", "gauntlet.db-wal"].map(|name| folder.join(name));
        let found = names.map(|path| std::fs::metadata(&path).map(|metadata| (path, file_id(&metadata))));
        Ok(Self { files: found.into_iter().collect::<io::Result<_>>()? })
    }

    /// Fails where one of the files is no longer in its place. Costs two look-ups of a name.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        for (path, id) in &self.files {
            let is_there = std::fs::metadata(path).is_ok_and(|metadata| file_id(&metadata) == *id);
            if !is_there {
                let path = path.display();
                let what = format!("{path} was removed or replaced while it was open; restart the server");
                tracing::error!("{what}");
                return Err(StoreError::unavailable(what));
            }
        }
        Ok(())
    }
}

/// Logs what can be known of losses before the start: acknowledged events are in the write-ahead log until
/// they are moved, so a store that was not closed has one.
pub(super) fn report_losses(folder: &Path, lock: &mut File) -> io::Result<()> {
    let mut word = Vec::new();
    lock.seek(SeekFrom::Start(0))?;
    lock.read_to_end(&mut word)?;
    let has = |name: &str| folder.join(name).exists();
    if word == OPEN && has("gauntlet.db") && !has("gauntlet.db-wal") {
        tracing::error!(
            "gauntlet.db-wal is gone although the log was not closed: what was acknowledged last may be lost"
        );
    }
    if !has("gauntlet.db") && (word == OPEN || has("search.db") || has("artifacts")) {
        tracing::error!("gauntlet.db is gone from {}: its runs are lost; a new log begins", folder.display());
    }
    mark(lock, OPEN)
}

/// Notes that the store was closed and its write-ahead log is empty.
pub(super) fn note_closed(lock: &mut File) -> io::Result<()> {
    mark(lock, b"")
}

fn mark(lock: &mut File, word: &[u8]) -> io::Result<()> {
    lock.set_len(0)?;
    lock.seek(SeekFrom::Start(0))?;
    lock.write_all(word)?;
    lock.sync_all()
}
