//! Opening, closing, watching: the store as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gauntlet_follow::Lags;
use gauntlet_model::RunId;
use tokio::sync::{broadcast, oneshot, watch};

use crate::blobs::Blobs;
use crate::log_store::LogStore;
use crate::queue::Queue;
use crate::recent::RecentEvents;
use crate::reply::Reply;
use crate::watches::Watches;
use crate::work::{TableWork, Work};
use crate::{Counts, Leases, Options, StoreError, Waiting};
use crate::{disk, postgres, sqlite};

/// The log of every run in one data directory. Cloning it is cheap; all clones are one store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Queue,
    log: Arc<dyn LogStore>,
    watches: Arc<Watches>,
    blobs: Blobs,
    folder: PathBuf,
    database: &'static str,
}

impl Store {
    /// Opens the data directory, creating or migrating what is in it. [`StoreError::Conflict`] where another
    /// process uses it or a newer version wrote it.
    pub async fn open(options: Options) -> Result<Self, StoreError> {
        let (queue, inbox) = Queue::new(options.queue, options.queue_bytes);
        let watches = Arc::new(Watches::new());
        let log = match &options.database {
            None => sqlite::open(&options, inbox, Arc::clone(&watches)).await?,
            Some(url) => postgres::open(&options, url, inbox, Arc::clone(&watches)).await?,
        };
        let blobs = Blobs::of(&options)?;
        let database = if options.database.is_some() { "PostgreSQL" } else { "SQLite" };
        let folder = options.path;
        Ok(Self { inner: Arc::new(Inner { queue, log, watches, blobs, folder, database }) })
    }

    /// Takes no more requests, finishes those it has, and leaves the database in one file. Afterwards every
    /// call is [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.inner.queue.close();
        self.inner.log.close().await;
    }

    /// Whether the log can be written now: a write goes all the way to the disk, into the file that was
    /// opened.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(TableWork::Ping { reply }, answer).await?;
        self.inner.log.check().await
    }

    /// The head of the run, sent after each commit that appends to it. The value is 0 until the first one:
    /// subscribe, then read, then wait, and nothing is missed. The run need not exist yet. Closes when the
    /// run is deleted.
    pub fn subscribe(&self, run: &RunId) -> watch::Receiver<u64> {
        self.inner.watches.subscribe(run)
    }

    /// The same, with the events committed from now on, for a reader that wants every one of them.
    pub fn follow(&self, run: &RunId) -> RecentEvents {
        self.inner.watches.follow(run)
    }

    /// A number that changes after each commit that changes any run: created, appended to, patched, deleted.
    pub fn subscribe_all(&self) -> watch::Receiver<u64> {
        self.inner.watches.subscribe_all()
    }

    /// As [`Store::subscribe_all`], for what other servers of the same database have changed: settings
    /// included, of this server nothing. Never changes where the process has the database for itself.
    pub fn subscribe_elsewhere(&self) -> watch::Receiver<u64> {
        self.inner.watches.subscribe_elsewhere()
    }

    /// Watched runs whose rules, or the effects of whose projects, another server may have changed.
    pub fn subscribe_settings(&self) -> broadcast::Receiver<RunId> {
        self.inner.watches.subscribe_settings()
    }

    /// The leases of this server: work that one server of the database does at a time.
    pub fn leases(&self) -> Leases {
        self.inner.log.leases()
    }

    /// Says that this server serves artifacts. [`StoreError::Conflict`] where another server of the database
    /// keeps them in another folder: what is uploaded to one would be missing on the other.
    pub async fn serve_artifacts(&self) -> Result<(), StoreError> {
        self.inner.log.share_artifacts(&self.inner.blobs.id()?).await
    }

    /// What is counted of the work, from the start on.
    pub fn counts(&self) -> &Counts {
        self.inner.queue.counts()
    }

    /// What waits for the writer now.
    pub fn waiting(&self) -> Waiting {
        self.inner.queue.waiting()
    }

    /// How far the followers of the log are behind it.
    pub fn lags(&self) -> &Lags {
        self.inner.watches.lags()
    }

    /// The artifacts beside the log.
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// The data directory.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Bytes that are free on the disk of the data directory; `None` where the system does not say.
    pub fn free_bytes(&self) -> Option<u64> {
        disk::free_bytes(&self.inner.folder)
    }

    /// The database that holds the log: `SQLite` or `PostgreSQL`.
    pub fn database(&self) -> &'static str {
        self.inner.database
    }

    pub(crate) fn log(&self) -> &dyn LogStore {
        &*self.inner.log
    }

    /// Sends the writer a request and waits for its outcome. Never waits for room in the queue.
    pub(crate) async fn ask<T>(
        &self,
        work: impl Into<Work>,
        answer: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.inner.queue.enter(work.into())?;
        answer.await.unwrap_or_else(|_| Err(StoreError::closed()))
    }
}
