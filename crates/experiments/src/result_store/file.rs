//! The store in a folder: one file an experiment, and an index that can be made again from the files.
//!
//! `experiments/<two digits>/<hash of the id>.json` holds the SHA-256 of the text on its first line, then the
//! text. It is written beside its place, synced, and moved there only if nothing is there: half a file is
//! never seen under its name, and two processes cannot both archive an id. `index.ndjson` has one entry a
//! line; whatever it lacks after a crash is added when the store is opened.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use gauntlet_model::RunId;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::entry::ArchivedEntry;
use super::index::Index;
use super::query::{ArchivePage, ExperimentQuery};
use super::{Archived, ResultStore, ResultStoreError, content};
use crate::experiment::Experiment;

const INDEX: &str = "index.ndjson";
const EXPERIMENTS: &str = "experiments";

/// A file of the store that does not hold what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Experiments in a folder.
#[derive(Debug)]
pub struct FileStore {
    folder: PathBuf,
    /// What of the index file was read, and how far.
    index: Mutex<(Index, u64)>,
}

impl FileStore {
    /// Opens the store in a folder, which is made where it does not exist, and brings its index up to date.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be read or written. Damaged files are no error: see [`FileStore::verify`].
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, ResultStoreError> {
        let folder = folder.into();
        let experiments = folder.join(EXPERIMENTS);
        fs::create_dir_all(&experiments).map_err(failed("cannot make", &experiments))?;
        let store = Self { folder, index: Mutex::new((Index::default(), 0)) };
        store.refresh()?;
        store.add_missing()?;
        Ok(store)
    }

    /// Reads every file, and names those that do not hold what was written, and those that are missing.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be read.
    pub fn verify(&self) -> Result<Vec<DamagedFile>, ResultStoreError> {
        self.refresh()?;
        let mut damaged = Vec::new();
        let paths = self.paths()?;
        let listed: Vec<PathBuf> = self.index.lock().0.ids().map(|id| self.path_of(id)).collect();
        let missing = listed.into_iter().filter(|path| !paths.contains(path));
        damaged.extend(missing.map(|path| {
            let reason = "is missing, and the index lists it".to_owned();
            DamagedFile { path, reason }
        }));
        for path in paths {
            match read(&path) {
                Ok(experiment) if self.path_of(&experiment.id) != path => {
                    let reason = format!("holds experiment {}, which belongs to another file", experiment.id);
                    damaged.push(DamagedFile { path, reason });
                }
                Ok(_) => {}
                Err(ResultStoreError::Damaged { path, reason }) => damaged.push(DamagedFile { path, reason }),
                Err(error) => return Err(error),
            }
        }
        Ok(damaged)
    }

    /// The files of the experiments.
    fn paths(&self) -> Result<BTreeSet<PathBuf>, ResultStoreError> {
        let mut paths = BTreeSet::new();
        for part in entries(&self.folder.join(EXPERIMENTS))?.into_iter().filter(|part| part.is_dir()) {
            let is_experiment =
                |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
            paths.extend(entries(&part)?.into_iter().filter(is_experiment));
        }
        Ok(paths)
    }

    fn path_of(&self, id: &RunId) -> PathBuf {
        let name = hex::encode(Sha256::digest(id.as_str()));
        self.folder.join(EXPERIMENTS).join(&name[..2]).join(format!("{name}.json"))
    }

