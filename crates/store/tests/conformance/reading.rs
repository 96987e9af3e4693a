//! Reading: pages, filters, steps.

use gauntlet_model::{
    EpisodeId, FailureKind, Kind, MAX_STEP, MAX_TEXT_BYTES, Score, ScoreAdded, ScoreTarget, Scores,
    SnapshotScored,
};
use gauntlet_store::{InEpisode, SnapshotFilter, StepEvents, StoreError};

use super::Backend;
use super::fixtures::*;

pub(crate) async fn pages_meet_without_gap_or_overlap(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    fresh.store.append(&run, notes(0..99), at(2)).await.unwrap();
    let mut seqs = Vec::new();
    let mut after = None;
    loop {
        let slice = fresh.store.read(&run, after, 7, None).await.unwrap();
        assert_eq!(slice.head, 100);
        assert!(slice.records.len() <= 7);
        seqs.extend(slice.records.iter().map(|r| r.seq));
        if slice.next_after == after {
            break;
        }
        after = slice.next_after;
    }
    assert_eq!(seqs, (0..100).collect::<Vec<_>>());
    assert_eq!(after, Some(99));
}

pub(crate) async fn kinds_are_filtered(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let events = (0..40).map(|n| if n % 4 == 0 { snapshot(n, n as u64, &[("root", 1.0)]) } else { note(n) });
    fresh.store.append(&run, events.collect(), at(2)).await.unwrap();
    let scored = fresh.store.read(&run, None, 100, Some(&[Kind::SnapshotScored])).await.unwrap();
    assert_eq!(scored.records.len(), 10);
    assert!(scored.records.iter().all(|r| r.kind == Kind::SnapshotScored));
    assert_eq!(scored.next_after, Some(40), "all of the log was looked at");
    let two = [Kind::SnapshotScored, Kind::RunStarted];
    let page = fresh.store.read(&run, None, 3, Some(&two)).await.unwrap();
    assert_eq!(page.records.iter().map(|r| r.seq).collect::<Vec<_>>(), [0, 1, 5]);
    assert_eq!(page.next_after, Some(5));
    let none = fresh.store.read(&run, None, 3, Some(&[])).await.unwrap();
    assert!(none.records.is_empty());
}

pub(crate) async fn reading_past_the_end_is_empty(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let other = started(&fresh.store, "other").await;
    fresh.store.append(&other, notes(0..9), at(2)).await.unwrap();
    for after in [0, 1, 1 << 36, u64::MAX] {
        let slice = fresh.store.read(&run, Some(after), 10, None).await.unwrap();
        assert!(slice.records.is_empty(), "after {after}");
        assert_eq!((slice.head, slice.next_after), (1, Some(after)));
    }
}

pub(crate) async fn large_bodies_end_a_slice_early(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let long = serde_json::json!({ "text": "x".repeat(MAX_TEXT_BYTES) });
    let events: Vec<_> = (0..24).map(|n| scored(n, n as u64, &[], long.clone())).collect();
    fresh.store.append(&run, events, at(2)).await.unwrap();
    let slice = fresh.store.read(&run, None, 100, None).await.unwrap();
    assert!((2..20).contains(&slice.records.len()), "{} records at once", slice.records.len());
    assert_eq!(slice.next_after, slice.records.last().map(|r| r.seq));
    assert_eq!(log(&fresh.store, &run).await.len(), 25);
}

pub(crate) async fn events_beside_the_snapshots_of_a_step_come_in_parts(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let (one, two) = (EpisodeId::new("one").unwrap(), EpisodeId::new("two").unwrap());
    let late = ScoreAdded {
        target: ScoreTarget::Step,
        path: "late".to_owned(),
        value: Score::new(1.0).unwrap(),
        label: None,
        explanation: None,
        source: "judge".to_owned(),
    };
    let score = |n, episode: Option<&str>, step| event(n, episode, step, late.clone());
    let mut events = vec![
        snapshot(1, 7, &[("root", 1.0)]),
        event(2, Some("one"), 7, SnapshotScored::default()),
        event(3, Some("two"), 7, SnapshotScored::default()),
    ];
    events.extend((4..24).map(|n| score(n, [None, Some("one"), Some("two")][n as usize % 3], 7)));
    events.push(score(24, None, 8));
    fresh.store.append(&run, events, at(2)).await.unwrap();
    for (episode, wanted) in [(None, None), (Some(&one), Some(1)), (Some(&two), Some(2))] {
        let expect: Vec<u64> = (4..24).filter(|n| n % 3 == 0 || Some(n % 3) == wanted).collect();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let part = fresh.store.step_events(&run, 7, episode, after, 5).await.unwrap();
            assert_eq!((part.total, part.snapshots), (expect.len() as u64, 3));
            assert!(part.events.len() <= 5);
            let Some(last) = part.events.last() else { break };
            after = Some(last.seq);
            found.extend(part.events.iter().map(|record| record.seq));
        }
        assert_eq!(found, expect, "{episode:?}");
    }
    let none = fresh.store.step_events(&run, 9, None, None, 5).await.unwrap();
    assert_eq!(none, StepEvents::default());
}

