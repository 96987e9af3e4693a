//! Damaged files, newer schemas, a database that refuses.

use std::error::Error as _;
use std::path::Path;

use gauntlet_model::{
    AnnotationAdded, Body, EpisodeFinished, EpisodeId, Event, EventId, FailureRules, Gap, Kind, Record,
    RunId, RunSpec, Score, ScoreAdded, ScoreTarget, Scores, SnapshotScored, Status, Timestamp,
};
use gauntlet_store::{InEpisode, Options, SnapshotFilter, Store, StoreError, with_causes};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn run() -> RunId {
    RunId::new("r").unwrap()
}

fn note(n: u128) -> Event {
    let body = AnnotationAdded { text: "note".to_owned(), author: "ada".to_owned(), range: None };
    Event::new(EventId::from_u128(n), now(), None, None, body).unwrap()
}

fn gap(n: u128) -> Event {
    let body = Gap { lost: 3, reason: "the network".to_owned() };
    Event::new(EventId::from_u128(n), now(), None, None, body).unwrap()
}

/// A store with one run of ten notes.
async fn filled(directory: &Path) -> Store {
    let store = Store::open(Options::new(directory)).await.unwrap();
    store.create_run(RunSpec::named("r"), run(), now()).await.unwrap();
    store.append(&run(), (0..10).map(note).collect(), now()).await.unwrap();
    store
}

async fn change_file(directory: &Path, sql: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(directory.join("gauntlet.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection
}

#[tokio::test]
async fn a_closed_store_is_one_file() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await.close().await;
    for leftover in ["gauntlet.db-wal", "gauntlet.db-shm"] {
        assert!(!directory.path().join(leftover).exists(), "{leftover}");
    }
}

#[tokio::test]
async fn what_a_run_adds_up_to_is_counted_anew_from_its_log() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(directory.path())).await.unwrap();
    // By the medical rules a part of the tree makes its step fail.
    let spec = RunSpec { rules: FailureRules::Dipg, ..RunSpec::named("r") };
    store.create_run(spec, run(), now()).await.unwrap();
    let on = |n: u128, body: Body| {
        Event::new(EventId::from_u128(n), now(), None, Some(n as u64 % 5), body).unwrap()
    };
    let scored = |root: f64| {
        let scores = Scores::new([("root", root), ("format", 1.0)]).unwrap();
        Body::from(SnapshotScored { scores, ..SnapshotScored::default() })
    };
    let later = |path: &str, value: f64| {
        let (path, value) = (path.to_owned(), Score::new(value).unwrap());
        let (label, explanation, source) = (None, None, "ada".to_owned());
        Body::from(ScoreAdded { target: ScoreTarget::Step, path, value, label, explanation, source })
    };
    // Steps 1 to 4: scored; again; and later; before it was scored, and later.
    let first =
        [(1, scored(1.5)), (2, scored(-9.0)), (3, scored(2.0)), (4, later("root", -0.25)), (7, scored(4.0))];
    let more =
        [(8, later("format", 0.0)), (9, scored(1.0)), (14, later("root", 0.1)), (19, later("format", -1.0))];
    let events = first.into_iter().chain(more).map(|(n, body)| on(n, body)).collect();
    store.append(&run(), events, now()).await.unwrap();
    let before = store.run(&run()).await.unwrap().unwrap();
    assert_eq!((before.steps, before.failing, before.last_root), (4, 2, Some(0.1)));
    let rows = store.steps(&run(), None, 10, SnapshotFilter::Any, InEpisode::Any).await.unwrap();
    store.close().await;
    change_file(
        directory.path(),
        "UPDATE progress SET steps = 9, failing = 9, scored_count = 9, mean_root = 9, root_sum = NULL,
             last_root = NULL, last_root_place = NULL, top_step = NULL;
         UPDATE events SET root = 8, failure = 'generic' WHERE place =
            (SELECT min(place) FROM events WHERE step = 2)",
    )
    .await
    .close()
    .await
    .unwrap();
    let store = Store::open(Options::new(directory.path())).await.unwrap();
    assert_eq!(store.run(&run()).await.unwrap().unwrap(), before);
    assert_eq!(store.steps(&run(), None, 10, SnapshotFilter::Any, InEpisode::Any).await.unwrap(), rows);
    store.close().await;
}

