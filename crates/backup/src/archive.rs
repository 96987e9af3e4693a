//! Writing an archive: a thread of its own compresses what comes, so that the runtime never waits for it.

use std::io::{self, BufWriter, Read, Write};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::BackupError;
use crate::target::Sink;

/// Entries that wait for the thread: what is read ahead while it compresses.
const QUEUED_ENTRIES: usize = 2;
/// Bytes of a file read at a time.
const CHUNK: usize = 256 << 10;

/// An entry of an archive.
enum Entry {
    /// A file of these bytes.
    Bytes(String, Vec<u8>),
    /// A file that is read while it is written, of that size.
    File(String, std::fs::File, u64),
}

/// What became of an archive.
pub(crate) struct Written {
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// An archive that is being written. Dropped, it is given up.
pub(crate) struct ArchiveWriter {
    entries: mpsc::Sender<Entry>,
    thread: JoinHandle<io::Result<Written>>,
    label: String,
}

impl ArchiveWriter {
    /// Begins an archive of that zstd level.
    pub(crate) fn new(sink: Box<dyn Sink>, level: i32, label: String) -> Result<Self, BackupError> {
        let (entries, mut received) = mpsc::channel(QUEUED_ENTRIES);
        let thread = std::thread::Builder::new().name("backup".to_owned()).spawn(move || {
            let mut archive = start(sink, level)?;
            let mut is_complete = false;
            while let Some(entry) = received.blocking_recv() {
                match entry {
                    // The empty name ends the archive; without it the sender gave up.
                    Entry::Bytes(name, _) if name.is_empty() => is_complete = true,
                    Entry::Bytes(name, bytes) => append(&mut archive, &name, bytes.len() as u64, &*bytes)?,
                    Entry::File(name, file, size) => append(&mut archive, &name, size, file.take(size))?,
                }
            }
            match is_complete {
                true => finish(archive),
                false => Err(io::Error::other("it was given up")),
            }
        });
        let thread = thread.map_err(|error| BackupError::io(label.clone(), error))?;
        Ok(Self { entries, thread, label })
    }

    /// Adds a file of these bytes.
    pub(crate) async fn add(&mut self, name: String, bytes: Vec<u8>) -> Result<(), BackupError> {
        self.send(Entry::Bytes(name, bytes)).await
    }

    /// Adds a file of that size.
    pub(crate) async fn add_file(
        &mut self,
        name: String,
        file: std::fs::File,
        size: u64,
    ) -> Result<(), BackupError> {
        self.send(Entry::File(name, file, size)).await
    }

    async fn send(&mut self, entry: Entry) -> Result<(), BackupError> {
        if self.entries.send(entry).await.is_ok() {
            return Ok(());
        }
        // The thread ends early only with an error, which `finish` says.
        Err(BackupError::io(self.label.clone(), io::Error::other("the archive cannot be written")))
    }

    /// Ends the archive and waits until it is durable. After a failed [`ArchiveWriter::add`] it says why.
    pub(crate) async fn finish(mut self, is_complete: bool) -> Result<Written, BackupError> {
        if is_complete {
            let _ = self.send(Entry::Bytes(String::new(), Vec::new())).await;
        }
        let Self { entries, thread, label } = self;
        drop(entries);
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        let written = match joined {
            Ok(Ok(written)) => written,
            _ => Err(io::Error::other("the thread that compresses ended badly")),
        };
        written.map_err(|error| BackupError::io(label, error))
    }
}

type Archive = tar::Builder<zstd::Encoder<'static, BufWriter<Hashing>>>;

/// Counts and hashes what goes to the sink.
struct Hashing {
    sink: Box<dyn Sink>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.sink.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

fn start(sink: Box<dyn Sink>, level: i32) -> io::Result<Archive> {
    let hashing = Hashing { sink, hash: Sha256::new(), bytes: 0 };
    let mut encoder = zstd::Encoder::new(BufWriter::with_capacity(CHUNK, hashing), level)?;
    encoder.include_checksum(true)?;
    Ok(tar::Builder::new(encoder))
}

fn append(archive: &mut Archive, name: &str, size: u64, bytes: impl Read) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    archive.append_data(&mut header, name, Exact { bytes, left: size })
}

fn finish(archive: Archive) -> io::Result<Written> {
    let Hashing { sink, hash, bytes } =
        archive.into_inner()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    sink.finish()?;
    Ok(Written { bytes, sha256: hex::encode(hash.finalize()) })
}

/// Bytes that are as many as was said: a file that became shorter would shift everything after it.
struct Exact<R> {
    bytes: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(into)?;
        if count == 0 && self.left > 0 && !into.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file became shorter"));
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
