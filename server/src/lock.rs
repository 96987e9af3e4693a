//! One process per data folder: the log's writer keeps its place in memory, so a second one would corrupt it.

use std::fs::{File, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

/// The file that is locked, and says where its owner answers.
const FILE: &str = "gauntlet.lock";

/// Held while the process owns the folder; the operating system lets go of it even after `kill -9`.
pub struct DataLock {
    file: File,
}

/// Why the folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process serves it, at this address if it says one.
    #[error("the data folder is in use by another gauntlet{}",
    .0.as_deref().map(|a| format!(" at {a}")).unwrap_or_default())]
    Taken(Option<String>),
    /// The folder cannot be made or written.
    #[error("the data folder {} cannot be used: {error}", .folder.display())]
    Io {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl DataLock {
    /// Takes the folder, making it where it is missing.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        match Self::open(folder) {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => Err(LockError::Taken(address(folder))),
            Err(error) => Err(LockError::Io { folder: folder.to_owned(), error }),
        }
    }

    /// `None` where somebody else has it.
    fn open(folder: &Path) -> io::Result<Option<Self>> {
        gauntlet_store::private_folder(folder)?;
        let file = gauntlet_store::private_file(&folder.join(FILE))?;
        match file.try_lock() {
            Ok(()) => {
                // Whoever had it before may have answered somewhere; this one does not, or not yet.
                file.set_len(0)?;
                Ok(Some(Self { file }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Says where the folder's server answers, for commands that come later.
    pub fn announce(&mut self, url: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "{url}")?;
        self.file.flush()
    }
}

/// The address of the process that has the folder, where it wrote one.
fn address(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
    Some(text.trim().to_owned()).filter(|address| !address.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_with_the_address_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = DataLock::take(dir.path()).unwrap();
        first.announce("http://127.0.0.1:4600").unwrap();
        let Err(LockError::Taken(Some(url))) = DataLock::take(dir.path()) else { panic!("taken twice") };
        assert_eq!(url, "http://127.0.0.1:4600");
        drop(first);
        let second = DataLock::take(dir.path()).unwrap();
        let Err(LockError::Taken(None)) = DataLock::take(dir.path()) else {
            panic!("an address that is gone")
        };
        drop(second);
        let file = dir.path().join("gauntlet.lock");
        let unusable = DataLock::take(&file).err().unwrap().to_string();
        assert!(unusable.contains(&file.display().to_string()), "{unusable}");
    }
}
