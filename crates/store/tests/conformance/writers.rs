//! Writers of a run: who lives, who ended, who is lost, and when the run has ended.

use gauntlet_model::{
    Body, Contact, Kind, Object, RunFinished, RunId, RunPatch, Score, ScoreAdded, ScoreTarget, Status,
    StepKind, StepRecorded, WriterAnswer, WriterCounts, WriterId, WriterReport,
};
use gauntlet_store::{Store, StoreError};

use super::Backend;
use super::fixtures::*;

async fn report(store: &Store, run: &RunId, writer: &str, report: WriterReport, second: i64) -> WriterAnswer {
    store.put_writer(run, &WriterId::new(writer).unwrap(), report, at(second)).await.unwrap()
}

async fn runs(store: &Store, run: &RunId, writer: &str, second: i64) -> WriterAnswer {
    report(store, run, writer, WriterReport::running(10), second).await
}

async fn ends(store: &Store, run: &RunId, writer: &str, status: Status, second: i64) -> WriterAnswer {
    report(store, run, writer, WriterReport::finished(status), second).await
}

fn counts(running: u64, finished: u64, lost: u64) -> WriterCounts {
    WriterCounts { running, finished, lost }
}

/// How the run ended, each time it did.
async fn finishes(store: &Store, run: &RunId) -> Vec<RunFinished> {
    let events = log(store, run).await.into_iter().map(|record| record.event().unwrap());
    events
        .filter_map(|event| match event.body() {
            Body::RunFinished(end) => Some(end.clone()),
            _ => None,
        })
        .collect()
}

async fn contact(store: &Store, run: &RunId) -> Option<Contact> {
    store.run(run).await.unwrap().unwrap().contact
}

pub(crate) async fn the_last_writer_ends_the_run(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (store, run) = (&fresh.store, started(&fresh.store, "r").await);
    assert_eq!(runs(store, &run, "a", 1).await.writers, counts(1, 0, 0));
    assert_eq!(runs(store, &run, "b", 2).await.writers, counts(2, 0, 0));
    store.append(&run, vec![note(1)], at(3)).await.unwrap();
    let first = ends(store, &run, "a", Status::Completed, 4).await;
    assert_eq!((first.status, first.writers), (Status::Running, counts(1, 1, 0)));
    assert!(finishes(store, &run).await.is_empty(), "b goes on");
    let mut end = WriterReport::finished(Status::Completed);
    end.summary = Some(Object::from_iter([("best".to_owned(), 0.5.into())]));
    let last = report(store, &run, "b", end.clone(), 5).await;
    assert_eq!((last.status, last.writers), (Status::Completed, counts(0, 2, 0)));
    let expected = RunFinished { status: Status::Completed, summary: end.summary.clone() };
    assert_eq!(finishes(store, &run).await, std::slice::from_ref(&expected));
    assert_eq!(contact(store, &run).await, None);
    // Sent again, and overtaken by an older report: nothing changes.
    assert_eq!(report(store, &run, "b", end, 6).await, last);
    assert_eq!(runs(store, &run, "b", 7).await, last);
    assert_eq!(finishes(store, &run).await, [expected]);
}

pub(crate) async fn the_worst_end_is_the_run_s(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let check = async |name: &str, statuses: &[(Status, Option<i64>)], expect: (Status, Option<i64>)| {
        let run = started(store, name).await;
        for (n, _) in statuses.iter().enumerate() {
            runs(store, &run, &format!("w{n}"), 1).await;
        }
        for (n, (status, exit_code)) in statuses.iter().enumerate() {
            let end = WriterReport { exit_code: *exit_code, ..WriterReport::finished(*status) };
            report(store, &run, &format!("w{n}"), end, 2).await;
        }
        let end = finishes(store, &run).await;
        let code = end[0].summary.as_ref().and_then(|s| s["exit_code"].as_i64());
        assert_eq!((end.len(), end[0].status, code), (1, expect.0, expect.1), "{name}");
    };
    use Status::*;
    check("r1", &[(Failed, Some(3)), (Completed, Some(0))], (Failed, Some(3))).await;
    check("r2", &[(Cancelled, None), (TimedOut, Some(124)), (Completed, None)], (TimedOut, Some(124))).await;
    check("r3", &[(Completed, None), (Cancelled, Some(-2))], (Cancelled, Some(-2))).await;
    check("r4", &[(Completed, None)], (Completed, None)).await;
}