    /// Reads what was added to the index since it was last read, also by other processes.
    fn refresh(&self) -> Result<(), ResultStoreError> {
        let path = self.folder.join(INDEX);
        let mut state = self.index.lock();
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("cannot open", &path)(error)),
        };
        let mut added = Vec::new();
        file.seek(SeekFrom::Start(state.1))
            .and_then(|_| file.read_to_end(&mut added))
            .map_err(failed("cannot read", &path))?;
        // The last line may be half written: it is read again once its end is there.
        let Some(end) = added.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        state.1 += end as u64 + 1;
        for line in added[..end].split(|byte| *byte == b'\n') {
            // A line that cannot be read is made again from its file when the store is opened.
            if let Ok(entry) = serde_json::from_slice(line) {
                state.0.add(entry);
            }
        }
        Ok(())
    }

    /// Adds the experiments whose files are there and whose entries are not. A damaged file is left out.
    fn add_missing(&self) -> Result<(), ResultStoreError> {
        let known: BTreeSet<PathBuf> = self.index.lock().0.ids().map(|id| self.path_of(id)).collect();
        for path in self.paths()?.difference(&known) {
            match read(path) {
                Ok(experiment) if self.path_of(&experiment.id) == *path => {
                    self.append(&ArchivedEntry::of(&experiment))?;
                }
                Ok(_) | Err(ResultStoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Adds a line to the index. After half a line it begins a new one.
    fn append(&self, entry: &ArchivedEntry) -> Result<(), ResultStoreError> {
        let path = self.folder.join(INDEX);
        let fail = failed("cannot write", &path);
        let written = || {
            let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
            let mut line = serde_json::to_vec(entry)?;
            line.push(b'\n');
            if !ends_with_line(&mut file)? {
                line.insert(0, b'\n');
            }
            file.write_all(&line)?;
            file.sync_data()
        };
        written().map_err(fail)?;
        self.refresh()
    }

    fn archive(&self, experiment: &Experiment) -> Result<Archived, ResultStoreError> {
        let text = content(experiment)?;
        let path = self.path_of(&experiment.id);
        let sealed = format!("{}\n{text}", hex::encode(Sha256::digest(&text)));
        if write_once(&path, sealed.as_bytes()).map_err(failed("cannot write", &path))? {
            self.append(&ArchivedEntry::of(experiment))?;
            return Ok(Archived::Created);
        }
        let known = fs::read(&path).map_err(failed("cannot read", &path))?;
        if known == sealed.as_bytes() {
            return Ok(Archived::Unchanged);
        }
        // A damaged file is said to be damaged, not to be another experiment.
        read(&path)?;
        Err(ResultStoreError::Conflict(experiment.id.clone()))
    }
}

#[async_trait]
impl ResultStore for FileStore {
    async fn archive_experiment(&self, experiment: &Experiment) -> Result<Archived, ResultStoreError> {
        self.archive(experiment)
    }

    async fn get_experiment(&self, id: &RunId) -> Result<Experiment, ResultStoreError> {
        let path = self.path_of(id);
        match read(&path) {
            Err(ResultStoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(ResultStoreError::NotFound(id.clone()))
            }
            other => other,
        }
    }

    async fn query_experiments(&self, query: &ExperimentQuery) -> Result<ArchivePage, ResultStoreError> {
        self.refresh()?;
        Ok(self.index.lock().0.page(query))
    }
}

/// An error of a file, with what was attempted.
fn failed(context: &str, path: &Path) -> impl FnOnce(io::Error) -> ResultStoreError + use<> {
    let context = format!("{context} {}", path.display());
    move |source| ResultStoreError::Io { context, source }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ResultStoreError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    read().map_err(failed("cannot list", folder))
}

/// The experiment of a file whose checksum is right.
fn read(path: &Path) -> Result<Experiment, ResultStoreError> {
    let damaged =
        |reason: &str| ResultStoreError::Damaged { path: path.to_owned(), reason: reason.to_owned() };
    let bytes = fs::read(path).map_err(failed("cannot read", path))?;
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged("has no checksum"))?;
    let (checksum, text) = (&bytes[..end], &bytes[end + 1..]);
    if checksum != hex::encode(Sha256::digest(text)).as_bytes() {
        return Err(damaged("does not have the checksum it was written with"));
    }
    serde_json::from_slice(text).map_err(|error| damaged(&error.to_string()))
}

fn ends_with_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Writes a file unless there is one; whether it was written.
fn write_once(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(folder)?.sync_all().map(|()| true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}