#[tokio::test]
async fn episodes_are_counted_and_their_errors_found_in_a_database_of_before() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(directory.path())).await.unwrap();
    let spec = RunSpec { rules: FailureRules::RootBelow(0.0), ..RunSpec::named("r") };
    store.create_run(spec, run(), now()).await.unwrap();
    let of = |n: u128, episode: &str, step: Option<u64>, body: Body| {
        Event::new(EventId::from_u128(n), now(), EpisodeId::new(episode).ok(), step, body).unwrap()
    };
    let scored = || {
        let scores = Scores::new([("root", 1.0)]).unwrap();
        Body::from(SnapshotScored { scores, ..SnapshotScored::default() })
    };
    let end = |status| {
        Body::from(EpisodeFinished { status, return_: None, latency_ms: None, cost: None, error: None })
    };
    let events = vec![
        of(1, "a", Some(0), scored()),
        of(2, "a", Some(1), scored()),
        of(3, "a", None, end(Status::Completed)),
        of(4, "a", None, end(Status::Failed)),
        of(5, "b", Some(2), scored()),
        of(6, "b", None, end(Status::Failed)),
        of(7, "b", None, end(Status::Completed)),
        of(8, "c", Some(3), scored()),
        of(9, "d", None, end(Status::TimedOut)),
        of(10, "e", Some(4), scored()),
        of(11, "e", None, end(Status::Failed)),
    ];
    store.append(&run(), events, now()).await.unwrap();
    let before = store.run(&run()).await.unwrap().unwrap();
    assert_eq!((before.episodes, before.failing), (5, 2));
    let rows = store.steps(&run(), None, 10, SnapshotFilter::Any, InEpisode::Any).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.step).collect::<Vec<_>>(), [1, 4]);
    store.close().await;
    // As the version before wrote it.
    change_file(
        directory.path(),
        "DROP TABLE backups; DROP TABLE servers; DROP TABLE leases; DROP TABLE api_keys; DROP TABLE seals;
         DROP TABLE list_views; DROP TABLE run_config;
         DROP TABLE run_values;
         DROP TABLE run_projections; DROP TABLE webhook_calls; DROP TABLE monitor_states; DROP TABLE monitors;
         DROP TABLE effects; DROP TABLE episodes; DROP INDEX events_alerts;
         ALTER TABLE progress DROP COLUMN alerts; ALTER TABLE progress DROP COLUMN alert_severity;
         DELETE FROM _sqlx_migrations WHERE version >= 9;
         ALTER TABLE pending_deletes RENAME TO doomed;
         ALTER TABLE progress RENAME COLUMN scored_count TO rooted;
         UPDATE progress SET episodes = 0, failing = 0; UPDATE events SET failure = NULL;
         UPDATE events SET body = 'damaged' WHERE episode = 'e' AND kind = 'episode.finished'",
    )
    .await
    .close()
    .await
    .unwrap();
    let store = Store::open(Options::new(directory.path())).await.unwrap();
    let after = store.run(&run()).await.unwrap().unwrap();
    assert_eq!((after.episodes, after.failing), (5, 1), "an end that cannot be read ends nothing");
    let rows = store.steps(&run(), None, 10, SnapshotFilter::Any, InEpisode::Any).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.step).collect::<Vec<_>>(), [1]);
    store.close().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_reported_as_damaged() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("gauntlet.db"), vec![b'x'; 8192]).unwrap();
    assert!(matches!(Store::open(Options::new(directory.path())).await, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let Err(error @ StoreError::Unavailable { .. }) = Store::open(Options::new(&file)).await else {
        panic!("it opened")
    };
    let message = error.to_string();
    assert!(
        error.source().is_some_and(|why| with_causes(&error) == format!("{message}: {why}")),
        "{error:?}"
    );
    assert!(message.contains(&file.display().to_string()), "{message}");
}

#[tokio::test]
async fn a_directory_a_newer_version_wrote_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await.close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'later', 1, x'00', 0)";
    change_file(directory.path(), newer).await.close().await.unwrap();
    assert!(matches!(Store::open(Options::new(directory.path())).await, Err(StoreError::Conflict(_))));
}