pub(crate) async fn a_lost_writer_is_not_waited_for(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (store, run) = (&fresh.store, started(&fresh.store, "r").await);
    runs(store, &run, "a", 0).await;
    runs(store, &run, "b", 5).await;
    assert_eq!(ends(store, &run, "b", Status::Completed, 6).await.status, Status::Pending);
    assert_eq!(store.sweep_writers(at(29), at(0)).await.unwrap(), 0, "a has three intervals");
    assert_eq!(store.sweep_writers(at(30), at(0)).await.unwrap(), 1);
    let end = finishes(store, &run).await;
    assert_eq!(end, [RunFinished { status: Status::Completed, summary: None }]);
    assert_eq!(contact(store, &run).await, None);
    assert_eq!(store.sweep_writers(at(99), at(0)).await.unwrap(), 0, "once");
}

pub(crate) async fn a_run_whose_writers_are_all_lost_lost_contact(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (store, run) = (&fresh.store, started(&fresh.store, "r").await);
    runs(store, &run, "a", 1).await;
    store.append(&run, vec![note(1)], at(2)).await.unwrap();
    runs(store, &run, "b", 11).await;
    assert_eq!(contact(store, &run).await, Some(Contact { last_at: at(11), lost: false }));
    store.sweep_writers(at(35), at(0)).await.unwrap();
    assert!(!contact(store, &run).await.unwrap().lost, "b is not overdue yet");
    let mut list = store.subscribe_all();
    list.mark_unchanged();
    store.sweep_writers(at(41), at(0)).await.unwrap();
    assert_eq!(contact(store, &run).await, Some(Contact { last_at: at(11), lost: true }));
    assert!(list.has_changed().unwrap(), "lists are told");
    assert_eq!(store.run(&run).await.unwrap().unwrap().status, Status::Running);
    // An event from any writer is a sign of life.
    store.append(&run, vec![note(2)], at(50)).await.unwrap();
    assert_eq!(contact(store, &run).await, Some(Contact { last_at: at(50), lost: false }));
}

pub(crate) async fn a_writer_that_comes_back_goes_on(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (store, run) = (&fresh.store, started(&fresh.store, "r").await);
    runs(store, &run, "a", 0).await;
    store.sweep_writers(at(30), at(0)).await.unwrap();
    assert!(contact(store, &run).await.unwrap().lost);
    assert_eq!(runs(store, &run, "a", 40).await.writers, counts(1, 0, 0));
    assert_eq!(contact(store, &run).await, Some(Contact { last_at: at(40), lost: false }));
    // The run ended without it: it goes on as before, and how the others ended still counts.
    runs(store, &run, "b", 40).await;
    ends(store, &run, "b", Status::Failed, 41).await;
    store.sweep_writers(at(70), at(0)).await.unwrap();
    assert_eq!(finishes(store, &run).await.len(), 1);
    assert_eq!(runs(store, &run, "a", 80).await.status, Status::Running);
    assert_eq!(ends(store, &run, "a", Status::Completed, 81).await.status, Status::Failed);
    let statuses: Vec<_> = finishes(store, &run).await.iter().map(|end| end.status).collect();
    assert_eq!(statuses, [Status::Failed, Status::Failed]);
}

