//! Snapshots as origin clients post them: out of order, and more than once.

use gauntlet_model::{Event, Kind, RunSpec, Status};
use gauntlet_store::{InEpisode, StoreError};
use serde_json::json;

use super::Backend;
use super::fixtures::*;

fn posted(n: u128, step: u64) -> Event {
    scored(n, step, &[("root", step as f64)], json!({ "task_id": "T1", "run_type": "grpo", "n": step }))
}

pub(crate) async fn a_session_begins_with_its_first_snapshot(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = run_id("s1");
    let appended = fresh.store.append_origin(&run, posted(1, 1), at(1)).await.unwrap();
    assert_eq!((appended.accepted, appended.first_seq), (1, Some(1)));
    let summary = fresh.store.run(&run).await.unwrap().unwrap();
    assert_eq!(
        (summary.name.as_str(), summary.project.as_str(), summary.kind.as_str()),
        ("s1", "default", "grpo")
    );
    assert_eq!((summary.task.as_deref(), summary.status, summary.head), (Some("T1"), Status::Running, 2));
    let records = log(&fresh.store, &run).await;
    assert_eq!([records[0].kind, records[1].kind], [Kind::RunStarted, Kind::SnapshotScored]);
    // A run made by other means takes snapshots too, and stays what it is.
    started(&fresh.store, "ours").await;
    fresh.store.append_origin(&run_id("ours"), posted(1, 1), at(1)).await.unwrap();
    assert_eq!(fresh.store.run(&run_id("ours")).await.unwrap().unwrap().kind, "training");
}

pub(crate) async fn a_step_is_stored_once(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = run_id("s1");
    assert_eq!(fresh.store.append_origin(&run, posted(1, 1), at(1)).await.unwrap().accepted, 1);
    // Under the same id, under another id, and many at once.
    for id in [1, 2] {
        let again = fresh.store.append_origin(&run, posted(id, 1), at(2)).await.unwrap();
        assert_eq!((again.accepted, again.duplicates, again.first_seq), (0, 1, None));
    }
    let mut posts = tokio::task::JoinSet::new();
    for n in 0..60 {
        let (store, run) = (fresh.store.clone(), run.clone());
        posts.spawn(async move { store.append_origin(&run, posted(100 + n, (n % 20) as u64), at(3)).await });
    }
    let mut accepted = 0;
    while let Some(outcome) = posts.join_next().await {
        accepted += outcome.unwrap().unwrap().accepted;
    }
    assert_eq!(accepted, 19);
    let records = log(&fresh.store, &run).await;
    assert_dense(&records);
    assert_eq!(records.len(), 21);
    // The same step scored again through the API is simply another event.
    assert_eq!(fresh.store.append(&run, vec![posted(900, 1)], at(4)).await.unwrap().accepted, 1);
    assert_eq!(step(&fresh.store, &run, 1, InEpisode::Any).await.unwrap().len(), 2);
}

pub(crate) async fn a_changed_snapshot_replaces_what_is_shown(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (store, run) = (&fresh.store, run_id("s1"));
    let post = async |n: u128, step: u64, root: f64| {
        let event = scored(n, step, &[("root", root)], json!({ "n": root }));
        store.append_origin(&run, event, at(1)).await.unwrap().accepted
    };
    assert_eq!((post(1, 1, 0.1).await, post(2, 2, 0.2).await), (1, 1));
    assert_eq!(post(3, 1, 0.9).await, 1, "another content");
    assert_eq!((post(4, 1, 0.9).await, post(5, 1, 0.1).await), (0, 0), "each of them again");
    let records = log(store, &run).await;
    assert_eq!(records.len(), 4, "both are in the log");
    let listed =
        store.steps(&run, None, 10, gauntlet_store::SnapshotFilter::AnyOrNone, InEpisode::Any).await.unwrap();
    assert_eq!(listed.iter().map(|r| (r.step, r.root)).collect::<Vec<_>>(), [(1, Some(0.9)), (2, Some(0.2))]);
    let summary = store.run(&run).await.unwrap().unwrap();
    assert_eq!((summary.steps, summary.mean_root), (2, Some(0.55)));
    assert_eq!(store.sessions().await.unwrap()[0].steps, 2);
    // Many at once, each of two contents, in one group or in several.
    let posts = (0..40u128).map(|n| {
        let (store, run) = (store.clone(), run.clone());
        async move {
            let event = scored(100 + n, 7, &[("root", (n % 2) as f64)], json!({}));
            store.append_origin(&run, event, at(3)).await.unwrap().accepted
        }
    });
    assert_eq!(futures::future::join_all(posts).await.into_iter().sum::<u64>(), 2);
    assert_eq!(log(store, &run).await.len(), 6);
}

