//! The search index: a follower of the log with a database of its own, and questions to it.
//!
//! The index is beside the log (`search.db`), so that indexing never takes the log's write lock. It follows
//! from the log alone: it can be deleted at any time, and is rebuilt in the background. An answer always
//! reports how far the index is.

mod batch;
mod output;
mod schema;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use gauntlet_follow::{Error, Follower, Lags, Limits};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::output::IndexOutput;
use crate::StoreError;
use crate::database::connection::Pool;
use crate::database::followed::FollowedLog;
use crate::database::log::SearchIndex;
use crate::database::search::{NAME, PACE, SearchError, Searcher};
use crate::search::{Lists, SearchPage, SearchQuery};

/// How long to wait before an index that cannot be opened or removed is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(3);
/// How long a search waits for the index to be opened.
const OPENS_WITHIN: Duration = Duration::from_secs(10);

type IndexFollower = Follower<FollowedLog, IndexOutput>;

/// What searches can use.
#[derive(Clone)]
enum State {
    Opening,
    Open(OpenIndex),
    Closed,
}

/// The index while it is open.
#[derive(Clone)]
struct OpenIndex {
    searcher: Searcher,
    /// Cancelled by a search that finds the index damaged, and with the whole index.
    stop: CancellationToken,
}

/// The index, as the log holds it.
pub(super) struct Index {
    state: watch::Receiver<State>,
    stop: CancellationToken,
    supervisor: Mutex<Option<JoinHandle<()>>>,
    lists: Lists,
    /// A log that is dropped without being closed ends it as well.
    _stop_on_drop: DropGuard,
}

impl Index {
    /// Starts to follow the log of a data directory, in the background. `changes` changes after each commit.
    pub(super) fn start(directory: PathBuf, log: Pool, changes: watch::Receiver<u64>, lags: Lags) -> Self {
        let (state, seen) = watch::channel(State::Opening);
        // Known before the index is open, which can take a while.
        lags.of(NAME);
        let stop = CancellationToken::new();
        let supervisor = IndexSupervisor { directory, log, changes, state, stop: stop.clone(), lags };
        Self {
            state: seen,
            supervisor: Mutex::new(Some(tokio::spawn(supervisor.run()))),
            lists: Lists::default(),
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        }
    }

    async fn open_index(&self) -> Result<OpenIndex, StoreError> {
        let mut state = self.state.clone();
        let known = state.wait_for(|state| !matches!(state, State::Opening));
        match tokio::time::timeout(OPENS_WITHIN, known).await {
            Ok(Ok(state)) => match &*state {
                State::Open(index) => Ok(index.clone()),
                State::Opening | State::Closed => Err(StoreError::closed()),
            },
            Ok(Err(_)) => Err(StoreError::closed()),
            Err(_) => Err(StoreError::unavailable("the search index is not open yet".to_owned())),
        }
    }
}

#[async_trait]
impl SearchIndex for Index {
    async fn search(&self, query: &SearchQuery) -> Result<SearchPage, StoreError> {
        let index = self.open_index().await?;
        match index.searcher.find(&self.lists, query).await {
            Ok(page) => Ok(page),
            Err(SearchError::Other(error)) => Err(error),
            Err(SearchError::Damaged) => {
                index.stop.cancel();
                Err(StoreError::unavailable("the search index is damaged and is rebuilt".to_owned()))
            }
        }
    }

    async fn close(&self) {
        self.stop.cancel();
        let supervisor = self.supervisor.lock().take();
        if let Some(supervisor) = supervisor
            && let Err(error) = supervisor.await
        {
            tracing::error!(%error, "the search index ended badly");
        }
    }
}

/// Holds the index open and up to date; builds it again where it turns out to be damaged.
struct IndexSupervisor {
    directory: PathBuf,
    log: Pool,
    changes: watch::Receiver<u64>,
    state: watch::Sender<State>,
    stop: CancellationToken,
    lags: Lags,
}

impl IndexSupervisor {
    async fn run(self) {
        while !self.stop.is_cancelled() {
            let (mut follower, index) = match self.open().await {
                Ok(opened) => opened,
                Err(error) => {
                    tracing::error!(%error, "the search index cannot be opened");
                    self.wait().await;
                    continue;
                }
            };
            let ended = follower.run(self.changes.clone(), &index.stop, &PACE).await;
            self.state.send_replace(State::Opening);
            // The connection that writes goes last: it leaves a single file behind.
            index.searcher.close().await;
            follower.into_output().close().await;
            if let Err(error) = &ended {
                tracing::warn!(%error, "the search index is damaged");
            } else if !index.stop.is_cancelled() {
                // Nobody can change the log any more.
                break;
            } else if self.stop.is_cancelled() {
                break;
            }
            if let Err(error) = schema::remove(&self.directory) {
                tracing::error!(%error, "the damaged search index stays");
                self.wait().await;
            }
        }
        self.state.send_replace(State::Closed);
    }

    async fn open(&self) -> Result<(IndexFollower, OpenIndex), StoreError> {
        let mut follower = self.follower().await?;
        let reason = match follower.belongs().await {
            Ok(true) => None,
            Ok(false) => Some("is of another log"),
            Err(Error::Output(StoreError::Corrupt { .. })) => Some("is damaged"),
            Err(Error::Log(error) | Error::Output(error)) => {
                follower.into_output().close().await;
                return Err(error);
            }
        };
        if let Some(reason) = reason {
            tracing::warn!("the search index {reason}; it is rebuilt");
            follower.into_output().close().await;
            schema::remove(&self.directory)?;
            follower = self.follower().await?;
        }
        let searcher = Searcher::new(Pool::Sqlite(schema::searchers(&self.directory).await?)).await?;
        let index = OpenIndex { searcher, stop: self.stop.child_token() };
        self.state.send_replace(State::Open(index.clone()));
        Ok((follower, index))
    }

    /// Goes on where the index was left.
    async fn follower(&self) -> Result<IndexFollower, StoreError> {
        let index = schema::open(&self.directory).await?;
        let output = IndexOutput::new(index, self.log.clone());
        let follower = Follower::new(NAME, FollowedLog(self.log.clone()), output, Limits::OF_SERVER);
        Ok(follower.reporting(&self.lags))
    }

    async fn wait(&self) {
        self.stop.run_until_cancelled(tokio::time::sleep(RETRY_DELAY)).await;
    }
}