pub(crate) async fn a_run_that_is_resumed_runs_again(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (store, run) = (&fresh.store, started(&fresh.store, "r").await);
    runs(store, &run, "a", 1).await;
    ends(store, &run, "a", Status::Failed, 2).await;
    let resumed = runs(store, &run, "b", 3).await;
    assert_eq!((resumed.status, resumed.writers), (Status::Running, counts(1, 0, 0)));
    assert_eq!(log(store, &run).await.last().unwrap().kind, Kind::RunStatus);
    // A report of the first process that comes again changes nothing.
    ends(store, &run, "a", Status::Failed, 4).await;
    assert_eq!(ends(store, &run, "b", Status::Completed, 5).await.status, Status::Completed);
    // What people set stays while the same writers go on.
    let other = started(store, "other").await;
    runs(store, &other, "a", 1).await;
    let cancelled = RunPatch { status: Some(Status::Cancelled), ..RunPatch::default() };
    store.patch_run(&other, cancelled, at(2)).await.unwrap();
    assert_eq!(runs(store, &other, "a", 3).await.status, Status::Cancelled);
    store.sweep_writers(at(60), at(0)).await.unwrap();
    assert!(finishes(store, &other).await.is_empty());
    assert_eq!(contact(store, &other).await, None);
}

pub(crate) async fn silence_is_lost_contact(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let run = started(store, "r").await;
    store.append(&run, vec![note(1)], at(10)).await.unwrap();
    let quarter = 15 * 60;
    store.sweep_writers(at(9 + quarter), at(0)).await.unwrap();
    assert_eq!(contact(store, &run).await, Some(Contact { last_at: at(10), lost: false }));
    assert_eq!(store.sweep_writers(at(10 + quarter), at(0)).await.unwrap(), 1);
    assert_eq!(contact(store, &run).await, Some(Contact { last_at: at(10), lost: true }));
    store.append(&run, vec![note(2)], at(2000)).await.unwrap();
    assert!(!contact(store, &run).await.unwrap().lost);
    // A writer that lives may be silent for hours; a run that has ended, or waits for a person, is not
    // missed.
    runs(store, &run, "a", 2001).await;
    let paused = started(store, "paused").await;
    store.append(&paused, vec![note(1)], at(10)).await.unwrap();
    let pause = RunPatch { status: Some(Status::Paused), ..RunPatch::default() };
    store.patch_run(&paused, pause, at(11)).await.unwrap();
    for second in (2001..9000).step_by(20) {
        runs(store, &run, "a", second).await;
        assert_eq!(store.sweep_writers(at(second), at(0)).await.unwrap(), 0);
    }
    assert!(!contact(store, &run).await.unwrap().lost);
    assert!(!contact(store, &paused).await.unwrap().lost);
}

pub(crate) async fn nobody_is_missed_who_could_not_report(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (store, run) = (&fresh.store, started(&fresh.store, "r").await);
    let silent = started(store, "silent").await;
    store.append(&silent, vec![note(1)], at(2)).await.unwrap();
    runs(store, &run, "a", 1).await;
    runs(store, &run, "b", 1).await;
    ends(store, &run, "b", Status::Completed, 2).await;
    // The server was away for an hour: its writers get their three intervals from when it is back.
    assert_eq!(store.sweep_writers(at(3620), at(3600)).await.unwrap(), 0);
    assert_eq!(runs(store, &run, "a", 3625).await.status, Status::Pending);
    assert_eq!(store.sweep_writers(at(3640), at(3600)).await.unwrap(), 0);
    assert!(!contact(store, &silent).await.unwrap().lost);
    assert_eq!(store.sweep_writers(at(3600 + 15 * 60), at(3600)).await.unwrap(), 2);
    assert!(contact(store, &silent).await.unwrap().lost);
    assert_eq!(finishes(store, &run).await.len(), 1);
}

pub(crate) async fn reports_that_make_no_sense_are_named(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let check = async |report: WriterReport, field: &str| {
        let refused = fresh.store.put_writer(&run, &WriterId::new("a").unwrap(), report, at(1)).await;
        match refused.unwrap_err() {
            StoreError::Invalid { field: named, .. } => assert_eq!(named, field),
            other => panic!("{other}"),
        }
    };
    check(WriterReport::running(0), "interval_secs").await;
    check(WriterReport::running(3601), "interval_secs").await;
    check(WriterReport { status: Some(Status::Completed), ..WriterReport::running(1) }, "status").await;
    check(WriterReport { exit_code: Some(1), ..WriterReport::running(1) }, "exit_code").await;
    check(WriterReport { summary: Some(Object::new()), ..WriterReport::running(1) }, "summary").await;
    check(WriterReport::finished(Status::Running), "status").await;
    check(WriterReport { status: None, ..WriterReport::finished(Status::Failed) }, "status").await;
    check(WriterReport { interval_secs: Some(1), ..WriterReport::finished(Status::Failed) }, "interval_secs")
        .await;
    assert_eq!(runs(&fresh.store, &run, "b", 1).await.writers, counts(1, 0, 0), "none of them was noted");
}

