//! Commands: delivered at least once until acknowledged, in order, never lost, never overwritten.

use gauntlet_model::{Action, CommandApplied, CommandIssued, Event, EventId, Kind, RunId};
use gauntlet_store::{Store, StoreError};

use super::Backend;
use super::fixtures::*;

fn command(id: &str, action: Action) -> CommandIssued {
    CommandIssued {
        command_id: id.to_owned(),
        action,
        parameters: serde_json::json!({ "why": id }).as_object().cloned().unwrap(),
        author: "ada".to_owned(),
    }
}

async fn waiting(store: &Store, run: &RunId) -> Vec<String> {
    store.pending_commands(run).await.unwrap().into_iter().map(|p| p.command.command_id).collect()
}

pub(crate) async fn commands_wait_in_order_until_acknowledged(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    // Ids out of order: the order is that of issuing.
    for (n, id) in ["c", "a", "b"].into_iter().enumerate() {
        let seq = fresh.store.issue_command(&run, command(id, Action::Tweak), at(n as i64)).await.unwrap();
        assert_eq!(seq, n as u64 + 1);
    }
    for _ in 0..2 {
        assert_eq!(waiting(&fresh.store, &run).await, ["c", "a", "b"]);
    }
    assert!(fresh.store.acknowledge_command(&run, "a", "applied", at(9)).await.unwrap());
    assert_eq!(waiting(&fresh.store, &run).await, ["c", "b"]);
    let pending = &fresh.store.pending_commands(&run).await.unwrap()[0];
    assert_eq!((pending.seq, pending.issued_at, &pending.command), (1, at(0), &command("c", Action::Tweak)));
    let kinds: Vec<_> = log(&fresh.store, &run).await.iter().map(|r| r.kind).collect();
    assert_eq!(
        kinds[1..],
        [Kind::CommandIssued, Kind::CommandIssued, Kind::CommandIssued, Kind::CommandApplied]
    );
}

pub(crate) async fn a_command_is_acknowledged_once(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    fresh.store.issue_command(&run, command("a", Action::Resume), at(1)).await.unwrap();
    let (one, two) = tokio::join!(
        fresh.store.acknowledge_command(&run, "a", "done", at(2)),
        fresh.store.acknowledge_command(&run, "a", "done", at(2))
    );
    assert_eq!(one.unwrap() as u8 + two.unwrap() as u8, 1);
    assert!(!fresh.store.acknowledge_command(&run, "a", "again", at(3)).await.unwrap());
    assert_eq!(fresh.store.head(&run).await.unwrap(), Some(3));
    let unknown = fresh.store.acknowledge_command(&run, "zzz", "done", at(3)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
    let nobody = fresh.store.issue_command(&run_id("nobody"), command("a", Action::Stop), at(1)).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))));
}

pub(crate) async fn popping_takes_the_oldest(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    assert_eq!(fresh.store.pop_command(&run, at(1)).await.unwrap(), None);
    assert_eq!(fresh.store.pop_command(&run_id("nobody"), at(1)).await.unwrap(), None);
    fresh.store.issue_command(&run, command("tweak", Action::Tweak), at(1)).await.unwrap();
    fresh.store.issue_command(&run, command("resume", Action::Resume), at(1)).await.unwrap();
    let first = fresh.store.pop_command(&run, at(2)).await.unwrap().unwrap();
    assert_eq!(first.command, command("tweak", Action::Tweak));
    let second = fresh.store.pop_command(&run, at(2)).await.unwrap().unwrap();
    assert_eq!(second.command, command("resume", Action::Resume));
    assert_eq!(fresh.store.pop_command(&run, at(2)).await.unwrap(), None);
    assert_eq!(fresh.store.head(&run).await.unwrap(), Some(5), "each was said to be applied");
}

pub(crate) async fn a_command_issued_twice_is_one(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let first = fresh.store.issue_command(&run, command("a", Action::Pause), at(1)).await.unwrap();
    let second = fresh.store.issue_command(&run, command("a", Action::Pause), at(2)).await.unwrap();
    assert_eq!((first, second), (1, 1));
    let other = fresh.store.issue_command(&run, command("a", Action::Stop), at(3)).await;
    assert!(matches!(other, Err(StoreError::Conflict(_))));
    assert_eq!(waiting(&fresh.store, &run).await, ["a"]);
    // Another run's commands are its own.
    let other = started(&fresh.store, "s").await;
    fresh.store.issue_command(&other, command("a", Action::Stop), at(3)).await.unwrap();
    assert_eq!(fresh.store.pending_commands(&run).await.unwrap()[0].command.action, Action::Pause);
}

pub(crate) async fn commands_in_the_log_are_commands(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let event = |n: u128, body: gauntlet_model::Body| {
        Event::new(EventId::from_u128(n), at(1), None, None, body).unwrap()
    };
    let applied = |id: &str| CommandApplied { command_id: id.to_owned(), result: "ok".to_owned() };
    let batch = vec![
        event(1, command("a", Action::Pause).into()),
        event(2, command("b", Action::Resume).into()),
        event(3, applied("a").into()),
    ];
    fresh.store.append(&run, batch.clone(), at(2)).await.unwrap();
    assert_eq!(waiting(&fresh.store, &run).await, ["b"]);
    fresh.store.append(&run, batch, at(3)).await.unwrap();
    assert_eq!(waiting(&fresh.store, &run).await, ["b"], "sent again, it changes nothing");
    fresh.store.append(&run, vec![event(4, applied("b").into())], at(4)).await.unwrap();
    assert!(waiting(&fresh.store, &run).await.is_empty());
    assert!(!fresh.store.acknowledge_command(&run, "b", "late", at(5)).await.unwrap());
}

pub(crate) async fn concurrent_pops_share_nothing(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    for n in 0..40 {
        fresh.store.issue_command(&run, command(&format!("{n:02}"), Action::Tweak), at(1)).await.unwrap();
    }
    let mut pops = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let (store, run) = (fresh.store.clone(), run.clone());
        pops.spawn(async move { store.pop_command(&run, at(2)).await.unwrap() });
    }
    let mut taken = Vec::new();
    while let Some(popped) = pops.join_next().await {
        taken.extend(popped.unwrap().map(|p| p.command.command_id));
    }
    taken.sort();
    assert_eq!(taken, (0..40).map(|n| format!("{n:02}")).collect::<Vec<_>>());
}
