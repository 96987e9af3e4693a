//! Reading an archive: a thread of its own unpacks it, section by section.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{BackupError, Manifest, Target};

/// Pieces that are read ahead.
const QUEUED_CHUNKS: usize = 2;
/// Most bytes of an entry of lines: parts end after four megabytes and one event.
const MAX_LINES: u64 = 64 << 20;
/// Most bytes of a manifest: so many, and [`MANIFEST_RATIO`] for each byte of the archive. Its hashes and ids
/// are not packed to less than a tenth.
const MIN_MANIFEST: u64 = 16 << 20;
/// See [`MIN_MANIFEST`].
const MANIFEST_RATIO: u64 = 100;
/// Bytes of an artifact that come at a time.
const CHUNK: usize = 1 << 20;

/// A section of an archive, in the order in which it was written.
pub(crate) enum Section {
    /// Rows of a table.
    Table { name: String, lines: Vec<u8> },
    /// Events of a run.
    Events { run_no: i64, lines: Vec<u8> },
    /// Bytes of an artifact, and whether they are the last ones.
    Artifact { sha256: String, bytes: Vec<u8>, is_last: bool },
    /// The manifest, after everything else.
    Manifest(Box<Manifest>),
    /// The end of the file.
    End { sha256: String, bytes: u64 },
}

/// The sections of an archive. Closes after [`Section::End`] or an error.
pub(crate) async fn sections(
    target: &dyn Target,
    file: &str,
) -> Result<mpsc::Receiver<Result<Section, BackupError>>, BackupError> {
    let place = format!("{}/{file}", target.label());
    let opened = target.open(file).await.map_err(|error| BackupError::io(place.clone(), error))?;
    let (sender, receiver) = mpsc::channel(QUEUED_CHUNKS);
    let file = file.to_owned();
    let thread = std::thread::Builder::new().name("restore".to_owned());
    let spawned = thread.spawn(move || {
        let mut unpacking = Unpacking { sender, file };
        if let Err(error) = unpacking.run(opened) {
            let _ = unpacking.sender.blocking_send(Err(error));
        }
    });
    spawned.map_err(|error| BackupError::io(place, error))?;
    Ok(receiver)
}

/// Counts and hashes what is read.
struct Hashing {
    source: Box<dyn Read + Send>,
    hash: Sha256,
    bytes: Rc<Cell<u64>>,
}

impl Read for Hashing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.hash.update(into.get(..count).unwrap_or_default());
        self.bytes.set(self.bytes.get() + count as u64);
        Ok(count)
    }
}

/// The thread that unpacks.
struct Unpacking {
    sender: mpsc::Sender<Result<Section, BackupError>>,
    file: String,
}

impl Unpacking {
    fn run(&mut self, source: Box<dyn Read + Send>) -> Result<(), BackupError> {
        let bytes: Rc<Cell<u64>> = Rc::default();
        let hashing = Hashing { source, hash: Sha256::new(), bytes: Rc::clone(&bytes) };
        let decoder = zstd::Decoder::new(hashing).map_err(|error| self.damaged(error))?;
        let mut archive = tar::Archive::new(decoder);
        // Raw: names that are written are short, and an entry for a longer one could be of any size.
        for entry in archive.entries().map_err(|error| self.damaged(error))?.raw(true) {
            let mut entry = entry.map_err(|error| self.damaged(error))?;
            let name = entry.path().map_err(|error| self.damaged(error))?.to_string_lossy().into_owned();
            let parts: Vec<&str> = name.split('/').collect();
            match parts.as_slice() {
                ["tables", table, _] => {
                    let lines = self.bytes(&mut entry, MAX_LINES)?;
                    self.send(Section::Table { name: (*table).to_owned(), lines })?;
                }
                ["runs", run_no, _] => {
                    let run_no = run_no.parse().map_err(|error| self.damaged(error))?;
                    let lines = self.bytes(&mut entry, MAX_LINES)?;
                    self.send(Section::Events { run_no, lines })?;
                }
                ["artifacts", sha256] => self.artifact(sha256, &mut entry)?,
                ["manifest.json"] => {
                    let most = MIN_MANIFEST.max(bytes.get().saturating_mul(MANIFEST_RATIO));
                    let bytes = self.bytes(&mut entry, most)?;
                    let manifest = serde_json::from_slice(&bytes).map_err(|error| self.damaged(error))?;
                    self.send(Section::Manifest(Box::new(manifest)))?;
                }
                _ => return Err(self.damaged(format!("it has an entry {name:?}"))),
            }
        }
        let mut decoder = archive.into_inner();
        // To the checksum past the last block, then to the end of the file.
        io::copy(&mut decoder, &mut io::sink()).map_err(|error| self.damaged(error))?;
        let mut hashing = decoder.finish().into_inner();
        io::copy(&mut hashing, &mut io::sink()).map_err(|error| self.damaged(error))?;
        self.send(Section::End { sha256: hex::encode(hashing.hash.finalize()), bytes: bytes.get() })
    }

    fn artifact(&self, sha256: &str, entry: &mut impl Read) -> Result<(), BackupError> {
        loop {
            let mut bytes = Vec::new();
            let some = entry.by_ref().take(CHUNK as u64).read_to_end(&mut bytes);
            some.map_err(|error| self.damaged(error))?;
            let is_last = bytes.len() < CHUNK;
            self.send(Section::Artifact { sha256: sha256.to_owned(), bytes, is_last })?;
            if is_last {
                return Ok(());
            }
        }
    }

    fn bytes(&self, entry: &mut impl Read, most: u64) -> Result<Vec<u8>, BackupError> {
        let mut bytes = Vec::new();
        entry.take(most + 1).read_to_end(&mut bytes).map_err(|error| self.damaged(error))?;
        match bytes.len() as u64 <= most {
            true => Ok(bytes),
            false => Err(self.damaged("an entry is larger than any that is written")),
        }
    }

    fn send(&self, section: Section) -> Result<(), BackupError> {
        // Whoever asked has gone: there is nobody to tell.
        self.sender.blocking_send(Ok(section)).map_err(|_| self.damaged("nobody reads it any more"))
    }

    fn damaged(&self, message: impl std::fmt::Display) -> BackupError {
        BackupError::damaged(&self.file, message)
    }
}