pub(crate) async fn a_deleted_session_does_not_come_back_with_later_steps(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = run_id("s1");
    for step in [1, 2, 3] {
        fresh.store.append_origin(&run, posted(step.into(), step), at(1)).await.unwrap();
    }
    fresh.store.delete_run(&run, at(2)).await.unwrap();
    let later = fresh.store.append_origin(&run, posted(4, 4), at(3)).await;
    assert!(matches!(later, Err(StoreError::Gone(_))), "{later:?}");
    assert_eq!(fresh.store.run(&run).await.unwrap(), None);
    // A session that starts again under that id is another one.
    fresh.store.append_origin(&run, posted(5, 1), at(4)).await.unwrap();
    fresh.store.append_origin(&run, posted(6, 9), at(4)).await.unwrap();
    let steps: Vec<_> = log(&fresh.store, &run).await.iter().filter_map(|r| r.step).collect();
    assert_eq!(steps, [1, 9]);
}

pub(crate) async fn snapshots_out_of_order_are_all_stored(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = run_id("s1");
    for step in [3, 1, 5, 2, 4] {
        fresh.store.append_origin(&run, posted(step.into(), step), at(1)).await.unwrap();
    }
    let steps: Vec<_> = log(&fresh.store, &run).await.iter().filter_map(|r| r.step).collect();
    assert_eq!(steps, [3, 1, 5, 2, 4], "the log is in order of arrival");
    let listed = fresh
        .store
        .steps(&run, None, 10, gauntlet_store::SnapshotFilter::AnyOrNone, InEpisode::Any)
        .await
        .unwrap();
    assert_eq!(listed.iter().map(|r| r.step).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

pub(crate) async fn labels_that_are_not_allowed_are_passed_over(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let bad = [json!(""), json!("a\nb"), json!("x".repeat(600)), json!(7), json!(null)];
    for (n, word) in bad.into_iter().enumerate() {
        let run = run_id(&format!("s{n}"));
        let event = scored(1, 1, &[("root", 1.0)], json!({ "task_id": word, "run_type": word }));
        fresh.store.append_origin(&run, event, at(1)).await.unwrap();
        let summary = fresh.store.run(&run).await.unwrap().unwrap();
        assert_eq!((summary.kind.as_str(), summary.task), ("training", None));
    }
}

pub(crate) async fn sessions_show_the_last_step(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    assert!(fresh.store.sessions().await.unwrap().is_empty());
    started(&fresh.store, "silent").await;
    for step in [2, 9, 4] {
        fresh.store.append_origin(&run_id("s1"), posted(step.into(), step), at(1)).await.unwrap();
    }
    let batch = [1, 7, 3].map(|step| posted(step.into(), step));
    started(&fresh.store, "s2").await;
    fresh.store.append(&run_id("s2"), batch.to_vec(), at(1)).await.unwrap();
    let sessions = fresh.store.sessions().await.unwrap();
    let seen: Vec<_> = sessions.iter().map(|s| (s.run.as_str(), s.metadata["n"].as_u64(), s.steps)).collect();
    assert_eq!(seen, [("s1", Some(9), 3), ("s2", Some(7), 3)]);
}

pub(crate) async fn the_newest_run_of_a_task_is_found(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let labelled =
        |task: &str, kind: &str| scored(1, 1, &[("root", 1.0)], json!({ "task_id": task, "run_type": kind }));
    for (run, task, kind) in [("a", "T1", "sft"), ("b", "T1", "grpo"), ("c", "T1", "sft"), ("d", "T2", "sft")]
    {
        fresh.store.append_origin(&run_id(run), labelled(task, kind), at(1)).await.unwrap();
    }
    let newest = async |task: &str, kind: &str| {
        fresh.store.newest_of_task(task, kind).await.unwrap().map(|run| run.to_string())
    };
    assert_eq!(newest("T1", "sft").await.as_deref(), Some("c"));
    assert_eq!(newest("T1", "grpo").await.as_deref(), Some("b"));
    assert_eq!(newest("T3", "sft").await, None);
    // Snapshots of a run made through the API name it too, the first one counts; and so does its own
    // metadata.
    started(&fresh.store, "e").await;
    fresh.store.append(&run_id("e"), vec![snapshot(1, 1, &[])], at(2)).await.unwrap();
    fresh
        .store
        .append(&run_id("e"), vec![scored(2, 2, &[], json!({ "task_id": "T1" }))], at(2))
        .await
        .unwrap();
    fresh
        .store
        .append(&run_id("e"), vec![scored(3, 3, &[], json!({ "task_id": "T9", "run_type": "grpo" }))], at(2))
        .await
        .unwrap();
    assert_eq!(newest("T1", "grpo").await.as_deref(), Some("e"));
    let metadata = json!({ "task_id": "T4", "run_type": "sft" }).as_object().cloned().unwrap();
    fresh.store.create_run(RunSpec { metadata, ..RunSpec::named("f") }, run_id("f"), at(3)).await.unwrap();
    assert_eq!(newest("T4", "sft").await.as_deref(), Some("f"));
}
