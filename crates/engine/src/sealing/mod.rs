//! Sealing in the background: the chunks of every run are stored while it is written, and at the start those
//! that are missing, so that the first person who opens a run waits for neither.
//!
//! Two followers of the log share the work. One stores the chunks of level 0 and the outline that the
//! manifest needs; it reads each event once. The other one stores the overview, which is the coarser levels,
//! of what the first has sealed. That needs the film of the run, so it waits until much has come, or the run
//! has been quiet for a moment. Chunks and progress are stored in one transaction: however the process ends,
//! what is stored is sound, and what is missing is sealed at the next start. A run that is deleted takes all
//! of it along.

mod chunks;
mod overview;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gauntlet_film::levels::CHUNK;
use gauntlet_follow::{Follower, Limits, Pace, RunEnd};
use gauntlet_store::SealingRun;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::films::Films;

use chunks::{ChunkLog, ChunkOutput};
use overview::{OverviewLog, OverviewOutput, QUIET_TIME};

/// Chunks of level 0 that are stored at a time.
const BATCH_CHUNKS: usize = 2;
/// A chunk is of use once it is full, so there is no hurry, and those who write come first.
const PACE: Pace = Pace {
    gather: Duration::from_secs(1),
    rest: 4,
    longest_rest: Duration::from_secs(2),
    first_retry: Duration::from_secs(1),
    longest_retry: Duration::from_secs(30),
};

/// Seals the films of all runs until `stop`. One server of a database does it for all.
pub async fn run(films: Films, stop: CancellationToken) {
    let leases = films.store().leases();
    leases.while_held("film sealing", &stop, || seal(films.clone(), stop.clone())).await;
}

async fn seal(films: Films, stop: CancellationToken) {
    let store = films.store().clone();
    let (ticks, sealed) = watch::channel(0);
    let ticks = Arc::new(ticks);
    let limits = Limits { events: BATCH_CHUNKS * CHUNK as usize, bytes: usize::MAX };
    let runs = Runs::default();
    let (log, output) = (
        ChunkLog { store: store.clone(), runs: runs.clone() },
        ChunkOutput { store: store.clone(), runs, sealed: Arc::clone(&ticks) },
    );
    let mut chunks = Follower::new("film chunks", log, output, limits).reporting(store.lags());
    let runs = Runs::default();
    let (log, output) =
        (OverviewLog { store: store.clone(), runs: runs.clone() }, OverviewOutput { films, runs });
    // The overview of one run at a time, as each takes a film.
    let mut overviews =
        Follower::new("film overviews", log, output, Limits { events: 1, bytes: 1 }).reporting(store.lags());
    let sealing = async {
        tokio::join!(
            chunks.run(store.subscribe_all(), &stop, &PACE),
            overviews.run(sealed, &stop, &PACE),
            tick_once_quiet(store.subscribe_all(), &ticks),
        )
    };
    // What is cut off here is not stored, and done at the next start.
    if let Some((Err(error), ..) | (_, Err(error), _)) = stop.run_until_cancelled(sealing).await {
        tracing::error!(%error, "films are no longer sealed in the background");
    }
}

/// Ticks once after each time that the log has been quiet for a moment.
async fn tick_once_quiet(mut changes: watch::Receiver<u64>, ticks: &watch::Sender<u64>) {
    while changes.changed().await.is_ok() {
        while let Ok(Ok(())) = tokio::time::timeout(QUIET_TIME, changes.changed()).await {}
        tick(ticks);
    }
}

fn tick(ticks: &watch::Sender<u64>) {
    ticks.send_modify(|ticks| *ticks = ticks.wrapping_add(1));
}

/// The runs of a follower by their keys, as its last look found them.
struct Runs<K>(Arc<Mutex<Found<K>>>);

struct Found<K> {
    runs: BTreeMap<K, SealingRun>,
    /// Those that are not sealed before the next start, because something in the database is damaged.
    unreadable: BTreeSet<K>,
}

impl<K> Default for Runs<K> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Found { runs: BTreeMap::new(), unreadable: BTreeSet::new() })))
    }
}

impl<K> Clone for Runs<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Copy + Ord> Runs<K> {
    fn found(&self) -> MutexGuard<'_, Found<K>> {
        self.0.lock()
    }

    fn get(&self, key: K) -> Option<SealingRun> {
        self.found().runs.get(&key).cloned()
    }

    /// Takes what a look found; answers what can be sealed, with the end of each.
    fn look(
        &self,
        runs: Vec<SealingRun>,
        key: impl Fn(&SealingRun) -> K,
        end: impl Fn(&SealingRun) -> u64,
    ) -> BTreeMap<K, RunEnd> {
        let mut found = self.found();
        found.runs = runs.into_iter().map(|run| (key(&run), run)).collect();
        let Found { runs, unreadable } = &mut *found;
        unreadable.retain(|key| runs.contains_key(key));
        let sealed = runs.iter().filter(|(key, _)| !unreadable.contains(key));
        sealed.map(|(key, run)| (*key, RunEnd { head: end(run), edits: 0 })).collect()
    }

    /// What to do where a run could not be sealed: one that is gone is found gone by the next look, one that
    /// is damaged is passed over so that it does not keep the others waiting, all else is tried again.
    fn pass_over(&self, key: K, error: Error) -> Result<(), Error> {
        match error {
            Error::NotFound(_) | Error::Gone(_) => Ok(()),
            Error::Internal { .. } => {
                let mut found = self.found();
                let run = found.runs.get(&key).map(|run| run.id.to_string());
                tracing::error!(run, %error, "a run cannot be read; it is not sealed in the background");
                found.unreadable.insert(key);
                Ok(())
            }
            error => Err(error),
        }
    }
}
