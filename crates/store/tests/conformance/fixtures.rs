//! Events and runs of the stories.

use gauntlet_model::{
    AnnotationAdded, Body, EpisodeId, Event, EventId, FailureRules, Record, RunId, RunSpec, Scores,
    SnapshotScored, Timestamp,
};
use gauntlet_store::{InEpisode, Store, StoreError};

/// A moment, `n` seconds into the story.
pub(crate) fn at(n: i64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000 + n * 1_000_000)
}

pub(crate) fn run_id(name: &str) -> RunId {
    RunId::new(name).unwrap()
}

/// A run of that name, created; judged by the medical rules.
pub(crate) async fn started(store: &Store, name: &str) -> RunId {
    judged(store, name, FailureRules::Dipg).await
}

/// A run of that name, created, judged as asked.
pub(crate) async fn judged(store: &Store, name: &str, rules: FailureRules) -> RunId {
    let run = run_id(name);
    store.create_run(RunSpec { rules, ..RunSpec::named(name) }, run.clone(), at(0)).await.unwrap();
    run
}

/// A note, identified by `n`.
pub(crate) fn note(n: u128) -> Event {
    let body = AnnotationAdded { text: format!("note {n}"), author: "ada".to_owned(), range: None };
    Event::new(EventId::from_u128(n), at(1), None, None, body).unwrap()
}

/// Notes `from..to`.
pub(crate) fn notes(range: std::ops::Range<u128>) -> Vec<Event> {
    range.map(note).collect()
}

/// A scored snapshot of one step, identified by `n`.
pub(crate) fn snapshot(n: u128, step: u64, scores: &[(&str, f64)]) -> Event {
    scored(n, step, scores, serde_json::json!({}))
}

/// A scored snapshot with metadata.
pub(crate) fn scored(n: u128, step: u64, scores: &[(&str, f64)], metadata: serde_json::Value) -> Event {
    let body = SnapshotScored {
        scores: Scores::new(scores.iter().copied()).unwrap(),
        action: format!("action of step {step}"),
        metadata: metadata.as_object().cloned().unwrap_or_default(),
        ..SnapshotScored::default()
    };
    Event::new(EventId::from_u128(n), at(1), None, Some(step), body).unwrap()
}

/// An event of a step, of an episode where one is named; identified by `n`.
pub(crate) fn event(n: u128, episode: Option<&str>, step: u64, body: impl Into<Body>) -> Event {
    let episode = episode.map(|name| EpisodeId::new(name).unwrap());
    Event::new(EventId::from_u128(n), at(1), episode, Some(step), body).unwrap()
}

/// The whole log of a run.
pub(crate) async fn log(store: &Store, run: &RunId) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map(|r| r.seq);
        let slice = store.read(run, after, 5_000, None).await.unwrap();
        if slice.records.is_empty() {
            assert_eq!(slice.head, records.len() as u64, "the log ends at its head");
            return records;
        }
        records.extend(slice.records);
    }
}

/// Every event of a step, read in parts of two.
pub(crate) async fn step(
    store: &Store,
    run: &RunId,
    step: u64,
    episode: InEpisode<'_>,
) -> Result<Vec<Record>, StoreError> {
    let (mut events, mut after) = (Vec::new(), None);
    loop {
        let part = store.step_part(run, step, episode, after, 2).await?;
        assert!(part.events.len() <= 2 && (part.next.is_none() || part.next > after));
        events.extend(part.events);
        after = part.next;
        if after.is_none() {
            return Ok(events);
        }
    }
}

/// The sequence numbers run from 0 without holes.
pub(crate) fn assert_dense(records: &[Record]) {
    let expected: Vec<u64> = (0..records.len() as u64).collect();
    assert_eq!(records.iter().map(|r| r.seq).collect::<Vec<_>>(), expected);
}
