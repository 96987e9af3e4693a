//! Many at once: sixteen writers, four readers, and producers that send again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gauntlet_model::{Event, RunId};
use gauntlet_store::{Store, StoreError};
use tokio::task::JoinSet;

use super::Backend;
use super::fixtures::*;

const WRITERS: u128 = 16;
const BATCHES: u128 = 25;
const BATCH: u128 = 20;

/// The events of one writer's batch: every fourth fails; the writers take turns at the steps.
fn batch(writer: u128, batch: u128) -> Vec<Event> {
    let event = |n: u128| {
        let number = batch * BATCH + n;
        let (id, step) = ((writer << 64) + number + 1, (number * WRITERS + writer) as u64);
        let grounding = if n.is_multiple_of(4) { -20.0 } else { 1.0 };
        snapshot(id, step, &[("root", n as f64), ("grounding", grounding)])
    };
    (0..BATCH).map(event).collect()
}

/// Sends until it is taken: a full queue is not a loss.
async fn insist(store: &Store, run: &RunId, events: Vec<Event>) -> u64 {
    loop {
        match store.append(run, events.clone(), at(2)).await {
            Ok(appended) => return appended.accepted,
            Err(StoreError::Busy { .. }) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Follows a run's log until it is stopped and has reached the end: dense, each writer's events in its
/// order.
async fn follow(store: Store, run: RunId, stop: Arc<AtomicBool>) -> u64 {
    let (mut after, mut seen) = (None, 0);
    let mut last = [0_u128; WRITERS as usize];
    loop {
        let stopping = stop.load(Ordering::SeqCst);
        let slice = store.read(&run, after, 300, None).await.unwrap();
        for record in &slice.records {
            assert_eq!(record.seq, seen, "no hole, no repeat");
            seen += 1;
            let id = u128::from_be_bytes(*record.id.as_bytes());
            if let Some(step) = record.step {
                let last = &mut last[step as usize % WRITERS as usize];
                assert!(id > *last, "a writer's events keep their order");
                *last = id;
            }
        }
        after = slice.next_after;
        if stopping && seen == slice.head {
            return seen;
        }
    }
}

async fn storm(backend: &impl Backend, repeat: bool) {
    let fresh = backend.empty(|options| options.queue = 8).await;
    let runs = [started(&fresh.store, "a").await, started(&fresh.store, "b").await];
    let stop = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for n in 0..4 {
        readers.spawn(follow(fresh.store.clone(), runs[n % 2].clone(), Arc::clone(&stop)));
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (store, run) = (fresh.store.clone(), runs[writer as usize % 2].clone());
        writers.spawn(async move {
            let mut accepted = 0;
            for n in 0..BATCHES {
                accepted += insist(&store, &run, batch(writer, n)).await;
                if repeat && n % 3 == writer % 3 {
                    accepted += insist(&store, &run, batch(writer, n)).await;
                }
            }
            accepted
        });
    }
    let mut accepted = 0;
    while let Some(written) = writers.join_next().await {
        accepted += written.unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    let total = (WRITERS * BATCHES * BATCH) as u64;
    assert_eq!(accepted, total);
    while let Some(seen) = readers.join_next().await {
        assert_eq!(seen.unwrap(), total / 2 + 1);
    }
    for run in &runs {
        let summary = fresh.store.run(run).await.unwrap().unwrap();
        assert_eq!((summary.head, summary.steps, summary.failing), (total / 2 + 1, total / 2, total / 8));
        let mean = summary.mean_root.unwrap();
        assert!((mean - 9.5).abs() < 1e-9, "{mean}");
    }
}

pub(crate) async fn sixteen_writers_and_four_readers(backend: &impl Backend) {
    storm(backend, false).await;
}

pub(crate) async fn retries_under_load_duplicate_nothing(backend: &impl Backend) {
    storm(backend, true).await;
}
