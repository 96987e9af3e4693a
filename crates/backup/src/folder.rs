//! Archives in a folder.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

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

    async fn delete_unfinished(&self, name: &str, age: Duration) -> io::Result<u64> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            entries => entries?,
        };
        let mut deleted = 0;
        for entry in entries {
            let entry = entry?;
            let is_partial = entry.file_name().to_str().is_some_and(|file| is_partial_of(file, name));
            // A time of the future is that of a clock that went back.
            let is_old =
                || Ok::<_, io::Error>(entry.metadata()?.modified()?.elapsed().is_ok_and(|t| t > age));
            if is_partial && is_old()? {
                fs::remove_file(entry.path())?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }
}

/// Whether it is the name of an unfinished file of the installation: its name, a day, the rest of a moment.
fn is_partial_of(file: &str, name: &str) -> bool {
    let moment = file.strip_suffix(PARTIAL).and_then(|file| file.strip_prefix(name)?.strip_prefix('-'));
    let day = moment.and_then(|moment| moment.split_once('T')).map_or("", |(day, _)| day);
    day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[tokio::test]
    async fn what_a_killed_process_left_is_deleted_once_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let hours = |hours: u64| SystemTime::now() - Duration::from_secs(hours * 3600);
        for (file, hours_old) in [
            ("lab-20270101T030000Z.tar.zst.partial", 2),
            ("lab-20270101T030000Z.json.partial", 2),
            ("lab-20270101T050000Z.tar.zst.partial", 0),
            ("lab-20270101T030000Z.tar.zst", 2),
            ("lab-two-20270101T030000Z.tar.zst.partial", 2),
            ("lab-notes.partial", 2),
        ] {
            let made = File::create(folder.path().join(file)).unwrap();
            made.set_modified(hours(hours_old)).unwrap();
        }
        let target = FolderTarget::new(folder.path());
        assert_eq!(target.delete_unfinished("lab", Duration::from_secs(3600)).await.unwrap(), 2);
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(
            left,
            [
                "lab-20270101T030000Z.tar.zst",
                "lab-20270101T050000Z.tar.zst.partial",
                "lab-notes.partial",
                "lab-two-20270101T030000Z.tar.zst.partial",
            ]
        );
        let missing = FolderTarget::new(folder.path().join("missing"));
        assert_eq!(missing.delete_unfinished("lab", Duration::ZERO).await.unwrap(), 0);
    }
}