#[tokio::test]
async fn a_damaged_event_is_reported_and_harms_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path()).await;
    let damage = "UPDATE events SET kind = 'no.such' WHERE id = x'00000000000000000000000000000007'";
    change_file(directory.path(), damage).await.close().await.unwrap();
    let records = store.read(&run(), None, 100, None).await.unwrap().records;
    let seqs: Vec<_> = records.iter().filter(|r| r.kind == Kind::Gap).map(|r| r.seq).collect();
    assert_eq!((records.len(), seqs), (11, vec![8]));
    assert_eq!(reason(&records[8]), "event 8 cannot be read: \"no.such\" is not a kind of event");
    assert_eq!(store.append(&run(), vec![note(99)], now()).await.unwrap().accepted, 1);
    store.close().await;
}

/// Why an event is a gap; empty where it is none.
fn reason(record: &Record) -> String {
    match record.event().unwrap().body() {
        Body::Gap(gap) => gap.reason.clone(),
        _ => String::new(),
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_a_gap_whatever_is_wrong_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path()).await;
    for (seq, damage, why) in [
        (1, "UPDATE events SET body = substr(body, 1, 9)", "EOF while parsing"),
        (2, "UPDATE events SET body = '[]'", "JSON object"),
        (3, "UPDATE events SET body = cast(x'7b22ff227d' AS TEXT)", "utf-8"),
        (4, "UPDATE events SET body = '{\"text\":\"no author\"}'", "author"),
        (5, "UPDATE events SET version = 9", "version"),
        (6, "UPDATE events SET id = x'00'", "16 bytes"),
        (7, "UPDATE events SET episode = 'a/b'", "slash"),
        (8, "UPDATE events SET step = -1", "out of range"),
        (9, "DELETE FROM events", "missing"),
        (10, "DELETE FROM events", "missing"),
    ] {
        let damage = format!("{damage} WHERE place % 68719476736 = {seq}");
        change_file(directory.path(), &damage).await.close().await.unwrap();
        let slice = store.read(&run(), None, 100, None).await.unwrap();
        assert_eq!(slice.records.len(), 11, "{damage}");
        assert!(slice.records.iter().enumerate().all(|(n, r)| r.seq == n as u64), "{damage}");
        let message = reason(&slice.records[seq as usize]);
        assert!(
            message.starts_with(&format!("event {seq} cannot be read: ")) && message.contains(why),
            "{message}"
        );
        assert_eq!((slice.head, slice.next_after), (11, Some(10)));
        // A page of it, and from its middle.
        let page = store.read(&run(), Some(seq - 1), 1, None).await.unwrap();
        assert_eq!((page.records.len(), page.next_after), (1, Some(seq)));
        assert_eq!(reason(&page.records[0]), message);
    }
    let notes = store.read(&run(), None, 100, Some(&[Kind::AnnotationAdded])).await.unwrap();
    assert_eq!(notes.next_after, Some(10));
    store.close().await;
}

