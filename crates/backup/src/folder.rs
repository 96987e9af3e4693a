//! Archives in a folder.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::target::{Sink, Target};

/// How the name of a file ends that is being written.
const PARTIAL: &str = ".partial";

/// A folder, which is made where it is missing.
#[derive(Debug, Clone)]
pub struct FolderTarget {
    folder: PathBuf,
}

impl FolderTarget {
    /// Archives in that folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

/// A file under another name until it is finished.
struct FolderSink {
    file: File,
    partial: PathBuf,
    path: PathBuf,
}

impl Write for FolderSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Sink for FolderSink {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.partial, &self.path)?;
        // The name is durable once its folder is.
        File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for FolderSink {
    /// After a finish there is no such file any more.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.partial);
    }
}

#[async_trait]
impl Target for FolderTarget {
    fn label(&self) -> String {
        self.folder.display().to_string()
    }

    async fn create(&self, file: &str) -> io::Result<Box<dyn Sink>> {
        gauntlet_store::private_folder(&self.folder)?;
        let path = self.folder.join(file);
        let partial = self.folder.join(format!("{file}{PARTIAL}"));
        let opened = gauntlet_store::private_file(&partial)?;
        // What a killed process left there.
        opened.set_len(0)?;
        Ok(Box::new(FolderSink { file: opened, partial, path }))
    }

    async fn open(&self, file: &str) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(BufReader::with_capacity(1 << 20, File::open(self.folder.join(file))?)))
    }

    async fn list(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        Ok(names.filter(|name| !name.ends_with(PARTIAL)).collect())
    }

    async fn delete(&self, file: &str) -> io::Result<()> {
        match fs::remove_file(self.folder.join(file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}
