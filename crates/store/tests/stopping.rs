//! A recount that a deletion or the end of the store stops. On a runtime of one thread everything that is
//! asked together waits in the queue before the writer takes the first of it.

#[path = "conformance/fixtures.rs"]
#[allow(dead_code, reason = "this test uses its part")]
mod fixtures;

use fixtures::{at, judged, notes, snapshot};
use gauntlet_model::{FailureRules, RunId, RunPatch};
use gauntlet_store::{Options, Store, StoreError};

/// A run of so many steps that its recount is stopped on the way: none fails by its root, all by the medical
/// rules.
async fn long_run(store: &Store, name: &str) -> RunId {
    let run = judged(store, name, FailureRules::Auto).await;
    let steps = (0..500).map(|n| snapshot(n, n as u64, &[("root", 0.7), ("format", 0.0)])).collect();
    store.append(&run, steps, at(1)).await.unwrap();
    run
}

fn medical() -> RunPatch {
    RunPatch { rules: Some(FailureRules::Dipg), ..RunPatch::default() }
}

async fn failing(store: &Store, run: &RunId) -> u64 {
    store.run(run).await.unwrap().unwrap().failing
}

#[tokio::test]
async fn a_deletion_waits_for_no_recount() {
    for group_events in [1, 4096] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options { group_events, ..Options::new(folder.path()) }).await.unwrap();
        let (kept, removed) = (long_run(&store, "kept").await, long_run(&store, "removed").await);
        let (changed, of_removed, deleted) = tokio::join!(
            store.patch_run(&kept, medical(), at(2)),
            store.patch_run(&removed, medical(), at(2)),
            store.delete_run(&removed, at(2)),
        );
        deleted.unwrap();
        changed.unwrap();
        // The deletion was asked for last. Had it waited for the recounts, this one would have been done. The
        // order of the answers means nothing: where several are there, they are polled as they were asked.
        assert!(matches!(of_removed, Err(StoreError::Gone(_) | StoreError::NotFound(_))), "{of_removed:?}");
        assert_eq!(failing(&store, &kept).await, 500, "the recount was done in the end");
    }
}

#[tokio::test]
async fn the_end_of_the_store_waits_for_no_recount() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(folder.path())).await.unwrap();
    let run = long_run(&store, "r").await;
    let (appended, changed, ()) = tokio::join!(
        store.append(&run, notes(1_000..1_100), at(2)),
        store.patch_run(&run, medical(), at(2)),
        store.close()
    );
    assert_eq!(appended.unwrap().accepted, 100, "what needs no recount is finished");
    assert!(matches!(changed, Err(StoreError::Unavailable { .. })), "{changed:?}");
    let store = Store::open(Options::new(folder.path())).await.unwrap();
    let summary = store.run(&run).await.unwrap().unwrap();
    assert_eq!((summary.rules, summary.head, summary.failing), (FailureRules::Auto, 601, 0));
    store.patch_run(&run, medical(), at(3)).await.unwrap();
    assert_eq!(failing(&store, &run).await, 500);
}
