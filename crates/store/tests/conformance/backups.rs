//! The list of backups: one at a time, how each went, and what of it is forgotten.

use gauntlet_model::{Backup, BackupKind, BackupStatus};
use gauntlet_store::StoreError;

use super::Backend;
use super::fixtures::*;

pub(crate) async fn one_backup_at_a_time_is_asked_for(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    assert_eq!(store.backups().await.unwrap(), []);
    let asking = (0..8).map(|n| store.ask_backup(None, "ada", at(n)));
    let asked: Vec<_> = futures::future::join_all(asking).await;
    let numbers: Vec<u64> = asked.iter().filter_map(|asked| asked.as_ref().ok().copied()).collect();
    assert_eq!(numbers.len(), 1, "{asked:?}");
    for refused in asked.iter().filter_map(|asked| asked.as_ref().err()) {
        assert!(matches!(refused, StoreError::Conflict(why) if why.contains("already")), "{refused:?}");
    }
    let waiting = store.backups().await.unwrap().remove(0);
    assert_eq!((waiting.id, waiting.status, waiting.kind), (numbers[0], BackupStatus::Waiting, None));
    let running = Backup { status: BackupStatus::Running, started_at: Some(at(20)), ..waiting };
    store.put_backup(running.clone()).await.unwrap();
    let refused = store.ask_backup(None, "ada", at(21)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let completed = Backup {
        status: BackupStatus::Completed,
        kind: Some(BackupKind::Full),
        took_ms: Some(1500),
        file: Some("a.tar.zst".to_owned()),
        bytes: Some(1 << 40),
        raw_bytes: Some(1 << 42),
        events: Some(3),
        sha256: Some("00ff".to_owned()),
        verified: true,
        ..running
    };
    store.put_backup(completed.clone()).await.unwrap();
    assert_eq!(store.backups().await.unwrap(), std::slice::from_ref(&completed));
    let next = store.ask_backup(Some(BackupKind::Incremental), "schedule", at(30)).await.unwrap();
    assert!(next > completed.id);
    let list = store.backups().await.unwrap();
    assert_eq!((list.len(), list[0].id, list[0].kind), (2, next, Some(BackupKind::Incremental)));
    // The archive of the first one was deleted.
    store.note_removed_backup("a.tar.zst", at(31)).await.unwrap();
    let list = store.backups().await.unwrap();
    assert_eq!((list[0].removed_at, list[1].removed_at), (None, Some(at(31))));
}

pub(crate) async fn an_interrupted_backup_makes_room_and_does_not_begin_again(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    store.ask_backup(None, "schedule", at(0)).await.unwrap();
    // Only one that goes on can be interrupted.
    store.interrupt_backup(at(1)).await.unwrap();
    let waiting = store.backups().await.unwrap().remove(0);
    assert_eq!(waiting.status, BackupStatus::Waiting);
    let running = Backup { status: BackupStatus::Running, started_at: Some(at(2)), ..waiting };
    store.put_backup(running.clone()).await.unwrap();
    store.interrupt_backup(at(5)).await.unwrap();
    let interrupted = store.backups().await.unwrap().remove(0);
    assert_eq!((interrupted.status, interrupted.ended_at()), (BackupStatus::Interrupted, Some(at(5))));
    store.ask_backup(None, "schedule", at(6)).await.unwrap();
    // The server that was suspended wakes up.
    store.put_backup(running.clone()).await.unwrap();
    assert_eq!(store.backups().await.unwrap()[1], interrupted);
    let failed =
        Backup { status: BackupStatus::Failed, error: Some("the disk is full".to_owned()), ..running };
    store.put_backup(failed.clone()).await.unwrap();
    let list = store.backups().await.unwrap();
    assert_eq!((list[0].status, &list[1]), (BackupStatus::Waiting, &failed));
}

pub(crate) async fn the_oldest_backups_leave_the_list(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    for n in 0..203 {
        store.ask_backup(None, "schedule", at(n)).await.unwrap();
        let waiting = store.backups().await.unwrap().remove(0);
        store.put_backup(Backup { status: BackupStatus::Failed, ..waiting }).await.unwrap();
    }
    let list = store.backups().await.unwrap();
    assert_eq!((list.len(), list[0].asked_at, list[199].asked_at), (200, at(202), at(3)));
}
