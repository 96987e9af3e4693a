//! Full-text search: a follower of the log with a database of its own, and questions to it.
//!
//! The index lies beside the log (`search.db`), so that indexing never takes the log's write lock. It follows
//! from the log alone: it can be deleted at any time, and is built anew in the background. An answer always
//! says how far the index is.

mod answers;
mod batch;
mod detail;
mod document;
mod find;
mod follower;
mod lists;
mod rows;
mod schema;
mod script;
mod snippet;
mod words;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use sqlx::SqlitePool;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use answers::{Fails, Hit, Judged, Progress, SearchPage, SearchQuery, Segment};
pub use document::TextField;
pub use words::Reading;

use crate::StoreError;
use find::SearchError;
use follower::{Follower, Step};
use lists::Lists;

/// How long news is gathered before it is indexed.
const GATHER: Duration = Duration::from_millis(50);
/// While the log grows, the follower rests this many times as long as it worked: ingest comes first.
const REST: u32 = 9;
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(2);
/// How long to wait before trying again what failed.
const AGAIN: Duration = Duration::from_secs(3);
/// How long a search waits for the index to be opened.
const OPENS_WITHIN: Duration = Duration::from_secs(10);

/// What searches can use.
#[derive(Clone)]
enum State {
    Opening,
    Open(SqlitePool),
    Closed,
}

/// The index, as the store holds it.
pub(crate) struct Index {
    state: watch::Receiver<State>,
    /// Set to end the follower.
    stop: watch::Sender<bool>,
    /// Changed by a search that finds the index damaged.
    damaged: watch::Sender<u64>,
    follower: Mutex<Option<JoinHandle<()>>>,
    lists: Lists,
}

impl Index {
    /// Starts to follow the log of a data directory, in the background. `changes` changes after each commit.
    pub fn start(directory: PathBuf, log: SqlitePool, changes: watch::Receiver<u64>) -> Self {
        let (state, seen) = watch::channel(State::Opening);
        let (stop, stopped) = watch::channel(false);
        let damaged = watch::Sender::new(0);
        let keeper = Keeper { directory, log, changes, state, stopped, damaged: damaged.subscribe() };
        Self {
            state: seen,
            stop,
            damaged,
            follower: Mutex::new(Some(tokio::spawn(keeper.keep()))),
            lists: Lists::default(),
        }
    }

    /// Ends the follower and closes the index.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(follower) = follower
            && let Err(error) = follower.await
        {
            tracing::error!(%error, "the search index ended badly");
        }
    }

    /// One page of what the index holds by now. [`StoreError::Invalid`] names what of the query cannot be
    /// asked.
    pub async fn search(&self, query: &SearchQuery) -> Result<SearchPage, StoreError> {
        let searchers = self.searchers().await?;
        match find::find(&searchers, &self.lists, query).await {
            Ok(page) => Ok(page),
            Err(SearchError::Other(error)) => Err(error),
            Err(SearchError::Damaged) => {
                self.damaged.send_modify(|n| *n += 1);
                Err(StoreError::Unavailable("the search index is damaged and is built anew".to_owned()))
            }
        }
    }

    async fn searchers(&self) -> Result<SqlitePool, StoreError> {
        let mut state = self.state.clone();
        let known = state.wait_for(|state| !matches!(state, State::Opening));
        match tokio::time::timeout(OPENS_WITHIN, known).await {
            Ok(Ok(state)) => match &*state {
                State::Open(pool) => Ok(pool.clone()),
                State::Opening | State::Closed => Err(StoreError::closed()),
            },
            Ok(Err(_)) => Err(StoreError::closed()),
            Err(_) => Err(StoreError::Unavailable("the search index is not open yet".to_owned())),
        }
    }
}

/// Keeps the index open and up to date, whatever happens to it.
struct Keeper {
    directory: PathBuf,
    log: SqlitePool,
    changes: watch::Receiver<u64>,
    state: watch::Sender<State>,
    stopped: watch::Receiver<bool>,
    damaged: watch::Receiver<u64>,
}

impl Keeper {
    async fn keep(mut self) {
        while !self.is_stopped() {
            match self.open().await {
                Ok((mut follower, searchers)) => {
                    let ended = self.follow(&mut follower).await;
                    self.state.send_replace(State::Opening);
                    // The one that writes goes last: it leaves a single file behind.
                    searchers.close().await;
                    follower.close().await;
                    if ended.is_err()
                        && let Err(error) = schema::remove(&self.directory)
                    {
                        tracing::error!(%error, "the damaged search index stays");
                        self.rest(AGAIN).await;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the search index cannot be opened");
                    self.rest(AGAIN).await;
                }
            }
        }
        self.state.send_replace(State::Closed);
    }

    async fn open(&mut self) -> Result<(Follower, SqlitePool), StoreError> {
        let mut index = schema::open(&self.directory).await?;
        let why = match follower::belongs(&mut index, &self.log).await {
            Ok(true) => None,
            Ok(false) => Some("is of another log"),
            Err(StoreError::Corrupt(_)) => Some("is damaged"),
            Err(error) => {
                schema::close(index).await;
                return Err(error);
            }
        };
        if let Some(why) = why {
            tracing::warn!("the search index {why}; it is built anew");
            schema::close(index).await;
            schema::remove(&self.directory)?;
            index = schema::open(&self.directory).await?;
        }
        let follower = Follower::new(index, self.log.clone()).await?;
        let searchers = schema::searchers(&self.directory).await?;
        self.damaged.mark_unchanged();
        self.state.send_replace(State::Open(searchers.clone()));
        Ok((follower, searchers))
    }

    /// Until it is to stop, or (an error) until the index turns out to be damaged.
    async fn follow(&mut self, follower: &mut Follower) -> Result<(), StoreError> {
        while !self.is_stopped() {
            self.changes.mark_unchanged();
            if self.damaged.has_changed().unwrap_or(false) {
                return Err(StoreError::Corrupt("a search found the index damaged".to_owned()));
            }
            let (begun, seen) = (Instant::now(), follower.seen);
            match follower.step().await {
                Ok(Step::Done) => self.wait().await,
                Ok(Step::More) if follower.seen > seen && seen > 0 => {
                    self.rest((begun.elapsed() * REST).min(LONGEST_REST)).await;
                }
                Ok(Step::More) => tokio::task::yield_now().await,
                Err(error @ StoreError::Corrupt(_)) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "indexing stands still; the log goes on");
                    self.rest(AGAIN).await;
                }
            }
        }
        Ok(())
    }

    /// Told to stop, or the store is gone.
    fn is_stopped(&self) -> bool {
        *self.stopped.borrow() || self.stopped.has_changed().is_err()
    }

    /// Until there is news and some of it has gathered, or until it is to stop.
    async fn wait(&mut self) {
        let is_news = tokio::select! {
            changed = self.changes.changed() => changed.is_ok(),
            _ = self.stopped.changed() => false,
            _ = self.damaged.changed() => {
                self.damaged.mark_changed();
                false
            }
        };
        if is_news {
            self.rest(GATHER).await;
        }
    }

    async fn rest(&mut self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            _ = self.stopped.changed() => {}
        }
    }
}
