//! What the values of each run came to, for lists of runs: computed from its folded film whenever its log has
//! grown, and stored together with the head of the log that it was computed from. It is the same computation
//! as that of a comparison.
//!
//! It is no [`gauntlet_follow::Follower`], which hands over events in order: totals are computed from the
//! whole film, of which one may be cached, and of a run that has grown meanwhile only the last one is stored.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use gauntlet_film::{Film, mean};
use gauntlet_model::RunId;
use gauntlet_store::{PathTotals, Projection, StaleRun, Store};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::compare::totals;
use crate::films::Films;

/// Least time between two checks for runs that have grown.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// After each run there is a rest of so many times as long as it took: ingest comes first.
const REST_FACTOR: u32 = 3;
/// A run that goes on is computed again after so many times as long as it took.
const RUN_REST_FACTOR: u32 = 20;
/// Paths that are stored of one run at most.
const MAX_PATHS: usize = 500;
/// Nodes up to which the film of a run that goes on is cached.
const CACHED_NODES: usize = 50_000;
/// Most means of a sparkline.
const SPARKLINE_POINTS: usize = 60;

/// Keeps the projections up to date until `stop`. One server of a database does it for all.
pub async fn run(films: Films, stop: CancellationToken) {
    let leases = films.store().leases();
    leases.while_held("run totals", &stop, || keep_current(films.clone(), stop.clone())).await;
}

async fn keep_current(films: Films, stop: CancellationToken) {
    let store = films.store().clone();
    let mut projections =
        Projections { others: films, films: Films::new(store.clone()), store, taken: HashMap::new() };
    let mut changes = projections.store.subscribe_all();
    let updates = async {
        loop {
            changes.mark_unchanged();
            let is_current = projections.update().await;
            tokio::time::sleep(CHECK_INTERVAL).await;
            if is_current && changes.changed().await.is_err() {
                return;
            }
        }
    };
    stop.run_until_cancelled(updates).await;
}

/// The projections of all runs.
struct Projections {
    store: Store,
    /// The films that people look at: a backlog of runs would drive them out of their cache.
    others: Films,
    /// The films that projections are computed from.
    films: Films,
    /// When a run that goes on was last computed, and how long that took.
    taken: HashMap<RunId, (Instant, Duration)>,
}

impl Projections {
    /// Computes what is behind; `false` where some of it has to be looked at again.
    async fn update(&mut self) -> bool {
        let stale = match self.store.stale_runs().await {
            Ok(stale) => stale,
            Err(error) => {
                tracing::warn!(%error, "what the runs came to cannot be brought up to date");
                return false;
            }
        };
        self.taken.retain(|run, _| stale.iter().any(|it| it.run == *run));
        let mut is_current = true;
        for run in stale {
            let rests = |(at, took): &(Instant, Duration)| at.elapsed() < *took * RUN_REST_FACTOR;
            if !run.status.is_final() && self.taken.get(&run.run).is_some_and(rests) {
                is_current = false;
                continue;
            }
            let began = Instant::now();
            match self.project(&run).await {
                // It may be gone meanwhile.
                Ok(()) | Err(Error::NotFound(_)) => {}
                Err(error) => {
                    tracing::warn!(run = %run.run, %error, "what a run came to could not be computed");
                    is_current = false;
                }
            }
            let took = began.elapsed();
            self.taken.insert(run.run, (Instant::now(), took));
            tokio::time::sleep(took * REST_FACTOR).await;
        }
        is_current
    }

    async fn project(&self, stale: &StaleRun) -> Result<(), Error> {
        let look = |film: &Film| (projection(film), film.len());
        let turn = self.others.turn().await;
        let (mut projection, nodes) = self.films.look(&stale.run, look).await?;
        if stale.status.is_final() || nodes > CACHED_NODES {
            self.films.forget(&stale.run);
        }
        drop(turn);
        // Where the end of a log cannot be read, looking again would not help.
        projection.head = projection.head.max(stale.head);
        Ok(self.store.put_projection(&stale.run, projection).await?)
    }
}

fn projection(film: &Film) -> Projection {
    let paths = film.paths().iter().filter_map(|path| {
        let totals = totals(film, path)?;
        let path = path.path.clone();
        Some(PathTotals { path, last: totals.last, mean: totals.mean, low: totals.low, high: totals.high })
    });
    Projection {
        head: film.head(),
        paths: paths.take(MAX_PATHS).collect(),
        sparkline: film.find_path("root").map_or_else(Vec::new, |root| {
            let means: Vec<f64> = film.values_by_step(root).map(|step| step.mean).collect();
            thinned(&means)
        }),
    }
}

/// The means of as many stretches of equal length as a sparkline has.
fn thinned(values: &[f64]) -> Vec<f64> {
    let count = values.len().min(SPARKLINE_POINTS);
    let stretch = |index: usize| &values[index * values.len() / count..(index + 1) * values.len() / count];
    (0..count).filter_map(|index| mean(stretch(index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_has_few_means_in_order() {
        assert_eq!(thinned(&[]), [0.0; 0]);
        assert_eq!(thinned(&[3.0, 1.0]), [3.0, 1.0]);
        let many: Vec<f64> = (0..600).map(f64::from).collect();
        let thin = thinned(&many);
        assert_eq!(thin.len(), 60);
        assert!((thin[0] - 4.5).abs() < 1e-9 && (thin[59] - 594.5).abs() < 1e-9, "{thin:?}");
        assert_eq!(thinned(&vec![1.0; 61]).len(), 60);
        assert!(thinned(&vec![f64::MAX; 6000]).iter().all(|mean| mean.is_finite()));
    }
}
