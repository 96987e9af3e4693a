//! Appending: order, idempotency, atomicity, back pressure, durability.

use gauntlet_model::{EventId, Kind, RunSummary};
use gauntlet_store::{Appended, StoreError};

use super::Backend;
use super::fixtures::*;

pub(crate) async fn keeps_order_and_content(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    // Ids fall while the log grows: the order is that of arrival, not of ids.
    let events: Vec<_> = (0..250).map(|n| note(1000 - n)).collect();
    fresh.store.append(&run, events[..120].to_vec(), at(2)).await.unwrap();
    fresh.store.append(&run, events[120..].to_vec(), at(3)).await.unwrap();
    let records = log(&fresh.store, &run).await;
    assert_dense(&records);
    assert_eq!(records[0].kind, Kind::RunStarted);
    assert_eq!(records[0].id, RunSummary::started_event_id(&run));
    for (record, event) in records[1..].iter().zip(&events) {
        assert_eq!(record.event().unwrap(), *event);
    }
    assert_eq!(records[1].received_at, at(2));
    assert_eq!(records[250].received_at, at(3));
}

pub(crate) async fn answers_what_it_appended(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let first = fresh.store.append(&run, notes(0..10), at(2)).await.unwrap();
    assert_eq!(first, Appended { accepted: 10, duplicates: 0, first_seq: Some(1), last_seq: Some(10) });
    let second = fresh.store.append(&run, notes(8..12), at(2)).await.unwrap();
    assert_eq!(second, Appended { accepted: 2, duplicates: 2, first_seq: Some(11), last_seq: Some(12) });
    let third = fresh.store.append(&run, notes(0..12), at(2)).await.unwrap();
    assert_eq!(third, Appended { accepted: 0, duplicates: 12, first_seq: None, last_seq: None });
}

pub(crate) async fn an_event_sent_twice_is_there_once(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let twice: Vec<_> = notes(0..5).into_iter().chain(notes(0..5)).collect();
    let appended = fresh.store.append(&run, twice.clone(), at(2)).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates), (5, 5));
    // At once, so that both are likely to meet in one commit.
    let (a, b) = tokio::join!(
        fresh.store.append(&run, notes(5..300), at(2)),
        fresh.store.append(&run, notes(5..300), at(2))
    );
    assert_eq!(a.unwrap().accepted + b.unwrap().accepted, 295);
    let records = log(&fresh.store, &run).await;
    assert_dense(&records);
    let ids: std::collections::BTreeSet<EventId> = records.iter().map(|r| r.id).collect();
    assert_eq!((records.len(), ids.len()), (301, 301));
}

pub(crate) async fn duplicates_leave_no_hole(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    fresh.store.append(&run, (0..100).step_by(3).map(note).collect(), at(2)).await.unwrap();
    fresh.store.append(&run, notes(0..100), at(2)).await.unwrap();
    let records = log(&fresh.store, &run).await;
    assert_dense(&records);
    assert_eq!(records.len(), 101);
    assert_eq!(fresh.store.run(&run).await.unwrap().unwrap().head, 101);
}

pub(crate) async fn the_same_id_in_two_runs_is_two_events(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (a, b) = (started(&fresh.store, "a").await, started(&fresh.store, "b").await);
    for run in [&a, &b] {
        assert_eq!(fresh.store.append(run, notes(0..3), at(2)).await.unwrap().accepted, 3);
    }
}

pub(crate) async fn an_unknown_run_refuses_only_its_own_batch(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let unknown = run_id("nobody");
    let (good, bad, also_good) = tokio::join!(
        fresh.store.append(&run, notes(0..3), at(2)),
        fresh.store.append(&unknown, notes(0..3), at(2)),
        fresh.store.append(&run, notes(3..6), at(2)),
    );
    assert_eq!((good.unwrap().accepted, also_good.unwrap().accepted), (3, 3));
    assert!(matches!(bad, Err(StoreError::NotFound(_))));
    assert_eq!(fresh.store.run(&unknown).await.unwrap(), None);
}

