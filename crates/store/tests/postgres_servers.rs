//! Several stores on one PostgreSQL database: each takes any write, each sees what the others commit.

#[path = "conformance/fixtures.rs"]
#[allow(dead_code, reason = "this test uses its part")]
mod fixtures;
mod postgres_server;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fixtures::{assert_dense, at, event, log, note, notes, run_id, snapshot, started};
use gauntlet_film::{Fact, Film};
use gauntlet_model::{
    Action, CommandIssued, Event, FailureRules, RunId, RunPatch, RunSpec, Score, ScoreAdded, ScoreTarget,
};
use gauntlet_store::{Options, SearchQuery, Store, StoreError};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(60);
const STORES: usize = 3;
const WRITERS: u64 = 6;
const ROUNDS: u64 = 25;

async fn opened(database: &str, folder: &tempfile::TempDir) -> Result<Store, StoreError> {
    let database = Some(database.parse().unwrap());
    Store::open(Options { database, ..Options::new(folder.path()) }).await
}

/// Stores on one new database, whose address is the second value.
async fn stores() -> (Vec<Store>, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let database = postgres_server::database().await;
    // At once, as servers of one deployment start: one of them makes the tables.
    let opening = (0..STORES).map(|_| opened(&database, &folder));
    let opened = futures::future::join_all(opening).await;
    (opened.into_iter().map(Result::unwrap).collect(), database, folder)
}

/// The next of a sequence of numbers that look random (xorshift64).
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

