//! Runs: creating, importing, folding, changing, deleting.

use gauntlet_model::{
    EpisodeId, EpisodeStarted, Event, EventId, Kind, Object, RunFinished, RunPatch, RunSpec, RunStatus,
    Status,
};
use gauntlet_store::StoreError;
use serde_json::json;

use super::Backend;
use super::fixtures::*;

fn spec() -> RunSpec {
    RunSpec {
        project: Some("maze".to_owned()),
        kind: Some("grpo".to_owned()),
        task: Some("escape".to_owned()),
        tags: vec!["night".to_owned()],
        config: json!({ "lr": 1e-5, "layers": [1, 2] }).as_object().cloned().unwrap(),
        ..RunSpec::named("Run one")
    }
}

pub(crate) async fn creating_twice_is_creating_once(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let id = run_id("r");
    let first = fresh.store.create_run(spec(), id.clone(), at(1)).await.unwrap();
    assert!(first.new);
    assert_eq!(
        (first.run.name.as_str(), first.run.project.as_str(), first.run.kind.as_str()),
        ("Run one", "maze", "grpo")
    );
    assert_eq!((first.run.status, first.run.head, first.run.created_at), (Status::Pending, 1, at(1)));
    let second = fresh.store.create_run(spec(), id.clone(), at(2)).await.unwrap();
    assert!(!second.new);
    assert_eq!(second.run, first.run);
    // At once, and with the keys of an object in another order.
    let mut turned = spec();
    turned.config = json!({ "layers": [1, 2], "lr": 1e-5 }).as_object().cloned().unwrap();
    let other = run_id("s");
    let (a, b) = tokio::join!(
        fresh.store.create_run(spec(), other.clone(), at(1)),
        fresh.store.create_run(turned, other.clone(), at(1))
    );
    assert_eq!(a.unwrap().new as u8 + b.unwrap().new as u8, 1);
    // A name given by a person later is not other content.
    let patch = RunPatch { name: Some("Renamed".to_owned()), ..RunPatch::default() };
    fresh.store.patch_run(&id, patch, at(3)).await.unwrap();
    let third = fresh.store.create_run(spec(), id, at(4)).await.unwrap();
    assert_eq!((third.new, third.run.name.as_str()), (false, "Renamed"));
}

pub(crate) async fn other_content_is_a_conflict(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let id = run_id("r");
    fresh.store.create_run(spec(), id.clone(), at(1)).await.unwrap();
    let other = RunSpec { task: Some("another".to_owned()), ..spec() };
    assert!(matches!(fresh.store.create_run(other, id.clone(), at(2)).await, Err(StoreError::Conflict(_))));
    assert_eq!(fresh.store.head(&id).await.unwrap(), Some(1));
}

