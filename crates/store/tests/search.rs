//! The index's own file: missing, damaged, of another version, of another log, killed at any moment. Whatever
//! happens to it, it is complete again by itself, and the log never notices.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use gauntlet_model::{Event, EventId, RunId, RunSpec, SnapshotScored, Timestamp};
use gauntlet_store::{Options, SearchPage, SearchQuery, Store, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};

/// Kills in [`it_is_complete_however_often_it_is_killed`].
const KILLS: u64 = 8;

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn run() -> RunId {
    RunId::new("r").unwrap()
}

fn scored(n: u64) -> Event {
    let body = SnapshotScored {
        action: format!("common word{n} {}", "filler ".repeat(20)),
        ..SnapshotScored::default()
    };
    Event::new(EventId::from_u128(u128::from(n)), now(), None, Some(n), body).unwrap()
}

/// A store with one run of that many steps.
async fn filled(directory: &Path, steps: u64) -> Store {
    let store = Store::open(Options::new(directory)).await.unwrap();
    store.create_run(RunSpec::named("r"), run(), now()).await.unwrap();
    for from in (0..steps).step_by(2000) {
        store.append(&run(), (from..(from + 2000).min(steps)).map(scored).collect(), now()).await.unwrap();
    }
    store
}

/// Asks until the index holds everything; the answer then.
async fn settled(store: &Store, q: &str) -> SearchPage {
    let query = SearchQuery { limit: 200, ..SearchQuery::new(q) };
    for _ in 0..1200 {
        match store.search(&query).await {
            Ok(page) if page.progress.waiting == 0 => return page,
            // While it is rebuilt there may be no answer, but never a wrong one.
            Ok(_) | Err(StoreError::Unavailable { .. }) => {
                tokio::time::sleep(Duration::from_millis(25)).await
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the index does not catch up");
}

async fn assert_finds(store: &Store, steps: u64) {
    for n in [0, steps / 3, steps - 1] {
        let found = settled(store, &format!("word{n}")).await;
        assert_eq!(found.items.iter().map(|h| h.step).collect::<Vec<_>>(), [Some(n)]);
    }
}

async fn change_file(directory: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(directory.join("search.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_closed_index_is_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path(), 100).await;
    settled(&store, "common").await;
    store.close().await;
    assert!(matches!(store.search(&SearchQuery::new("common")).await, Err(StoreError::Unavailable { .. })));
    let names: BTreeSet<String> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".db") && !name.ends_with(".lock"))
        .collect();
    assert_eq!(names, BTreeSet::from(["gauntlet.db".to_owned(), "search.db".to_owned()]));
}

#[tokio::test]
async fn a_missing_damaged_or_older_index_is_built_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let store = filled(path, 300).await;
    settled(&store, "common").await;
    store.close().await;
    let file = path.join("search.db");
    for what in ["missing", "no database", "older", "cut short", "overwritten"] {
        match what {
            "missing" => std::fs::remove_file(&file).unwrap(),
            "no database" => std::fs::write(&file, vec![b'x'; 70_000]).unwrap(),
            "older" => change_file(path, "PRAGMA user_version = 77").await,
            "cut short" => {
                let bytes = std::fs::read(&file).unwrap();
                std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
            }
            _ => {
                let mut bytes = std::fs::read(&file).unwrap();
                let half = bytes.len() / 2;
                bytes[4096..half].fill(0x5a);
                std::fs::write(&file, bytes).unwrap();
            }
        }
        let store = Store::open(Options::new(path)).await.unwrap();
        // What is lost in the file's middle shows when it is asked for or written to, not before.
        let n = 300;
        let _ = store.search(&SearchQuery::new("common")).await;
        store.append(&run(), vec![scored(n)], now()).await.unwrap();
        assert_finds(&store, n + 1).await;
        assert!(settled(&store, "common").await.items.len() == 200, "{what}");
        store.close().await;
    }
}

#[tokio::test]
async fn an_index_of_another_log_is_not_believed() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = filled(old.path(), 50).await;
    settled(&store, "common").await;
    store.close().await;
    // The same run with other events, and the index of the first beside it.
    let store = Store::open(Options { search: false, ..Options::new(new.path()) }).await.unwrap();
    store.create_run(RunSpec::named("r"), run(), now()).await.unwrap();
    store.append(&run(), (1000..1050).map(scored).collect(), now()).await.unwrap();
    assert!(matches!(store.search(&SearchQuery::new("common")).await, Err(StoreError::Unavailable { .. })));
    store.close().await;
    std::fs::copy(old.path().join("search.db"), new.path().join("search.db")).unwrap();
    let store = Store::open(Options::new(new.path())).await.unwrap();
    assert_eq!(settled(&store, "word3").await.items, []);
    assert_eq!(settled(&store, "word1003").await.items.len(), 1);
    // The same log, but an older copy of it: what it lost is not found.
    store.close().await;
    let shorter = tempfile::tempdir().unwrap();
    let store = filled(shorter.path(), 20).await;
    store.close().await;
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(shorter.path().join(format!("search.db{suffix}")));
    }
    std::fs::copy(old.path().join("search.db"), shorter.path().join("search.db")).unwrap();
    let store = Store::open(Options::new(shorter.path())).await.unwrap();
    assert_eq!(settled(&store, "word30").await.items, []);
    assert_eq!(settled(&store, "word13").await.items.len(), 1);
    store.close().await;
}

