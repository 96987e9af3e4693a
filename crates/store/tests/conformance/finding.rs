//! Finding single events: by id, the highest step, the history of a step, the runs of an episode.

use gauntlet_model::{EpisodeId, EpisodeStarted, Event, EventId, Object};
use gauntlet_store::StoreError;

use super::Backend;
use super::fixtures::*;

/// A snapshot of a step of an episode.
fn of_episode(n: u128, step: u64, episode: &str, root: f64) -> Event {
    let plain = snapshot(n, step, &[("root", root)]);
    Event::new(
        plain.id(),
        plain.at(),
        Some(EpisodeId::new(episode).unwrap()),
        plain.step(),
        plain.body().clone(),
    )
    .unwrap()
}

pub(crate) async fn events_are_found_by_id_with_their_steps(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (run, other) = (started(&fresh.store, "r").await, started(&fresh.store, "other").await);
    fresh.store.append(&run, vec![note(1), snapshot(2, 7, &[])], at(2)).await.unwrap();
    fresh.store.append(&other, vec![note(3)], at(2)).await.unwrap();
    let ids = [1, 2, 3, 4, 2].map(EventId::from_u128);
    let mut found = fresh.store.find(&run, &ids).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, [(ids[0], None), (ids[1], Some(7))]);
    assert_eq!(fresh.store.find(&run, &[]).await.unwrap(), []);
    let missing = fresh.store.find(&run_id("none"), &ids).await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
}

pub(crate) async fn the_highest_step_is_known(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    assert_eq!(fresh.store.last_step(&run).await.unwrap(), None);
    let steps = [4, 900, 12].map(|step| snapshot(u128::from(step), step, &[]));
    fresh.store.append(&run, steps.into(), at(2)).await.unwrap();
    fresh.store.append(&run, vec![note(1)], at(3)).await.unwrap();
    assert_eq!(fresh.store.last_step(&run).await.unwrap(), Some(900));
}

pub(crate) async fn the_history_of_a_step_of_an_episode_is_in_order(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let all = vec![
        of_episode(1, 5, "a", 1.0),
        of_episode(2, 5, "b", 2.0),
        of_episode(3, 5, "a", 3.0),
        of_episode(4, 6, "a", 4.0),
        snapshot(5, 5, &[]),
    ];
    fresh.store.append(&run, all, at(2)).await.unwrap();
    let place = |step, episode: &str| (step, EpisodeId::new(episode).unwrap());
    let asked = [place(6, "a"), place(5, "a"), place(6, "b"), place(9, "a")];
    let found = fresh.store.history(&run, &asked).await.unwrap();
    assert_eq!(found.iter().map(|r| r.id).collect::<Vec<_>>(), [1, 3, 4].map(EventId::from_u128));
    assert!(fresh.store.history(&run, &[]).await.unwrap().is_empty());
}

pub(crate) async fn the_runs_that_have_an_episode_are_found_the_first_first(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let (first, second) = (started(&fresh.store, "z").await, started(&fresh.store, "a").await);
    let start = |n: u128| {
        let episode = EpisodeId::new(format!("e{n}")).unwrap();
        let body = EpisodeStarted { task: None, metadata: Object::new() };
        Event::new(EventId::from_u128(n), at(1), Some(episode), None, body).unwrap()
    };
    fresh.store.append(&first, vec![start(1), note(7)], at(2)).await.unwrap();
    fresh.store.append(&second, vec![start(1), start(2)], at(3)).await.unwrap();
    let ids = [1, 2, 3, 7].map(EventId::from_u128);
    let found = fresh.store.starting(&ids).await.unwrap();
    assert_eq!(found, [(ids[0], first.clone()), (ids[0], second.clone()), (ids[1], second.clone())]);
    // A deleted run takes no trace.
    fresh.store.delete_run(&first, at(9)).await.unwrap();
    assert_eq!(fresh.store.starting(&ids[..1]).await.unwrap(), [(ids[0], second)]);
    assert_eq!(fresh.store.starting(&[]).await.unwrap(), []);
}