pub(crate) async fn an_import_is_all_or_nothing(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let events: Vec<_> = (0..1000).map(|n| snapshot(n, n as u64, &[("root", 1.0)])).collect();
    let run = fresh.store.import_run(spec(), run_id("r"), events.clone(), at(5)).await.unwrap();
    assert_eq!((run.head, run.steps, run.mean_root), (1001, 1000, Some(1.0)));
    let again = fresh.store.import_run(spec(), run_id("r"), events.clone(), at(6)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    assert_eq!(fresh.store.head(&run.id).await.unwrap(), Some(1001));
    let bad = RunSpec::named("");
    assert!(fresh.store.import_run(bad, run_id("s"), events, at(6)).await.is_err());
    assert_eq!(fresh.store.run(&run_id("s")).await.unwrap(), None);
}

pub(crate) async fn an_exported_log_imports_as_itself(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let id = run_id("r");
    fresh.store.create_run(spec(), id.clone(), at(1)).await.unwrap();
    fresh.store.append(&id, notes(0..10), at(2)).await.unwrap();
    let events: Vec<Event> = log(&fresh.store, &id).await.iter().map(|r| r.event().unwrap()).collect();
    let copy = fresh.store.import_run(spec(), run_id("copy"), events.clone(), at(9)).await.unwrap();
    assert_eq!(copy.head, 11);
    let copied: Vec<Event> = log(&fresh.store, &copy.id).await.iter().map(|r| r.event().unwrap()).collect();
    assert_eq!(copied, events);
}

pub(crate) async fn the_summary_is_the_fold_of_the_log(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let summary = async || fresh.store.run(&run).await.unwrap().unwrap();
    assert_eq!((summary().await.mean_root, summary().await.last_root), (None, None));
    let event = |n: u128, episode: Option<&str>, body: gauntlet_model::Body| {
        let episode = episode.map(|e| EpisodeId::new(e).unwrap());
        Event::new(EventId::from_u128(n), at(1), episode, None, body).unwrap()
    };
    let began = EpisodeStarted { task: None, metadata: Object::new() };
    let events = vec![
        event(1, Some("e"), began.into()),
        snapshot(2, 5, &[("root", 4.0)]),
        snapshot(3, 3, &[("root", 1.0), ("grounding", -20.0)]),
        snapshot(4, 4, &[("format", 1.0)]),
    ];
    fresh.store.append(&run, events, at(10)).await.unwrap();
    let s = summary().await;
    assert_eq!((s.status, s.head, s.steps, s.episodes, s.failing), (Status::Running, 5, 3, 1, 1));
    assert_eq!((s.mean_root, s.last_root, s.updated_at), (Some(2.5), Some(1.0), at(10)));
    let paused = RunStatus { status: Status::Paused, reason: None };
    fresh.store.append(&run, vec![event(5, None, paused.into()), note(6)], at(11)).await.unwrap();
    assert_eq!(summary().await.status, Status::Paused);
    let done = RunFinished { status: Status::Completed, summary: None };
    // A clock that steps back does not take `updated_at` with it.
    fresh
        .store
        .append(&run, vec![event(7, None, done.into()), snapshot(8, 6, &[("root", 4.0)])], at(3))
        .await
        .unwrap();
    let s = summary().await;
    assert_eq!((s.status, s.steps, s.mean_root, s.updated_at), (Status::Completed, 4, Some(3.0), at(11)));
}

pub(crate) async fn huge_scores_keep_the_mean_finite(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    for batch in 0..4_u128 {
        let root = |n: u128| if n.is_multiple_of(2) { f64::MAX } else { f64::MIN };
        let events = (0..6).map(|n| snapshot(batch * 6 + n, n as u64, &[("root", root(n + batch))]));
        fresh.store.append(&run, events.collect(), at(2)).await.unwrap();
    }
    let mean = fresh.store.run(&run).await.unwrap().unwrap().mean_root.unwrap();
    assert!(mean.is_finite(), "{mean}");
}

pub(crate) async fn a_patch_changes_what_it_names(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let id = run_id("r");
    fresh.store.create_run(spec(), id.clone(), at(1)).await.unwrap();
    let patch = RunPatch { notes: Some("odd at step 9".to_owned()), ..RunPatch::default() };
    let run = fresh.store.patch_run(&id, patch, at(2)).await.unwrap();
    assert_eq!((run.notes.as_str(), run.name.as_str(), run.head), ("odd at step 9", "Run one", 1));
    let stop = RunPatch { status: Some(Status::Cancelled), tags: Some(vec![]), ..RunPatch::default() };
    let run = fresh.store.patch_run(&id, stop.clone(), at(3)).await.unwrap();
    assert_eq!(
        (run.status, run.head, run.tags.len(), run.notes.as_str()),
        (Status::Cancelled, 2, 0, "odd at step 9")
    );
    assert_eq!(log(&fresh.store, &id).await[1].kind, Kind::RunStatus);
    let run = fresh.store.patch_run(&id, stop, at(4)).await.unwrap();
    assert_eq!(run.head, 2, "the same status again is not an event");
    for status in [Status::Running, Status::Cancelled] {
        let patch = RunPatch { status: Some(status), ..RunPatch::default() };
        fresh.store.patch_run(&id, patch, at(5)).await.unwrap();
    }
    assert_eq!(fresh.store.head(&id).await.unwrap(), Some(4));
    let missing = fresh.store.patch_run(&run_id("nobody"), RunPatch::default(), at(5)).await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
}

pub(crate) async fn a_deleted_run_is_gone(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let kept = started(&fresh.store, "kept").await;
    for run in [&run, &kept] {
        fresh.store.append(run, notes(0..5000), at(2)).await.unwrap();
        fresh.store.put_chunk(run, 0, 0, *b"film").await.unwrap();
    }
    fresh.store.delete_run(&run, at(9)).await.unwrap();
    assert_eq!(fresh.store.run(&run).await.unwrap(), None);
    assert_eq!(fresh.store.chunk(&run, 0, 0).await.unwrap(), None);
    // What is still sent for it is refused: it does not come back with its later events only.
    assert!(matches!(fresh.store.append(&run, notes(0..1), at(3)).await, Err(StoreError::Gone(_))));
    assert!(matches!(fresh.store.delete_run(&run, at(9)).await, Err(StoreError::Gone(_))));
    assert!(fresh.store.is_gone(&run).await.unwrap() && !fresh.store.is_gone(&kept).await.unwrap());
    assert!(matches!(
        fresh.store.append(&run_id("never"), notes(0..1), at(3)).await,
        Err(StoreError::NotFound(_))
    ));
    // The id is free again, and nothing of the old run shows in the new one.
    started(&fresh.store, "r").await;
    let appended = fresh.store.append(&run, notes(0..10), at(4)).await.unwrap();
    assert_eq!((appended.accepted, appended.first_seq), (10, Some(1)));
    assert_eq!(log(&fresh.store, &run).await.len(), 11);
    assert!(!fresh.store.is_gone(&run).await.unwrap());
    assert_eq!(log(&fresh.store, &kept).await.len(), 5001);
}

pub(crate) async fn bad_arguments_are_named(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let named = |error: StoreError| match error {
        StoreError::Invalid { field, .. } => field,
        other => panic!("{other}"),
    };
    let unnamed = fresh.store.create_run(RunSpec::named(""), run_id("s"), at(1)).await.unwrap_err();
    assert_eq!(named(unnamed), "name");
    let patch = RunPatch { tags: Some(vec!["a\nb".to_owned()]), ..RunPatch::default() };
    assert_eq!(named(fresh.store.patch_run(&run, patch, at(1)).await.unwrap_err()), "tags[0]");
    let stepless = fresh.store.append_origin(&run, note(1), at(1)).await.unwrap_err();
    assert_eq!(named(stepless), "step");
}

pub(crate) async fn a_chunk_that_is_stored_again_replaces_the_first(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    assert_eq!(fresh.store.chunk(&run, 1, 2).await.unwrap(), None);
    fresh.store.put_chunk(&run, 1, 2, vec![0, 255, 3]).await.unwrap();
    fresh.store.put_chunk(&run, 1, 2, vec![9]).await.unwrap();
    assert_eq!(fresh.store.chunk(&run, 1, 2).await.unwrap(), Some(vec![9]));
    assert_eq!(fresh.store.chunk(&run, 2, 1).await.unwrap(), None);
    assert_eq!(fresh.store.chunk(&run, 1, u64::MAX).await.unwrap(), None);
    let nobody = fresh.store.put_chunk(&run_id("nobody"), 0, 0, vec![1]).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))));
}

pub(crate) async fn a_store_that_works_answers_a_ping(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    fresh.store.ping().await.unwrap();
    fresh.store.ping().await.unwrap();
}