#[tokio::test]
async fn a_deleted_run_leaves_nothing_in_the_index() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path(), 9_000).await;
    settled(&store, "common").await;
    store.delete_run(&run(), now()).await.unwrap();
    assert_eq!(settled(&store, "common").await.items, []);
    let count = "SELECT (SELECT count(*) FROM texts_docsize) + (SELECT count(*) FROM cursors)";
    let mut left = i64::MAX;
    for _ in 0..400 {
        let options = SqliteConnectOptions::new().filename(directory.path().join("search.db"));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        left = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(left, 0);
    store.close().await;
}

/// Writes and indexes without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hammer() {
    let Ok(directory) = std::env::var("SEARCH_HAMMER") else { return };
    let first: u64 = std::env::var("SEARCH_HAMMER_FROM").unwrap().parse().unwrap();
    let store = Store::open(Options::new(directory)).await.unwrap();
    store.create_run(RunSpec::named("r"), run(), now()).await.unwrap();
    for from in (first..).step_by(500) {
        store.append(&run(), (from..from + 500).map(scored).collect(), now()).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nack {}.", from + 500).and_then(|()| out.flush()).unwrap();
    }
}

/// Lets it write for a while and kills it; how many steps were acknowledged.
fn hammer_and_kill(directory: &Path, from: u64, after: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hammer", "--nocapture", "--test-threads=1"])
        .env("SEARCH_HAMMER", directory)
        .env("SEARCH_HAMMER_FROM", from.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut steps, mut killer) = (from, None);
    while let Some(Ok(line)) = lines.next() {
        let Some(n) = line.strip_prefix("ack ").and_then(|l| l.strip_suffix('.')) else { continue };
        steps = n.parse().unwrap();
        if killer.is_none() {
            let id = child.id().to_string();
            killer = Some(std::thread::spawn(move || {
                std::thread::sleep(after);
                assert!(Command::new("kill").args(["-9", &id]).status().unwrap().success());
            }));
        }
    }
    killer.expect("it acknowledged nothing").join().unwrap();
    assert!(!child.wait().unwrap().success(), "it was killed");
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_complete_however_often_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    let (mut steps, mut random) = (0, 0x2545_F491_4F6C_DD1D_u64);
    for _ in 0..KILLS {
        // xorshift64: a moment up to 400 ms after the first acknowledgement.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (moment, at) = (Duration::from_micros(random % 400_000), path.clone());
        steps = tokio::task::spawn_blocking(move || hammer_and_kill(&at, steps, moment)).await.unwrap();
    }
    let store = Store::open(Options::new(&path)).await.unwrap();
    settled(&store, "common").await;
    // Each step once: the index names every event of the log but the first (the run itself), and none twice.
    let head = store.head(&run()).await.unwrap().unwrap();
    assert!(head > steps && steps >= KILLS * 500);
    store.close().await;
    let options = SqliteConnectOptions::new().filename(path.join("search.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let documents: i64 =
        sqlx::query_scalar("SELECT count(*) FROM texts_docsize").fetch_one(&mut connection).await.unwrap();
    assert_eq!(documents as u64, head);
    connection.execute("INSERT INTO texts (texts, rank) VALUES ('integrity-check', 0)").await.unwrap();
    connection
        .execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, texts, instance)")
        .await
        .unwrap();
    let (all, apart): (i64, i64) =
        sqlx::query_as("SELECT count(*), count(DISTINCT doc) FROM temp.words WHERE term = 'common'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!((all as u64, apart as u64), (head - 1, head - 1), "no word is there twice");
}
