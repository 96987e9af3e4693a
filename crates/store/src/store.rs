//! Opening, closing, watching: the store as a whole.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gauntlet_model::RunId;
use sqlx::SqlitePool;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::blobs::Blobs;
use crate::queue::Queue;
use crate::reply::Reply;
use crate::search::Index;
use crate::sqlite;
use crate::watches::Watches;
use crate::work::Work;
use crate::{DATABASE_FILE, Options, StoreError, private};

/// The log of every run in one data directory. Cloning it is cheap; all clones are one store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Queue,
    readers: SqlitePool,
    watches: Arc<Watches>,
    blobs: Blobs,
    folder: PathBuf,
    /// Tells the database's file from another one of its name.
    database: (u64, u64),
    index: Option<Index>,
    writer: Mutex<Option<JoinHandle<sqlite::Drained>>>,
}

impl Store {
    /// Opens the data directory, creating or migrating what is in it. [`StoreError::Conflict`] where another
    /// process uses it or a newer version wrote it.
    pub async fn open(options: Options) -> Result<Self, StoreError> {
        let (queue, inbox) = Queue::new(options.queue, options.queue_bytes);
        let watches = Arc::new(Watches::new());
        let (readers, writer) = sqlite::open(&options, inbox, Arc::clone(&watches)).await?;
        let database = private::identity(&options.path.join(DATABASE_FILE))
            .map_err(|e| StoreError::Unavailable(format!("the database cannot be looked at: {e}")))?;
        let blobs = Blobs::open(&options.path);
        let index = options
            .search
            .then(|| Index::start(options.path.clone(), readers.clone(), watches.subscribe_all()));
        let writer = Mutex::new(Some(writer));
        Ok(Self {
            inner: Arc::new(Inner {
                queue,
                readers,
                watches,
                blobs,
                folder: options.path,
                database,
                index,
                writer,
            }),
        })
    }

    /// Takes no more requests, finishes those it has, and leaves the database in one file. Afterwards every
    /// call is [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.inner.queue.close();
        if let Some(index) = &self.inner.index {
            index.close().await;
        }
        let writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let drained = match writer {
            Some(writer) => writer.await,
            None => return,
        };
        // Readers go before the writer's connection: the last one to close leaves a single file behind.
        self.inner.readers.close().await;
        match drained {
            Ok(drained) => drained.close().await,
            Err(error) => tracing::error!(%error, "the writer ended badly"),
        }
    }

    /// Whether the log can be written now: a write goes all the way to the disk, into the file that was
    /// opened.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(Work::Ping { reply }, answer).await?;
        let (folder, opened) = (self.inner.folder.clone(), self.inner.database);
        let found = tokio::task::spawn_blocking(move || private::identity(&folder.join(DATABASE_FILE)));
        match found.await {
            Ok(Ok(found)) if found == opened => Ok(()),
            _ => Err(StoreError::Unavailable(format!(
                "the data directory {} was moved or removed; what is written now is lost",
                self.inner.folder.display()
            ))),
        }
    }

    /// The head of the run, sent after each commit that appends to it. The value is 0 until the first one:
    /// subscribe, then read, then wait, and nothing is missed. The run need not exist yet. Closes when the
    /// run is deleted.
    pub fn subscribe(&self, run: &RunId) -> watch::Receiver<u64> {
        self.inner.watches.subscribe(run)
    }

    /// A number that changes after each commit that changes any run: created, appended to, patched, deleted.
    pub fn subscribe_all(&self) -> watch::Receiver<u64> {
        self.inner.watches.subscribe_all()
    }

    /// The artifacts beside the log.
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// The data directory.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    pub(crate) fn index(&self) -> Option<&Index> {
        self.inner.index.as_ref()
    }

    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    /// Hands the writer a request and waits for what came of it. Never waits for room in the queue.
    pub(crate) async fn ask<T>(
        &self,
        work: Work,
        answer: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.inner.queue.enter(work)?;
        answer.await.unwrap_or_else(|_| Err(StoreError::closed()))
    }
}
