//! One process per data folder: the log's writer keeps its place in memory, so a second one would corrupt it.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Held while the process owns the folder; the operating system lets go of it even after `kill -9`.
pub struct DataLock {
    file: File,
}

/// Why the folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process serves it, at this address if it says one.
    #[error("the data folder is in use by another gauntlet{}", .0.as_deref().map(|a| format!(" at {a}")).unwrap_or_default())]
    Taken(Option<String>),
    /// The folder cannot be made or written.
    #[error("the data folder cannot be used: {0}")]
    Io(#[from] std::io::Error),
}

impl DataLock {
    /// Takes the folder, making it where it is missing.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("gauntlet.lock");
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => {
                let mut address = String::new();
                file.read_to_string(&mut address)?;
                Err(LockError::Taken(Some(address.trim().to_owned()).filter(|a| !a.is_empty())))
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_told_where_the_first_is() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = DataLock::take(dir.path()).unwrap();
        first.announce("http://127.0.0.1:4600").unwrap();
        let Err(LockError::Taken(Some(url))) = DataLock::take(dir.path()) else { panic!("taken twice") };
        assert_eq!(url, "http://127.0.0.1:4600");
        drop(first);
        assert!(DataLock::take(dir.path()).is_ok());
    }
}
