//! Watching: notified after the commit, of what was asked for.

use std::time::Duration;

use gauntlet_model::{AnnotationAdded, RunPatch};
use tokio::time::timeout;

use super::Backend;
use super::fixtures::*;

const SOON: Duration = Duration::from_secs(20);

pub(crate) async fn the_head_is_published_after_the_commit(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = run_id("r");
    let mut heads = fresh.store.subscribe(&run);
    assert_eq!(*heads.borrow(), 0, "watching may begin before the run does");
    started(&fresh.store, "r").await;
    let writer = async {
        for n in 0..100 {
            fresh.store.append(&run, vec![note(n)], at(2)).await.unwrap();
        }
    };
    let watcher = async {
        let mut last = 0;
        while last < 101 {
            timeout(SOON, heads.changed()).await.unwrap().unwrap();
            let head = *heads.borrow_and_update();
            assert!(head > last, "heads only grow");
            let stored = fresh.store.head(&run).await.unwrap().unwrap();
            assert!(stored >= head, "the head is {head}, but {stored} are stored");
            last = head;
        }
    };
    tokio::join!(writer, watcher);
}

pub(crate) async fn one_watcher_does_not_hear_of_other_runs(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (a, b) = (started(&fresh.store, "a").await, started(&fresh.store, "b").await);
    let (on_a, on_b) = (fresh.store.subscribe(&a), fresh.store.subscribe(&b));
    fresh.store.append(&a, notes(0..3), at(2)).await.unwrap();
    assert!(on_a.has_changed().unwrap());
    assert!(!on_b.has_changed().unwrap());
    // Duplicates are not news.
    let quiet = fresh.store.subscribe(&a);
    fresh.store.append(&a, notes(0..3), at(2)).await.unwrap();
    assert!(!quiet.has_changed().unwrap());
    assert_eq!(*quiet.borrow(), 4);
}

pub(crate) async fn a_deleted_run_ends_its_watch(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let mut heads = fresh.store.subscribe(&run);
    fresh.store.delete_run(&run, at(9)).await.unwrap();
    assert!(timeout(SOON, heads.changed()).await.unwrap().is_err());
}

pub(crate) async fn the_list_changes_with_any_run(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let mut list = fresh.store.subscribe_all();
    let mut changed = async |what: &str| {
        let change = timeout(SOON, list.changed()).await;
        assert!(change.is_ok_and(|h| h.is_ok()), "{what}");
        list.borrow_and_update();
    };
    let run = started(&fresh.store, "r").await;
    changed("created").await;
    fresh.store.append(&run, notes(0..1), at(2)).await.unwrap();
    changed("appended to").await;
    let patch = RunPatch { name: Some("other".to_owned()), ..RunPatch::default() };
    fresh.store.patch_run(&run, patch, at(3)).await.unwrap();
    changed("renamed").await;
    fresh.store.delete_run(&run, at(9)).await.unwrap();
    changed("deleted").await;
    fresh.store.ping().await.unwrap();
    assert!(!fresh.store.subscribe_all().has_changed().unwrap());
}

pub(crate) async fn a_follower_gets_events_as_they_are_committed(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let mut recent = fresh.store.follow(&run);
    assert_eq!(recent.from(1, 10, usize::MAX), None, "what was committed before is in the log");
    fresh.store.append(&run, notes(0..3), at(2)).await.unwrap();
    let scored =
        event(7, Some("e"), 5, AnnotationAdded { text: "t".into(), author: "a".into(), range: None });
    fresh.store.append(&run, [notes(1..4), vec![scored]].concat(), at(3)).await.unwrap();
    timeout(SOON, recent.head.changed()).await.unwrap().unwrap();
    let stored = fresh.store.read(&run, Some(0), 10, None).await.unwrap().records;
    assert_eq!((stored.len(), recent.from(1, 10, usize::MAX)), (5, Some(stored.clone())));
    assert_eq!(recent.from(3, 2, usize::MAX).unwrap(), stored[2..4]);
    assert_eq!(recent.from(2, 10, 1).unwrap(), stored[1..2], "a limit of bytes lets one event pass");
    assert_eq!((recent.from(0, 10, usize::MAX), recent.from(6, 10, usize::MAX)), (None, None));
    let another = fresh.store.follow(&run);
    assert_eq!(another.from(1, 10, usize::MAX), Some(stored), "followers share what is held");
}

pub(crate) async fn a_follower_reads_old_events_from_the_log(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let recent = fresh.store.follow(&run);
    let text = "x".repeat(100_000);
    for n in 0..20 {
        let body = AnnotationAdded { text: text.clone(), author: "a".into(), range: None };
        fresh.store.append(&run, vec![event(n, None, 1, body)], at(2)).await.unwrap();
    }
    assert_eq!(recent.from(1, 20, usize::MAX), None, "memory is bounded");
    let newest = recent.from(15, 20, usize::MAX).unwrap();
    assert_eq!(newest, fresh.store.read(&run, Some(14), 20, None).await.unwrap().records);
    drop(recent);
    let recent = fresh.store.follow(&run);
    assert_eq!(recent.from(15, 20, usize::MAX), None, "nothing is held where nobody follows");
    fresh.store.delete_run(&run, at(9)).await.unwrap();
    assert!(recent.head.has_changed().is_err(), "a deleted run ends its followers");
    let again = started(&fresh.store, "other").await;
    assert_eq!(fresh.store.follow(&again).from(0, 20, usize::MAX), None);
}
