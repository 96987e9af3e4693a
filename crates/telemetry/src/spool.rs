//! A run's events on disk: what cannot be delivered now, or is not to be (offline).
//!
//! One file a run, JSON lines: `run.started` first, with the run's id in its metadata, then the events in
//! order. It is what `gauntlet import` reads. A file is locked by one process at a time; the operating system
//! releases the lock however the process ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gauntlet_model::{Body, Event, FieldError, RunId, RunSpec, RunStarted, RunSummary, decode_one};
use serde_json::Value;

use crate::clock::{Clock, SystemClock};
use crate::json_lines::json_lines;
use crate::percent::path_segment;
use crate::sink::{DeliveryError, Sink};

/// Where the header keeps the run's id.
const RUN_ID: &str = "gauntlet.run.id";
/// The most processes that spool for one run at a time.
const MAX_FILES: u32 = 64;

/// Why a spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The folder or the file.
    #[error("the spool {path} cannot be used: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// Its first line describes no run.
    #[error("the spool {path} does not begin with its run: {error}")]
    Header {
        /// Which.
        path: PathBuf,
        /// Which field.
        error: FieldError,
    },
    /// The run has no id, or breaks a rule.
    #[error(transparent)]
    Spec(#[from] FieldError),
    /// Too many processes spool for this run.
    #[error("{MAX_FILES} processes spool for run {0:?} already")]
    Taken(RunId),
}

/// A run's file in a spool folder. Removed once nothing is left in it.
pub struct Spool {
    path: PathBuf,
    file: File,
    spec: RunSpec,
    /// Where the first event begins, bytes.
    header: u64,
    /// Where the first event that is left begins.
    read: u64,
    /// End of the last complete line, bytes.
    length: u64,
    /// Events left.
    left: u64,
    /// Most bytes of the file.
    limit: u64,
}

impl Spool {
    /// The spool of the run `spec` names, after what an earlier process left there. At most `limit` bytes.
    pub fn open(folder: &Path, spec: RunSpec, limit: u64) -> Result<Self, SpoolError> {
        let run = spec.id.clone();
        let run = run.ok_or_else(|| FieldError::new("id", "is missing; the spool needs the run's id"))?;
        let first = header_of(&run, spec.clone())?;
        create_private_folder(folder).map_err(io(folder))?;
        for number in 1..=MAX_FILES {
            let path = folder.join(file_name(&run, number));
            let Some(file) = lock(&path)? else { continue };
            let mut spool = Self { path, file, spec, header: 0, read: 0, length: 0, left: 0, limit };
            spool.recover(&first)?;
            return Ok(spool);
        }
        Err(SpoolError::Taken(run))
    }

    /// The spool an earlier process left; `None` while another one uses it.
    pub fn take_over(path: &Path) -> Result<Option<Self>, SpoolError> {
        let Some(mut file) = lock(path)? else { return Ok(None) };
        let mut first = String::new();
        BufReader::new(&mut file).read_line(&mut first).map_err(io(path))?;
        let spec = spec_of(&first).map_err(|error| SpoolError::Header { path: path.to_owned(), error })?;
        let (path, limit) = (path.to_owned(), u64::MAX);
        let mut spool = Self { path, file, spec, header: 0, read: 0, length: 0, left: 0, limit };
        spool.recover("")?;
        Ok(Some(spool))
    }

    /// What the run is.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder beside it, for the content of artifacts that waits with the events. Not made here; removed
    /// with the file, if it is empty.
    pub fn blobs(&self) -> PathBuf {
        self.path.with_extension("blobs")
    }

    /// Events in it that were not delivered yet.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Counts what is there and removes a line that the end of a process cut off. Writes the header where
    /// there is none.
    fn recover(&mut self, header: &str) -> Result<(), SpoolError> {
        let path = self.path.clone();
        let failed = io(&path);
        self.file.seek(SeekFrom::Start(0)).map_err(&failed)?;
        let mut reader = BufReader::with_capacity(1 << 20, &mut self.file);
        let (mut at, mut lines, mut line) = (0, 0_u64, Vec::new());
        loop {
            line.clear();
            let size = reader.read_until(b'\n', &mut line).map_err(&failed)?;
            if size == 0 || line.last() != Some(&b'\n') {
                break;
            }
            at += size as u64;
            lines += 1;
            if lines == 1 {
                self.header = at;
            }
        }
        self.file.set_len(at).map_err(&failed)?;
        if lines == 0 {
            self.file.seek(SeekFrom::Start(0)).map_err(&failed)?;
            self.file.write_all(header.as_bytes()).map_err(&failed)?;
            at = header.len() as u64;
            self.header = at;
        }
        (self.read, self.length, self.left) = (self.header, at, lines.saturating_sub(1));
        Ok(())
    }