pub(crate) async fn all_events_of_a_step_are_read(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let events = vec![
        snapshot(1, 7, &[("root", 1.0)]),
        snapshot(2, 8, &[("root", 2.0)]),
        snapshot(3, 7, &[("root", 3.0)]),
        note(4),
    ];
    fresh.store.append(&run, events, at(2)).await.unwrap();
    let seqs = |records: Vec<gauntlet_model::Record>| records.iter().map(|r| r.seq).collect::<Vec<_>>();
    assert_eq!(seqs(step(&fresh.store, &run, 7, InEpisode::Any).await.unwrap()), [1, 3]);
    assert_eq!(seqs(step(&fresh.store, &run, 9, InEpisode::Any).await.unwrap()), [0; 0]);
    let (one, two) = (EpisodeId::new("one").unwrap(), EpisodeId::new("two").unwrap());
    let of = |n, name| event(n, Some(name), 7, SnapshotScored::default());
    fresh.store.append(&run, vec![of(5, "one"), of(6, "two"), of(7, "one"), note(8)], at(2)).await.unwrap();
    for (episode, expect) in [
        // The events of one episode, then those of the next.
        (InEpisode::Any, vec![1, 3, 5, 7, 6]),
        (InEpisode::Without, vec![1, 3]),
        (InEpisode::Only(&one), vec![5, 7]),
        (InEpisode::Only(&two), vec![6]),
    ] {
        assert_eq!(seqs(step(&fresh.store, &run, 7, episode).await.unwrap()), expect);
        let rows = fresh.store.steps(&run, None, 10, SnapshotFilter::AnyOrNone, episode).await.unwrap();
        let listed: Vec<_> = rows.iter().filter(|row| row.step == 7).map(|row| row.seq).collect();
        let last: Vec<u64> = [3, 6, 7].into_iter().filter(|seq| expect.contains(seq)).collect();
        assert_eq!(listed, last, "{episode:?}");
        let counts = fresh.store.step_counts(&run, 7, episode, 0, 9).await.unwrap();
        assert_eq!(counts.events, expect.len() as u64, "{episode:?}");
    }
    let counts = fresh.store.step_counts(&run, 7, InEpisode::Any, 5, 1).await.unwrap();
    assert_eq!((counts.events, counts.episodes, counts.listed), (5, 3, vec![(Some(one.clone()), 2)]));
    assert_eq!(
        fresh.store.step_counts(&run, 9, InEpisode::Any, 0, 9).await.unwrap(),
        gauntlet_store::StepCounts::default()
    );
    let (found, read) = fresh.store.at_seqs(&run, &[7, 99, 3], usize::MAX).await.unwrap();
    assert_eq!((seqs(found), read), (vec![7, 3], 3));
    let (found, read) = fresh.store.at_seqs(&run, &[7, 3], 1).await.unwrap();
    assert_eq!((seqs(found), read), (vec![7], 1));
    let page = fresh.store.read_episode(&run, None, 1, None, InEpisode::Only(&one)).await.unwrap();
    assert_eq!((page.next_after, seqs(page.records)), (Some(5), vec![5]));
    let page = fresh.store.read_episode(&run, Some(5), 9, None, InEpisode::Only(&one)).await.unwrap();
    assert_eq!((page.next_after, seqs(page.records)), (Some(8), vec![7]));
    let kinds = [Kind::AnnotationAdded];
    let page = fresh.store.read_episode(&run, None, 9, Some(&kinds), InEpisode::Without).await.unwrap();
    assert_eq!(seqs(page.records), [4, 8]);
}

