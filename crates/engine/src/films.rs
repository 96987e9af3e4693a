//! Folded films of the runs that were asked for lately, brought up to date from the sealed chunks and the log
//! when they are asked for again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use gauntlet_film::levels::CHUNK;
use gauntlet_film::{Fact, Film};
use gauntlet_model::RunId;
use gauntlet_store::{READ_AHEAD, Store};

use crate::{Error, facts};

/// How many films are cached at most: those of a comparison, with some to spare.
const CACHED_FILMS: usize = 40;
/// How many films are cached at least, whatever their length.
const LEAST_CACHED_FILMS: usize = 8;
/// The nodes of all cached films beyond which the least recently used ones go.
const CACHED_NODES: usize = 2_000_000;

type Shared = Arc<Mutex<Film>>;

/// The films, most recently used last; cloning shares them.
#[derive(Clone)]
pub struct Films {
    store: Store,
    cached: Arc<Mutex<VecDeque<(RunId, Shared)>>>,
}

impl Films {
    /// Films of that log.
    pub fn new(store: Store) -> Self {
        Self { store, cached: Arc::default() }
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
    pub async fn get(&self, run: &RunId) -> Result<Shared, Error> {
        let summary = self.store.run(run).await?.ok_or_else(|| Error::no_run(run.as_str()))?;
        let head = summary.head;
        let film = self.take_or_make(run);
        film.lock().unwrap_or_else(PoisonError::into_inner).set_rules(summary.rules);
        loop {
            // Two requests may read the same page; applying a fact twice changes nothing.
            let seen = film.lock().unwrap_or_else(PoisonError::into_inner).head();
            if seen >= head {
                return Ok(film);
            }
            if seen.is_multiple_of(CHUNK) && seen + CHUNK <= head {
                let sealed = facts::of_chunks(&self.store, run, seen / CHUNK..head / CHUNK);
                let mut sealed = std::pin::pin!(sealed);
                while let Some(facts) = sealed.next().await {
                    apply(&film, &facts?);
                }
            } else {
                let page = self.store.read_unchecked(run, seen.checked_sub(1), READ_AHEAD).await?;
                let facts: Vec<_> = page.records.iter().filter_map(|r| facts::of_record(run, r)).collect();
                apply(&film, &facts);
            }
            if film.lock().unwrap_or_else(PoisonError::into_inner).head() <= seen {
                // Nothing could be read: give what there is instead of asking forever.
                return Ok(film);
            }
        }
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
        let work = move || read(&film.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a film could not be read");
            Error::internal("something broke while the run was read; the log says what")
        })
    }

    fn take_or_make(&self, run: &RunId) -> Shared {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cached.iter().position(|(id, _)| id == run).and_then(|i| cached.remove(i));
        let entry = known.unwrap_or_else(|| (run.clone(), Shared::default()));
        let film = Arc::clone(&entry.1);
        cached.push_back(entry);
        while cached.len() > LEAST_CACHED_FILMS
            && (cached.len() > CACHED_FILMS || nodes(&cached) > CACHED_NODES)
        {
            cached.pop_front();
        }
        film
    }

    /// Drops a deleted run's film.
    pub fn forget(&self, run: &RunId) {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner).retain(|(id, _)| id != run);
    }
}

/// Brings a film up to date with facts.
fn apply(film: &Mutex<Film>, facts: &[Fact]) {
    let mut film = film.lock().unwrap_or_else(PoisonError::into_inner);
    for fact in facts {
        film.apply(fact);
    }
}

/// The nodes of the films that nobody reads or changes at this moment.
fn nodes(cached: &VecDeque<(RunId, Shared)>) -> usize {
    cached.iter().filter_map(|(_, film)| film.try_lock().ok()).map(|film| film.len()).sum()
}