    /// Adds events after the others, durably. "Not now" where the file would become too large.
    pub(crate) fn append(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let text = json_lines(batch)?;
        if self.length + text.len() as u64 > self.limit {
            let full = format!("the spool {} is full: {} bytes", self.path.display(), self.length);
            return Err(DeliveryError::not_now(full));
        }
        let file = &mut self.file;
        let written = file
            .seek(SeekFrom::Start(self.length))
            .and_then(|_| file.write_all(&text))
            .and_then(|()| file.sync_data());
        if let Err(error) = written {
            // A cut-off line left behind is overwritten by the next try; the cut itself may fail like the
            // write.
            let _ = self.file.set_len(self.length);
            return Err(DeliveryError::not_now(format!("{}: {error}", self.path.display())));
        }
        self.length += text.len() as u64;
        self.left += batch.len() as u64;
        Ok(())
    }

    /// The first events that are left, at most `most`.
    pub(crate) fn peek(&mut self, most: usize) -> std::io::Result<Chunk> {
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut reader = BufReader::with_capacity(1 << 18, (&mut self.file).take(self.length - self.read));
        let mut chunk = Chunk { events: Vec::new(), lines: 0, unreadable: 0, end: self.read };
        let mut line = Vec::new();
        while chunk.lines < most as u64 {
            line.clear();
            let size = reader.read_until(b'\n', &mut line)?;
            if size == 0 {
                break;
            }
            chunk.end += size as u64;
            chunk.lines += 1;
            match std::str::from_utf8(&line).ok().and_then(|text| decode_one(text).ok()) {
                Some(event) => chunk.events.push(Arc::new(event)),
                None => chunk.unreadable += 1,
            }
        }
        Ok(chunk)
    }

    /// Removes the lines of a chunk that was delivered.
    pub(crate) fn advance(&mut self, lines: u64, end: u64) {
        self.left = self.left.saturating_sub(lines);
        self.read = end;
        if self.read >= self.length {
            // Should truncating fail, the events are delivered again, which is idempotent.
            let _ = self.file.set_len(self.header);
            (self.read, self.length, self.left) = (self.header, self.header, 0);
        }
    }
}

/// The greatest step among the events of a run that wait in a spool folder, in any process's file; `None`
/// where none does. Counts the events that the server counts for `last_step`.
pub fn last_step(folder: &Path, run: &RunId) -> Option<u64> {
    let files = (1..=MAX_FILES).map(|number| folder.join(file_name(run, number)));
    let files = files.filter_map(|path| File::open(path).ok());
    let lines = files.flat_map(|file| BufReader::new(file).lines().map_while(Result::ok));
    // A line that is being written is not an event yet and does not count.
    lines.filter_map(|line| step_of(&line)).max()
}

fn step_of(line: &str) -> Option<u64> {
    let event = decode_one(line).ok()?;
    event.step().filter(|_| event.kind().counts_steps(event.episode().is_some()))
}

/// Some events from the front of a spool.
pub(crate) struct Chunk {
    pub(crate) events: Vec<Arc<Event>>,
    /// Lines they take, unreadable ones included.
    pub(crate) lines: u64,
    pub(crate) unreadable: u64,
    /// Where the next one begins.
    pub(crate) end: u64,
}

/// Offline: events go to the file and stay there.
impl Sink for Spool {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        self.append(batch)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.left == 0 {
            // The file holds nothing but its header.
            let _ = std::fs::remove_file(&self.path);
            let _ = std::fs::remove_dir(self.blobs());
        }
    }
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> SpoolError {
    let path = path.to_owned();
    move |error| SpoolError::Io { path: path.clone(), error }
}

/// Creates a folder that only its owner can look into: what waits there may be private.
fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The file, if no other process uses it.
fn lock(path: &Path) -> Result<Option<File>, SpoolError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(io(path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(SpoolError::Io { path: path.to_owned(), error }),
    }
}

/// A run's file; ids that are too long for a file's name are cut and made unique by their hash.
fn file_name(run: &RunId, number: u32) -> String {
    let mut name = path_segment(run.as_str());
    if name.len() > 180 {
        name.truncate(100);
        name.push_str(&format!("-{}", RunSummary::started_event_id(run)));
    }
    match number {
        1 => format!("{name}.jsonl"),
        _ => format!("{name}.{number}.jsonl"),
    }
}

fn header_of(run: &RunId, spec: RunSpec) -> Result<String, FieldError> {
    let mut started = spec.started();
    started.metadata.insert(RUN_ID.to_owned(), Value::from(run.as_str()));
    let at = SystemClock::new().now();
    let event = Event::new(RunSummary::started_event_id(run), at, None, None, started)?;
    let text = serde_json::to_string(&event).map_err(|e| FieldError::new("", e.to_string()))?;
    Ok(text + "\n")
}

fn spec_of(header: &str) -> Result<RunSpec, FieldError> {
    let event = decode_one(header.trim_end())?;
    let Body::RunStarted(started) = event.body() else {
        return Err(FieldError::new("kind", format!("is {}, not run.started", event.kind())));
    };
    let RunStarted { name, project, kind, agent, task, tags, config, mut metadata, rules } = started.clone();
    let id = metadata.shift_remove(RUN_ID);
    let id = id.as_ref().and_then(Value::as_str).unwrap_or_default();
    Ok(RunSpec {
        id: Some(RunId::new(id).map_err(|e| FieldError::new(format!("body.metadata.{RUN_ID}"), e.message))?),
        name,
        project: Some(project),
        kind: Some(kind),
        agent,
        task,
        tags,
        config,
        metadata,
        rules,
    })
}
