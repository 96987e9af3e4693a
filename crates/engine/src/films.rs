//! Folded films of the runs that were requested last, brought up to date from the sealed chunks and the log
//! when they are asked for again.

use std::collections::VecDeque;
use std::sync::Arc;

use gauntlet_film::{Film, Outline, levels};
use gauntlet_model::{RunId, RunSummary, Timestamp};
use gauntlet_store::Store;
use parking_lot::{Mutex, MutexGuard};

use crate::facts::{Fold, fold_to};
use crate::{Error, outlines};

/// How many films are cached at most: those of a comparison, with some to spare.
const CACHED_FILMS: usize = 40;
/// How many films are cached at least, whatever their length.
const LEAST_CACHED_FILMS: usize = 8;
/// The nodes of all cached films beyond which the least recently used ones are dropped.
const CACHED_NODES: usize = 2_000_000;
/// How many outlines are cached at most.
const CACHED_OUTLINES: usize = 100;

type Shared<F> = Arc<Mutex<F>>;
/// A run by its id and when it was created: one that was deleted, perhaps by another server, may be created
/// again under its id.
type Created = (RunId, Timestamp);
type Entries<F> = VecDeque<(Created, Shared<F>)>;

/// What was folded of runs, most recently used last; cloning shares it.
struct Cached<F>(Arc<Mutex<Entries<F>>>);

impl<F> Clone for Cached<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F: Fold> Cached<F> {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn entries(&self) -> MutexGuard<'_, Entries<F>> {
        self.0.lock()
    }

    /// The fold of a run, an empty one where none is cached; drops the oldest while there are `too_many`.
    fn take_or_make(&self, run: &RunSummary, too_many: impl Fn(&Entries<F>) -> bool) -> Shared<F> {
        let mut cached = self.entries();
        let known = cached.iter().position(|((id, _), _)| *id == run.id).and_then(|i| cached.remove(i));
        let known = known.filter(|((_, created_at), _)| *created_at == run.created_at);
        let entry = known.unwrap_or_else(|| ((run.id.clone(), run.created_at), Shared::default()));
        let fold = Arc::clone(&entry.1);
        cached.push_back(entry);
        while too_many(&cached) {
            cached.pop_front();
        }
        fold
    }

    fn has(&self, run: &RunId) -> bool {
        self.entries().iter().any(|((id, _), _)| id == run)
    }

    fn forget(&self, run: &RunId) {
        self.entries().retain(|((id, _), _)| id != run);
    }
}

/// The films, and the outlines of those that were not requested.
#[derive(Clone)]
pub struct Films {
    store: Store,
    films: Cached<Film>,
    outlines: Cached<Outline>,
    /// Held by the follower that folds a film in the background.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Films {
    /// Films of that log.
    pub fn new(store: Store) -> Self {
        Self { store, films: Cached::new(), outlines: Cached::new(), turn: Arc::default() }
    }

    /// The log they are folded from.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The film of a run, as far as its log goes now.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is no such run.
    pub async fn get(&self, run: &RunId) -> Result<Shared<Film>, Error> {
        let summary = self.store.run(run).await?.ok_or_else(|| Error::no_run(run.as_str()))?;
        let film = self.films.take_or_make(&summary, |cached| {
            cached.len() > LEAST_CACHED_FILMS && (cached.len() > CACHED_FILMS || nodes(cached) > CACHED_NODES)
        });
        film.lock().set_rules(summary.rules);
        fold_to(&self.store, run, summary.head, &film).await?;
        Ok(film)
    }

    /// Waits for the turn to fold a film in the background. Followers take turns, as the film of a long run
    /// takes much memory: they hold one at a time.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The film of a run for one use: the cached one, else one up to `head` that is not cached. Whoever seals
    /// a run in the background takes no room from the films that people look at.
    pub(crate) async fn get_once(&self, run: &RunId, head: u64) -> Result<Shared<Film>, Error> {
        if self.films.has(run) {
            return self.get(run).await;
        }
        let film = Shared::default();
        fold_to(&self.store, run, head, &film).await?;
        Ok(film)
    }

    /// Computes something from the film of a run, as far as its log goes now, on a thread where it may take
    /// long.
    ///
    /// # Errors
    ///
    /// As [`Films::get`]; [`Error::Internal`] where `read` panics.
    pub async fn look<T: Send + 'static>(
        &self,
        run: &RunId,
        read: impl FnOnce(&Film) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let film = self.get(run).await?;
        let work = move || read(&film.lock());
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a film could not be read");
            Error::internal("something broke while the run was read; the log says what")
        })
    }

    /// The rubric paths of a run in tree order, by the outline that was stored with its sealed chunks and
    /// what the log has beyond. Somebody waits: where more of the log is missing than can be read in a
    /// moment, as right after much was written, a part of it is read each time the paths are asked for.
    pub(crate) async fn paths(&self, run: &RunSummary) -> Result<Vec<String>, Error> {
        let outline = self.outlines.take_or_make(run, |cached| cached.len() > CACHED_OUTLINES);
        let seen = || outline.lock().head();
        if run.head.saturating_sub(seen()) >= levels::CHUNK
            && let Some(stored) = outlines::stored(&self.store, &run.id).await?
            && stored.head() > seen()
        {
            *outline.lock() = stored;
        }
        let end = run.head.min(seen() + levels::span(1));
        fold_to(&self.store, &run.id, end, &outline).await?;
        Ok(outline.lock().paths())
    }

    /// Drops what was folded of a deleted run.
    pub fn forget(&self, run: &RunId) {
        self.films.forget(run);
        self.outlines.forget(run);
    }
}

/// The nodes of the films that nobody reads or changes at this moment.
fn nodes(cached: &Entries<Film>) -> usize {
    cached.iter().filter_map(|(_, film)| film.try_lock()).map(|film| film.len()).sum()
}
