//! What happened in one episode: both ends of it, in order, without scores and without other episodes.

use gauntlet_model::{EpisodeId, Event, EventId};
use gauntlet_store::StoreError;

use super::Backend;
use super::fixtures::*;

/// An event of an episode.
fn of(episode: &str, plain: Event) -> Event {
    let episode = Some(EpisodeId::new(episode).unwrap());
    Event::new(plain.id(), plain.at(), episode, plain.step(), plain.body().clone()).unwrap()
}

pub(crate) async fn an_episode_is_read_from_both_ends(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let mut events: Vec<Event> = (0..10).map(|n| of("a", note(2 * n))).collect();
    events.extend((0..10).map(|n| of("b", note(2 * n + 1))));
    events.extend([note(90), of("a", snapshot(91, 3, &[("root", 1.0)]))]);
    events.sort_by_key(Event::id);
    fresh.store.append(&run, events, at(2)).await.unwrap();
    let (a, store) = (EpisodeId::new("a").unwrap(), &fresh.store);
    let ids = |records: &[gauntlet_model::Record]| records.iter().map(|r| r.id).collect::<Vec<_>>();
    let expect = |numbers: &[u128]| numbers.iter().map(|n| EventId::from_u128(2 * n)).collect::<Vec<_>>();

    let all = store.episode(&run, &a, 0..u64::MAX, 10, 5).await.unwrap();
    assert_eq!((all.first.len(), all.skipped, all.last.len()), (10, 0, 0));
    let ends = store.episode(&run, &a, 0..u64::MAX, 2, 3).await.unwrap();
    assert_eq!((ids(&ends.first), ends.skipped, ids(&ends.last)), (expect(&[0, 1]), 5, expect(&[7, 8, 9])));
    let between = ends.first[1].seq + 1..ends.last[0].seq;
    let middle = store.episode(&run, &a, between, 4, 0).await.unwrap();
    assert_eq!((ids(&middle.first), middle.skipped, middle.last.len()), (expect(&[2, 3, 4, 5]), 1, 0));

    let none = store.episode(&run, &EpisodeId::new("c").unwrap(), 0..u64::MAX, 2, 2).await.unwrap();
    assert_eq!((none.first.len(), none.skipped, none.last.len()), (0, 0, 0));
    let missing = store.episode(&run_id("none"), &a, 0..u64::MAX, 2, 2).await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
}

pub(crate) async fn an_episode_is_counted_once_by_whichever_event_names_it(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let count = async |events: Vec<Event>| {
        fresh.store.append(&run, events, at(2)).await.unwrap();
        let mut film = gauntlet_film::Film::new();
        let records = log(&fresh.store, &run).await;
        records.iter().for_each(|r| film.apply(&gauntlet_film::Fact::of_record(r).unwrap()));
        let listed = fresh.store.run(&run).await.unwrap().unwrap().episodes;
        assert_eq!(listed, film.episodes());
        listed
    };
    let rollout = |n: u128, episode: &str| of(episode, snapshot(n, n as u64, &[("root", 1.0)]));
    assert_eq!(count(vec![snapshot(1, 0, &[("root", 1.0)]), note(2)]).await, 0);
    // Plain rollouts begin no episode; each in its own, and two in one.
    assert_eq!(count((10..250).map(|n| rollout(n, &format!("e{n}"))).collect()).await, 240);
    assert_eq!(count(vec![rollout(300, "e10"), rollout(301, "e11"), rollout(301, "e11")]).await, 240);
    assert_eq!(count(vec![of("noted", note(302)), of("noted", note(303))]).await, 241);
    // What is sent again counts nothing again.
    assert_eq!(count(vec![of("noted", note(302)), rollout(300, "e10"), of("new", note(304))]).await, 242);
}
