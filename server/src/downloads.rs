//! Downloads: written to a file as fast as the log is read, and sent from it as fast as the client reads. A
//! client that stops reading holds neither a thread nor memory, and as the file has no name, it is gone once
//! the download ends.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use tokio::io::AsyncReadExt;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;

/// Downloads that are written at the same time: each takes a thread and a page of events.
const MAX_WRITING: usize = 4;
/// Downloads that are written or read at the same time: each takes a file.
const MAX_OPEN: usize = 256;
/// How long a download waits for its turn to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How the names of the files begin, until they are removed.
const NAME_PREFIX: &str = "download-";
/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// The downloads of one server. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Downloads {
    writing: Arc<Semaphore>,
    open: Arc<Semaphore>,
    stopping: CancellationToken,
}

/// Whether a download goes on: checked between two pieces of work that write nothing.
pub struct CancelCheck {
    progress: watch::Sender<Written>,
    stopping: CancellationToken,
}

impl CancelCheck {
    /// An error once the client has left or the server stops.
    pub fn check(&self) -> io::Result<()> {
        if self.stopping.is_cancelled() {
            return Err(io::Error::other("the server stops"));
        }
        if self.progress.is_closed() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the client left"));
        }
        Ok(())
    }
}

/// How far a download is written.
#[derive(Debug, Default)]
struct Written {
    bytes: u64,
    /// Set once nothing more comes; an error where the download could not be completed.
    ended: Option<Result<(), Arc<io::Error>>>,
}

impl Downloads {
    /// No downloads; those that come end when `stopping` is cancelled.
    pub fn new(stopping: CancellationToken) -> Self {
        Self {
            writing: Arc::new(Semaphore::new(MAX_WRITING)),
            open: Arc::new(Semaphore::new(MAX_OPEN)),
            stopping,
        }
    }

    /// What `write` writes, as a stream. The file is in `folder`, which has to be there. 503 where too many
    /// downloads are under way.
    pub async fn stream<F>(
        &self,
        folder: &Path,
        write: F,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<F>, ApiError>
    where
        F: FnOnce(&mut (dyn Write + Send), &CancelCheck) -> io::Result<()> + Send + 'static,
    {
        let busy = || ApiError::busy("too many downloads are under way");
        let open = Arc::clone(&self.open).try_acquire_owned().map_err(|_| busy())?;
        let turn = tokio::time::timeout(WRITE_TIMEOUT, Arc::clone(&self.writing).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or_else(busy)?;
        let (reading, writing) =
            files(folder).map_err(|e| gauntlet_engine::Error::disk("the download", &e))?;
        let (progress, mut written) = watch::channel(Written::default());
        let cancel = CancelCheck { progress, stopping: self.stopping.clone() };
        tokio::task::spawn_blocking(move || {
            let mut out = BufWriter::with_capacity(CHUNK_BYTES, Counted { file: writing, cancel: &cancel });
            let ended = write(&mut out, &cancel).and_then(|()| out.flush());
            drop(out);
            let ended = ended.map_err(Arc::new);
            cancel.progress.send_modify(|written| written.ended = Some(ended));
            drop(turn);
        });
        // The answer begins with the first bytes: until then an error can still be answered.
        if let (_, Some(Err(error))) = progress_after(&mut written, 0).await? {
            tracing::warn!(%error, "a download cannot be written");
            return Err(ApiError::unavailable(format!("the download cannot be written: {error}")));
        }
        let start = (tokio::fs::File::from_std(reading), written, 0_u64, open);
        Ok(stream::try_unfold(start, |(mut file, mut written, sent, open)| async move {
            let (bytes, ended) = progress_after(&mut written, sent).await.map_err(io::Error::other)?;
            if bytes == sent {
                return match ended {
                    Some(Err(error)) => {
                        tracing::warn!(%error, "a download ended early");
                        Err(io::Error::other(error))
                    }
                    _ => Ok(None),
                };
            }
            let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
            let wanted = usize::try_from(bytes - sent).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            while chunk.len() < wanted {
                if file.read_buf(&mut chunk).await? == 0 {
                    return Err(io::Error::other(Interrupted));
                }
            }
            let sent = sent + chunk.len() as u64;
            Ok(Some((chunk.freeze(), (file, written, sent, open))))
        }))
    }
}

/// Waits until more than `sent` bytes are written, or no more come.
async fn progress_after(
    written: &mut watch::Receiver<Written>,
    sent: u64,
) -> Result<(u64, Option<Result<(), Arc<io::Error>>>), Interrupted> {
    let is_news = |written: &Written| written.bytes > sent || written.ended.is_some();
    written
        .wait_for(is_news)
        .await
        .map(|written| (written.bytes, written.ended.clone()))
        .map_err(|_| Interrupted)
}

/// The thread that wrote a download ended before it was complete.
#[derive(Debug, thiserror::Error)]
#[error("the download was interrupted")]
struct Interrupted;

impl From<Interrupted> for ApiError {
    fn from(error: Interrupted) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    }
}

/// Two handles of a new file whose name is removed at once.
fn files(folder: &Path) -> io::Result<(File, File)> {
    let named = tempfile::Builder::new().prefix(NAME_PREFIX).tempfile_in(folder)?;
    Ok((named.reopen()?, named.into_file()))
}

/// Removes the files of a process that was killed before it removed their names.
pub fn remove_unfinished(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(NAME_PREFIX)
            && let Err(error) = std::fs::remove_file(entry.path())
        {
            tracing::warn!(%error, file = %entry.path().display(), "an unfinished download stays");
        }
    }
}

/// Reports how much was written; ends when the client has left.
struct Counted<'a> {
    file: File,
    cancel: &'a CancelCheck,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.cancel.check()?;
        let count = self.file.write(bytes)?;
        self.cancel.progress.send_modify(|written| written.bytes += count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Works without writing anything until the download is cancelled; reports how it ended.
    async fn ended(leave: impl AsyncFnOnce(tokio::task::JoinHandle<()>, CancellationToken)) -> io::ErrorKind {
        let folder = tempfile::tempdir().unwrap();
        let stopping = CancellationToken::new();
        let downloads = Downloads::new(stopping.clone());
        let (ends, end) = std::sync::mpsc::sync_channel(1);
        let (begins, begun) = tokio::sync::oneshot::channel();
        let path = folder.path().to_owned();
        let download = tokio::spawn(async move {
            let work = move |_: &mut (dyn Write + Send), cancel: &CancelCheck| {
                let _ = begins.send(());
                let end = loop {
                    match cancel.check() {
                        Ok(()) => std::thread::yield_now(),
                        Err(error) => break error,
                    }
                };
                ends.send((end.kind(), Instant::now())).unwrap();
                Err(end)
            };
            let _ = downloads.stream(&path, work).await;
        });
        begun.await.unwrap();
        let asked = Instant::now();
        leave(download, stopping).await;
        let (kind, at) = tokio::task::spawn_blocking(move || end.recv().unwrap()).await.unwrap();
        assert!(at.duration_since(asked) < Duration::from_secs(1), "{:?}", at.duration_since(asked));
        kind
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_download_that_writes_nothing_ends_with_its_client_and_with_the_server() {
        let left = ended(async |download, _| download.abort()).await;
        assert_eq!(left, io::ErrorKind::BrokenPipe);
        let stopped = ended(async |_, stopping| stopping.cancel()).await;
        assert_eq!(stopped, io::ErrorKind::Other);
    }
}