#[tokio::test]
async fn a_damaged_page_of_the_file_hides_only_its_events() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path()).await;
    for from in (10..6000).step_by(500) {
        store.append(&run(), (from..from + 500).map(note).collect(), now()).await.unwrap();
    }
    store.close().await;
    // Finds a leaf of the table `events` by its content, and overwrites its header.
    let path = directory.path().join("gauntlet.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let text = b"{\"text\":\"note\"";
    let at =
        bytes.windows(text.len()).enumerate().filter(|(_, w)| w == text).map(|(at, _)| at).nth(3000).unwrap();
    let page = at / 8192 * 8192;
    bytes[page..page + 64].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let store = Store::open(Options { search: false, ..Options::new(directory.path()) }).await.unwrap();
    let (mut records, mut after) = (Vec::new(), None);
    loop {
        let slice = store.read(&run(), after, 1000, None).await.unwrap();
        assert!(slice.next_after > after, "it goes on");
        after = slice.next_after;
        records.extend(slice.records);
        if after.is_some_and(|after| after + 1 >= slice.head) {
            break;
        }
    }
    assert!(records.iter().enumerate().all(|(n, r)| r.seq == n as u64), "none is left out");
    let gaps = records.iter().filter(|r| r.kind == Kind::Gap).count();
    assert!(gaps > 0 && gaps < 200, "{gaps} of {}", records.len());
    store.close().await;
}

#[tokio::test]
async fn nothing_is_acknowledged_into_a_file_that_is_gone() {
    for victim in ["gauntlet.db", "gauntlet.db-wal", ""] {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("data");
        let store = filled(&folder).await;
        store.ping().await.unwrap();
        match victim {
            "" => std::fs::remove_dir_all(&folder).unwrap(),
            file => std::fs::remove_file(folder.join(file)).unwrap(),
        }
        let ping = store.ping().await;
        assert!(
            matches!(&ping, Err(StoreError::Unavailable { message, .. }) if message.contains("removed")),
            "{ping:?}"
        );
        let appended = store.append(&run(), vec![note(99)], now()).await;
        assert!(matches!(&appended, Err(StoreError::Unavailable { .. })), "{appended:?}");
        if victim == "gauntlet.db" {
            // Another file of that name is not the one that is open.
            std::fs::write(folder.join(victim), "").unwrap();
            assert!(store.ping().await.is_err());
        }
        store.close().await;
    }
}

#[tokio::test]
async fn a_request_the_database_refuses_fails_alone_and_entirely() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path()).await;
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.kind = 'gap'
                  BEGIN SELECT RAISE(ABORT, 'no gaps today'); END";
    change_file(directory.path(), refuse).await.close().await.unwrap();
    let run = run();
    let (before, bad, after) = tokio::join!(
        store.append(&run, (10..20).map(note).collect(), now()),
        store.append(&run, vec![note(100), note(101), gap(102)], now()),
        store.append(&run, (20..30).map(note).collect(), now()),
    );
    assert_eq!((before.unwrap().accepted, after.unwrap().accepted), (10, 10));
    let Err(error @ StoreError::Unavailable { .. }) = bad else { panic!("it was taken") };
    let message = with_causes(&error);
    assert!(!message.contains("gap"), "the database's own words stay inside: {message}");
    let records = store.read(&run, None, 1000, None).await.unwrap().records;
    assert_eq!(records.len(), 31);
    assert!(records.iter().enumerate().all(|(n, r)| r.seq == n as u64));
    assert_eq!(store.run(&run).await.unwrap().unwrap().head, 31);
    change_file(directory.path(), "DROP TRIGGER refuse").await.close().await.unwrap();
    let again = store.append(&run, vec![note(100), note(101), gap(102)], now()).await.unwrap();
    assert_eq!((again.accepted, again.first_seq), (3, Some(31)));
    store.close().await;
}

#[tokio::test]
async fn a_deleted_run_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path()).await;
    store.append(&run(), (10..9000).map(note).collect(), now()).await.unwrap();
    store.delete_run(&run(), now()).await.unwrap();
    // What the process had no time for is done by the next one.
    store.close().await;
    let store = Store::open(Options::new(directory.path())).await.unwrap();
    let count = "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM pending_deletes)
                 + (SELECT count(*) FROM runs) + (SELECT count(*) FROM progress)";
    let mut left = i64::MAX;
    for _ in 0..200 {
        let mut connection = change_file(directory.path(), "PRAGMA user_version").await;
        left = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
        if left == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(left, 0);
    store.close().await;
}