pub(crate) async fn steps_are_listed_in_order_and_by_failure(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    // Three episodes a step, the steps falling: each page must go on inside a step.
    let events = (0..30).map(|n: u128| {
        let step = 10 - (n / 3) as u64;
        let grounding = if step.is_multiple_of(4) { -20.0 } else { 1.0 };
        let format = if step == 5 { -5.0 } else { 1.0 };
        let scores = [("root", step as f64), ("grounding", grounding), ("format", format)];
        let body = SnapshotScored { scores: Scores::new(scores).unwrap(), ..SnapshotScored::default() };
        event(n, Some(["a", "b", "c"][n as usize % 3]), step, body)
    });
    fresh.store.append(&run, events.collect(), at(2)).await.unwrap();
    let listed = |failing| {
        let (store, run) = (&fresh.store, &run);
        async move {
            let (mut rows, mut after) = (Vec::new(), None);
            loop {
                let page = store.steps(run, after, 4, failing, InEpisode::Any).await.unwrap();
                let Some(last) = page.last() else { return rows };
                after = Some((last.step, last.seq));
                rows.extend(page);
            }
        }
    };
    let all = listed(SnapshotFilter::AnyOrNone).await;
    assert_eq!(all.len(), 30);
    assert!(all.windows(2).all(|w| (w[0].step, w[0].seq) < (w[1].step, w[1].seq)));
    assert_eq!((all[0].step, all[0].root, all[0].failure), (1, Some(1.0), None));
    let steps = |rows: Vec<gauntlet_store::StepRow>| rows.iter().map(|r| r.step).collect::<Vec<_>>();
    assert_eq!(steps(listed(SnapshotFilter::Any).await), [4, 4, 4, 5, 5, 5, 8, 8, 8]);
    assert_eq!(steps(listed(SnapshotFilter::Kind(FailureKind::Hallucination)).await), [4, 4, 4, 8, 8, 8]);
    assert_eq!(steps(listed(SnapshotFilter::Kind(FailureKind::Refusal)).await), [0; 0]);
}

pub(crate) async fn steps_may_be_as_great_as_json_holds_exactly(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let steps = [MAX_STEP, 0, 1 << 40, u64::from(u32::MAX) + 1];
    let events = (0..).zip(steps).map(|(n, step)| snapshot(n, step, &[("root", -1.0)])).collect();
    fresh.store.append(&run, events, at(2)).await.unwrap();
    let again = vec![event(
        9,
        None,
        MAX_STEP,
        ScoreAdded {
            target: ScoreTarget::Step,
            path: "root".to_owned(),
            value: Score::new(5.0).unwrap(),
            label: None,
            explanation: None,
            source: "judge".to_owned(),
        },
    )];
    fresh.store.append(&run, again, at(3)).await.unwrap();
    let listed = async |after, failing| {
        let rows = fresh.store.steps(&run, after, 9, failing, InEpisode::Any).await.unwrap();
        rows.into_iter().map(|row| row.step).collect::<Vec<_>>()
    };
    assert_eq!(
        listed(None, SnapshotFilter::AnyOrNone).await,
        [0, u64::from(u32::MAX) + 1, 1 << 40, MAX_STEP]
    );
    assert_eq!(listed(None, SnapshotFilter::Any).await, [0, u64::from(u32::MAX) + 1, 1 << 40]);
    assert_eq!(listed(Some((1 << 40, u64::MAX)), SnapshotFilter::AnyOrNone).await, [MAX_STEP]);
    assert_eq!(
        listed(Some((u64::MAX, 0)), SnapshotFilter::AnyOrNone).await,
        [0; 0],
        "nothing lies past the last"
    );
    assert_eq!(step(&fresh.store, &run, MAX_STEP, InEpisode::Any).await.unwrap().len(), 2);
    assert_eq!(step(&fresh.store, &run, u64::MAX, InEpisode::Any).await.unwrap().len(), 0);
    assert_eq!(fresh.store.last_step(&run).await.unwrap(), Some(MAX_STEP));
    let summary = fresh.store.run(&run).await.unwrap().unwrap();
    assert_eq!((summary.steps, summary.failing, summary.mean_root), (4, 3, Some(0.5)));
}

pub(crate) async fn an_unknown_run_cannot_be_read(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let nobody = run_id("nobody");
    assert!(matches!(fresh.store.read(&nobody, None, 1, None).await, Err(StoreError::NotFound(_))));
    assert!(matches!(step(&fresh.store, &nobody, 1, InEpisode::Any).await, Err(StoreError::NotFound(_))));
    let steps = fresh.store.steps(&nobody, None, 1, SnapshotFilter::Any, InEpisode::Any).await;
    assert!(matches!(steps, Err(StoreError::NotFound(_))));
    assert_eq!(fresh.store.head(&nobody).await.unwrap(), None);
}