pub(crate) async fn a_batch_is_seen_completely_or_not_at_all(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let writer = async {
        for batch in 0..30 {
            fresh.store.append(&run, notes(batch * 150..(batch + 1) * 150), at(2)).await.unwrap();
        }
    };
    let reader = async {
        loop {
            let head = fresh.store.head(&run).await.unwrap().unwrap();
            assert_eq!((head - 1) % 150, 0, "a part of a batch is visible at head {head}");
            let slice = fresh.store.read(&run, head.checked_sub(2), 1, None).await.unwrap();
            assert_eq!(slice.records.len(), 1, "the head's event is there");
            if head == 30 * 150 + 1 {
                break;
            }
        }
    };
    tokio::join!(writer, reader);
}

pub(crate) async fn an_empty_batch_is_nothing(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    assert_eq!(fresh.store.append(&run, Vec::new(), at(2)).await.unwrap(), Appended::default());
    assert_eq!(fresh.store.head(&run).await.unwrap(), Some(1));
    let unknown = fresh.store.append(&run_id("nobody"), Vec::new(), at(2)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
}

/// Many appends at once on a queue too small for them: whatever was not refused is there, once.
async fn flood(fresh: super::Fresh) {
    let run = started(&fresh.store, "r").await;
    let mut flood = tokio::task::JoinSet::new();
    for batch in 0..200_u128 {
        let (store, run) = (fresh.store.clone(), run.clone());
        flood.spawn(async move { store.append(&run, notes(batch * 50..(batch + 1) * 50), at(2)).await });
    }
    let (mut accepted, mut busy) = (0, 0);
    while let Some(outcome) = flood.join_next().await {
        match outcome.unwrap() {
            Ok(appended) => accepted += appended.accepted,
            Err(StoreError::Busy { retry_after }) => {
                assert!(!retry_after.is_zero());
                busy += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(busy > 0, "nothing was refused");
    assert!(accepted > 0, "everything was refused");
    let records = log(&fresh.store, &run).await;
    assert_dense(&records);
    assert_eq!(records.len() as u64, accepted + 1);
    // The queue is empty again: the next one finds room.
    assert_eq!(fresh.store.append(&run, vec![note(1 << 90)], at(3)).await.unwrap().accepted, 1);
}

pub(crate) async fn a_full_queue_is_refused_at_once(backend: &impl Backend) {
    flood(backend.empty(|options| options.queue = 1).await).await;
}

pub(crate) async fn a_queue_full_of_bytes_is_refused_at_once(backend: &impl Backend) {
    flood(backend.empty(|options| options.queue_bytes = 4096).await).await;
}

pub(crate) async fn what_was_acknowledged_survives_a_restart(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let options = fresh.options.clone();
    let run = started(&fresh.store, "r").await;
    fresh.store.append(&run, notes(0..500), at(2)).await.unwrap();
    let before = log(&fresh.store, &run).await;
    let summary = fresh.store.run(&run).await.unwrap();
    if options.database.is_none() {
        let second = backend.open(options.clone()).await;
        assert!(matches!(second, Err(StoreError::Conflict(_))), "one process has a data folder");
    }
    fresh.store.close().await;
    let again = backend.open(options).await.unwrap();
    assert_eq!(log(&again, &run).await, before);
    assert_eq!(again.run(&run).await.unwrap(), summary);
    let appended = again.append(&run, notes(400..600), at(3)).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates, appended.first_seq), (100, 100, Some(501)));
    again.close().await;
}

pub(crate) async fn a_closed_store_refuses(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let (last, ()) = tokio::join!(fresh.store.append(&run, notes(0..10), at(2)), fresh.store.close());
    assert_eq!(last.unwrap().accepted, 10, "what was in the queue is done");
    assert!(matches!(
        fresh.store.append(&run, notes(10..11), at(2)).await,
        Err(StoreError::Unavailable { .. })
    ));
    assert!(matches!(fresh.store.head(&run).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(fresh.store.ping().await, Err(StoreError::Unavailable { .. })));
    fresh.store.close().await;
}