pub(crate) async fn the_last_step_is_known(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (store, run) = (&fresh.store, started(&fresh.store, "r").await);
    let last = async || store.run(&run).await.unwrap().unwrap().last_step;
    assert_eq!(last().await, None);
    store.append(&run, vec![snapshot(1, 7, &[("root", 1.0)]), note(2)], at(1)).await.unwrap();
    assert_eq!(last().await, Some(7));
    store.append(&run, vec![snapshot(3, 4, &[("root", 1.0)])], at(1)).await.unwrap();
    assert_eq!(last().await, Some(7));
    let call = StepRecorded {
        step_kind: StepKind::ToolCall,
        name: None,
        span_id: "00f067aa0ba902b7".to_owned(),
        parent_span_id: None,
        started_at: at(1),
        ended_at: None,
        payload: Object::new(),
        error: None,
        metadata: Object::new(),
    };
    // An episode numbers what is recorded in it from 0: a resumed run does not continue after that.
    store.append(&run, vec![event(4, Some("e"), 90, call.clone())], at(1)).await.unwrap();
    assert_eq!(last().await, Some(7));
    store.append(&run, vec![event(6, None, 9, call)], at(1)).await.unwrap();
    assert_eq!(last().await, Some(9));
    let metric = ScoreAdded {
        target: ScoreTarget::Step,
        path: "metrics.loss".to_owned(),
        value: Score::new(0.5).unwrap(),
        label: None,
        explanation: None,
        source: "log".to_owned(),
    };
    store.append(&run, vec![event(5, None, 12, metric)], at(1)).await.unwrap();
    assert_eq!(last().await, Some(12));
}

pub(crate) async fn a_writer_of_no_run_is_refused(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let put = async |run: &str| {
        let report = WriterReport::running(10);
        fresh.store.put_writer(&run_id(run), &WriterId::new("a").unwrap(), report, at(1)).await
    };
    assert!(matches!(put("nobody").await, Err(StoreError::NotFound(_))));
    let run = started(&fresh.store, "r").await;
    put("r").await.unwrap();
    fresh.store.delete_run(&run, at(2)).await.unwrap();
    assert!(matches!(put("r").await, Err(StoreError::Gone(_))));
    // The run that is created again knows nothing of the writers before.
    started(&fresh.store, "r").await;
    assert_eq!(runs(&fresh.store, &run, "b", 3).await.writers, counts(1, 0, 0));
}

pub(crate) async fn writers_outlive_a_restart(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    runs(&fresh.store, &run, "a", 1).await;
    runs(&fresh.store, &run, "b", 1).await;
    ends(&fresh.store, &run, "b", Status::Failed, 2).await;
    let options = fresh.options.clone();
    fresh.store.close().await;
    let store = backend.open(options).await.unwrap();
    assert_eq!(store.sweep_writers(at(32), at(3)).await.unwrap(), 0);
    assert_eq!(store.sweep_writers(at(33), at(3)).await.unwrap(), 1);
    assert_eq!(finishes(&store, &run).await[0].status, Status::Failed);
    store.close().await;
}

pub(crate) async fn a_sweep_is_bounded(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let run = started(store, "r").await;
    let run_ref = &run;
    for group in (0..450).collect::<Vec<_>>().chunks(150) {
        let all = group.iter().map(|n| async move { runs(store, run_ref, &format!("w{n}"), 1).await });
        futures::future::join_all(all).await;
    }
    let mut swept = Vec::new();
    while let number @ 1.. = store.sweep_writers(at(60), at(0)).await.unwrap() {
        swept.push(number);
    }
    assert_eq!(swept, [200, 200, 50]);
    assert!(contact(store, &run).await.unwrap().lost);
}