/// Sends until it is taken, as a producer does: to whichever store, the same events each time.
async fn insist(stores: &[Store], run: &RunId, events: &[Event], random: &mut u64) {
    for _ in 0..1000 {
        let store = &stores[next(random) as usize % stores.len()];
        match store.append(run, events.to_vec(), at(2)).await {
            Ok(_) => return,
            Err(StoreError::Busy { .. } | StoreError::Unavailable { .. }) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("a batch was never taken");
}

/// What a writer sends in a round: snapshots of steps that the others score as well, later scores, notes.
fn batch(writer: u64, round: u64, random: &mut u64) -> Vec<Event> {
    let id = |n: u64| (u128::from(writer) << 64) + u128::from(round * 100 + n) + 1;
    let mut events = Vec::new();
    for n in 0..1 + next(random) % 8 {
        let (step, root) = (next(random) % 60, (next(random) % 21) as f64 - 10.0);
        let episode = [None, Some("a"), Some("b")][next(random) as usize % 3];
        events.push(match next(random) % 4 {
            0 => note(id(n)),
            1 => {
                let added = ScoreAdded {
                    target: ScoreTarget::Step,
                    path: "root".to_owned(),
                    value: Score::new(root).unwrap(),
                    label: None,
                    explanation: None,
                    source: "judge".to_owned(),
                };
                event(id(n), episode, step, added)
            }
            _ => event(id(n), episode, step, snapshot(1, step, &[("root", root)]).body().clone()),
        });
    }
    events
}

/// What the list shows of a run is what the film of its log shows.
async fn assert_counted(store: &Store, run: &RunId) {
    let records = log(store, run).await;
    assert_dense(&records);
    let ids: BTreeSet<_> = records.iter().map(|record| *record.id.as_bytes()).collect();
    assert_eq!(ids.len(), records.len(), "an event is there twice");
    let summary = store.run(run).await.unwrap().unwrap();
    let mut film = Film::with_rules(summary.rules);
    records.iter().for_each(|record| film.apply(&Fact::of_record(record).unwrap()));
    let episodes: BTreeSet<_> = records.iter().filter_map(|record| record.episode.clone()).collect();
    assert_eq!(summary.head, records.len() as u64);
    assert_eq!(summary.episodes, episodes.len() as u64);
    assert_eq!((summary.steps, summary.failing), (film.len() as u64, film.failing() as u64));
    assert_eq!(summary.mean_root, film.mean_root());
}

async fn storm(seed: u64) {
    let (stores, _, _folder) = stores().await;
    let runs = ["a", "b"].map(run_id);
    // Every store creates the runs, which creates each once.
    let created = stores.iter().flat_map(|store| {
        runs.iter().map(|run| store.create_run(RunSpec::named("storm"), run.clone(), at(0)))
    });
    for created in futures::future::join_all(created).await {
        created.unwrap();
    }
    // Each store sees the last events, whichever store took them.
    let mut hearing = JoinSet::new();
    for (store, run) in stores.iter().flat_map(|store| runs.iter().map(move |run| (store, run))) {
        let (mut heads, store, run) = (store.subscribe(run), store.clone(), run.clone());
        hearing.spawn(async move {
            loop {
                let is_over = store.is_gone(&run_id("done")).await.unwrap();
                let heard = *heads.borrow_and_update();
                if is_over && heard == store.head(&run).await.unwrap().unwrap() {
                    return;
                }
                let _ = timeout(Duration::from_millis(100), heads.changed()).await;
            }
        });
    }
    let mut writing = JoinSet::new();
    for writer in 0..WRITERS {
        let (stores, runs) = (stores.clone(), runs.clone());
        writing.spawn(async move {
            let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (writer + 1);
            let mut sent: Vec<(RunId, Vec<Event>)> = Vec::new();
            for round in 0..ROUNDS {
                let run = &runs[next(&mut random) as usize % runs.len()];
                let events = batch(writer, round, &mut random);
                insist(&stores, run, &events, &mut random).await;
                sent.push((run.clone(), events));
                // An answer that was lost: the same again, to another server.
                let again = &sent[next(&mut random) as usize % sent.len()];
                insist(&stores, &again.0, &again.1, &mut random).await;
                if round == ROUNDS / 2 && writer == 0 {
                    let limit = FailureRules::RootBelow(2.0);
                    let patch = RunPatch { rules: Some(limit), ..RunPatch::default() };
                    stores[1].patch_run(run, patch, at(3)).await.unwrap();
                }
            }
            sent
        });
    }
    let mut expected: BTreeMap<RunId, BTreeSet<_>> = BTreeMap::new();
    while let Some(sent) = writing.join_next().await {
        for (run, events) in sent.unwrap() {
            expected.entry(run).or_default().extend(events.iter().map(Event::id));
        }
    }
    let done = started(&stores[0], "done").await;
    stores[0].delete_run(&done, at(5)).await.unwrap();
    timeout(SOON, hearing.join_all()).await.unwrap();
    for run in &runs {
        let head = stores[2].head(run).await.unwrap().unwrap();
        assert_eq!(head as usize, expected[run].len() + 1, "what was sent, after the start");
        assert_counted(&stores[2], run).await;
    }
    for store in &stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_on_several_servers_lose_and_double_nothing() {
    for seed in [1, 2, 3] {
        storm(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_taken_once_whichever_server_is_asked() {
    let (stores, _, _folder) = stores().await;
    let run = started(&stores[0], "r").await;
    for n in 0..30 {
        let command = CommandIssued {
            command_id: format!("command-{n}"),
            action: Action::Tweak,
            parameters: serde_json::Map::new(),
            author: "ada".to_owned(),
        };
        stores[n % STORES].issue_command(&run, command, at(1)).await.unwrap();
    }
    let mut taking = JoinSet::new();
    for store in &stores {
        let (store, run) = (store.clone(), run.clone());
        taking.spawn(async move {
            let mut taken = Vec::new();
            while let Some(command) = store.pop_command(&run, at(2)).await.unwrap() {
                taken.push(command.command.command_id);
            }
            taken
        });
    }
    let taken: Vec<String> = taking.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 30);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 30, "{taken:?}");
    assert_counted(&stores[1], &run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_deleted_elsewhere_ends_its_watch() {
    let (stores, _, _folder) = stores().await;
    let run = started(&stores[0], "r").await;
    let mut heads = stores[1].subscribe(&run);
    timeout(SOON, heads.wait_for(|head| *head == 1)).await.unwrap().unwrap();
    stores[0].delete_run(&run, at(2)).await.unwrap();
    started(&stores[2], "r").await;
    while timeout(SOON, heads.changed()).await.unwrap().is_ok() {}
    let refused = stores[1].append(&run_id("other"), notes(0..1), at(3)).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotFound(_)), "{refused:?}");
    assert_eq!(stores[1].append(&run, notes(0..2), at(3)).await.unwrap().last_seq, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_settings_are_heard_of_elsewhere() {
    let (stores, _, _folder) = stores().await;
    let run = started(&stores[0], "r").await;
    let (mut settings, _heads) = (stores[1].subscribe_settings(), stores[1].subscribe(&run));
    // The first is of what may have changed before the watch began.
    assert_eq!(timeout(SOON, settings.recv()).await.unwrap().unwrap(), run);
    let limit = FailureRules::RootBelow(2.0);
    let patch = RunPatch { rules: Some(limit), ..RunPatch::default() };
    stores[0].patch_run(&run, patch, at(2)).await.unwrap();
    assert_eq!(timeout(SOON, settings.recv()).await.unwrap().unwrap(), run);
    let project = stores[0].run(&run).await.unwrap().unwrap().project;
    let effects = stores[0].effects(&project).await.unwrap();
    stores[2].put_effects(&project, effects.clone(), at(3)).await.unwrap();
    assert_eq!(timeout(SOON, settings.recv()).await.unwrap().unwrap(), run);
    let refused = stores[0].put_effects(&project, effects, at(3)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_one_servers_and_moves_when_it_goes() {
    let (mut stores, _, _folder) = stores().await;
    let (holding, mut holders) = tokio::sync::mpsc::channel(8);
    let stop = CancellationToken::new();
    for (n, store) in stores.iter().enumerate() {
        let (leases, holding, stop) = (store.leases(), holding.clone(), stop.clone());
        tokio::spawn(async move {
            let work = || {
                holding.try_send(n).unwrap();
                std::future::pending()
            };
            leases.while_held("work", &stop, work).await;
        });
    }
    let first = timeout(SOON, holders.recv()).await.unwrap().unwrap();
    // One that is closed hands it over; one that is dropped does not renew it, as one that was killed.
    stores[first].close().await;
    let second = timeout(SOON, holders.recv()).await.unwrap().unwrap();
    assert_ne!(second, first);
    let third = 3 - first - second;
    let rest = stores.remove(third);
    drop(stores);
    assert_eq!(timeout(SOON, holders.recv()).await.unwrap().unwrap(), third);
    assert!(holders.try_recv().is_err(), "one holds it at a time");
    stop.cancel();
    rest.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_search_index_is_filled_by_one_server_for_all() {
    let (stores, _, _folder) = stores().await;
    let run = started(&stores[0], "r").await;
    stores[0].append(&run, notes(5..6), at(2)).await.unwrap();
    for store in &stores {
        let found = async {
            loop {
                let page = store.search(&SearchQuery::new("note")).await.unwrap();
                if !page.items.is_empty() {
                    return page.items.len();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        assert_eq!(timeout(SOON, found).await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_writes_alone_keeps_others_out() {
    let (folder, database) = (tempfile::tempdir().unwrap(), postgres_server::database().await);
    opened(&database, &folder).await.unwrap().close().await;
    // As older versions do, and whoever changes the schema.
    let mut alone = PgConnection::connect(&database).await.unwrap();
    let take = format!("SELECT pg_advisory_lock({})", i64::from_be_bytes(*b"gauntlet"));
    sqlx::raw_sql(sqlx::AssertSqlSafe(take)).execute(&mut alone).await.unwrap();
    let refused = opened(&database, &folder).await.err().unwrap();
    assert!(matches!(&refused, StoreError::Conflict(why) if why.contains("for itself")), "{refused}");
    alone.close().await.unwrap();
    opened(&database, &folder).await.unwrap().close().await;
}
