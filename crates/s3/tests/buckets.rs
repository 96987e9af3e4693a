//! Backups in a bucket of a real server: a slow one, one that lies, one that dies, one whose connections
//! break.

mod s3_server;

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use gauntlet_backup::{
    BackupError, Bucket, CreateOptions, Extent, Place, Progress, Retention, Target, archives, create, prune,
    restore, verify, verify_chain,
};
use gauntlet_model::{Event, EventId, Record, RunId, RunSpec, Scores, SnapshotScored, Timestamp};
use gauntlet_s3::S3Target;
use gauntlet_store::{Options, Store};
use s3_server::S3Server;
use sha2::{Digest, Sha256};

const DAY: i64 = 86_400;

async fn bucket(server: &S3Server, address: &str) -> S3Target {
    let Place::S3(bucket) = address.parse().unwrap() else { panic!("{address} is a folder") };
    let bucket = Bucket { endpoint: Some(server.url.clone()), region: Some("here".to_owned()), ..bucket };
    S3Target::connect_as(bucket, "somebody", "whatever").await
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((1_798_700_400 + seconds) * 1_000_000)
}

fn run_id() -> RunId {
    RunId::new("storm").unwrap()
}

fn snapshots(first: u64, count: u64) -> Vec<Event> {
    let snapshot = |n: u64| {
        let scores = Scores::new([("root", n as f64)]).unwrap();
        let body = SnapshotScored { scores, action: format!("answer {n}"), ..SnapshotScored::default() };
        Event::new(EventId::from_u128(u128::from(n) + 1), at(0), None, Some(n), body).unwrap()
    };
    (first..first + count).map(snapshot).collect()
}

/// A log with a run, and an artifact of that many bytes, which cannot be compressed.
async fn log_with_artifact(folder: &Path, size: usize) -> Store {
    let store = Store::open(Options { search: false, ..Options::new(folder) }).await.unwrap();
    store.create_run(RunSpec::named("storm"), run_id(), at(0)).await.unwrap();
    store.append(&run_id(), snapshots(0, 500), at(0)).await.unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let bytes: Vec<u8> = bytes.take(size / 8).flatten().collect();
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut upload = store.blobs().begin().await.unwrap();
    upload.write(&bytes).await.unwrap();
    upload.finish(&run_id(), &sha256).await.unwrap();
    store
}

async fn events(store: &Store) -> Vec<Record> {
    store.read(&run_id(), None, 100_000, None).await.unwrap().records
}

async fn back_up(store: &Store, target: &S3Target, extent: Extent, now: i64) -> Result<String, BackupError> {
    let options = CreateOptions { level: 1, extent, ..CreateOptions::default() };
    let made = create(store, target, &options, at(now), &Progress::default()).await?;
    Ok(made.file)
}

const INCREMENTAL: Extent = Extent::Incremental { most: 10 };

#[tokio::test(flavor = "multi_thread")]
async fn archives_come_back_from_a_bucket_and_old_ones_go() {
    let server = S3Server::start();
    let target = bucket(&server, "s3://lab/some/where").await;
    let [data, restored] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    // Three parts.
    let store = log_with_artifact(data.path(), 40 << 20).await;
    let first = back_up(&store, &target, Extent::Full, 0).await.unwrap();
    assert_eq!(first, "gauntlet-20261231T070000Z.tar.zst");
    store.append(&run_id(), snapshots(500, 20), at(1)).await.unwrap();
    let second = back_up(&store, &target, INCREMENTAL, DAY).await.unwrap();
    let chain = verify_chain(&target, &second, &Progress::default()).await.unwrap();
    assert!(chain[0].bytes > 40 << 20 && chain[1].bytes < 1 << 20, "{} {}", chain[0].bytes, chain[1].bytes);

    let mut files = target.list().await.unwrap();
    files.sort();
    let names = ["gauntlet-20261231T070000Z", "gauntlet-20270101T070000Z"];
    assert_eq!(files, names.map(|name| [format!("{name}.json"), format!("{name}.tar.zst")]).concat());
    // The keys have the day. Another prefix has none of them.
    let prefix = bucket(&server, "s3://lab/some/where/backups/gauntlet/2026/12").await;
    assert_eq!(prefix.list().await.unwrap(), [""; 0]);

    let options = Options { search: false, ..Options::new(restored.path()) };
    restore(&target, &second, &options, &Progress::default()).await.unwrap();
    let copy = Store::open(options).await.unwrap();
    assert_eq!(events(&copy).await, events(&store).await);
    assert_eq!(events(&copy).await.len(), 521);

    // What belongs to the newest stays.
    let third = back_up(&store, &target, Extent::Full, 2 * DAY).await.unwrap();
    let one = Retention { count: std::num::NonZeroUsize::new(1), age: None };
    let removed = prune(&target, "gauntlet", one, at(2 * DAY)).await.unwrap();
    assert_eq!(removed, [second, first]);
    let left = archives(&target, Some("gauntlet")).await.unwrap();
    assert_eq!(left.iter().map(|info| &info.file).collect::<Vec<_>>(), [&third]);
    assert_eq!(target.list().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_is_not_felt_by_writers() {
    let mut server = S3Server::start();
    let target = bucket(&server, "s3://lab").await;
    let data = tempfile::tempdir().unwrap();
    let store = log_with_artifact(data.path(), 20 << 20).await;
    server.behave("slow 1");
    let (is_made, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writing = async {
        let mut next = 500;
        while !is_made.load(Ordering::Relaxed) {
            store.append(&run_id(), snapshots(next, 10), at(1)).await.unwrap();
            (next, _) = (next + 10, written.fetch_add(1, Ordering::Relaxed));
        }
        next
    };
    let making = async {
        let file = back_up(&store, &target, Extent::Full, 0).await;
        is_made.store(true, Ordering::Relaxed);
        file
    };
    let begun = std::time::Instant::now();
    let (file, next) = tokio::join!(making, writing);
    // A list, two parts, their beginning and end, a check, the manifest: each took a second.
    assert!(begun.elapsed() > Duration::from_secs(7), "{:?}", begun.elapsed());
    assert!(written.load(Ordering::Relaxed) > 100, "{written:?} appends in {:?}", begun.elapsed());
    server.behave("honest");
    verify(&target, &file.unwrap(), &Progress::default()).await.unwrap();
    assert_eq!(events(&store).await.len() as u64, next + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_other_bytes_is_found_out() {
    let mut server = S3Server::start();
    let target = bucket(&server, "s3://lab").await;
    let data = tempfile::tempdir().unwrap();
    let store = log_with_artifact(data.path(), 20 << 20).await;
    server.behave("lie");
    let error = back_up(&store, &target, Extent::Full, 0).await.unwrap_err().to_string();
    assert!(
        error.contains("s3://lab/gauntlet-") && error.contains("the server reports the SHA-256"),
        "{error}"
    );
    assert_eq!(target.list().await.unwrap(), [""; 0], "nothing is left that looks like an archive");
    // So is a small object, of one request.
    let mut sink = target.create("gauntlet-20270101T070000Z.json").await.unwrap();
    let finished = tokio::task::spawn_blocking(move || {
        sink.write_all(b"{}").unwrap();
        sink.finish()
    });
    let error = finished.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("the server reports the SHA-256"), "{error}");
    assert_eq!(target.list().await.unwrap(), [""; 0]);

    server.behave("honest");
    let file = back_up(&store, &target, Extent::Full, 1).await.unwrap();
    verify(&target, &file, &Progress::default()).await.unwrap();
    server.behave("rot");
    let error = verify(&target, &file, &Progress::default()).await.unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_on_where_a_connection_broke() {
    let mut server = S3Server::start();
    let target = bucket(&server, "s3://lab").await;
    let data = tempfile::tempdir().unwrap();
    let store = log_with_artifact(data.path(), 20 << 20).await;
    let file = back_up(&store, &target, Extent::Full, 0).await.unwrap();
    server.behave("cut 6000000");
    verify(&target, &file, &Progress::default()).await.unwrap();
    server.behave("cut 0");
    let error = verify(&target, &file, &Progress::default()).await.unwrap_err();
    assert!(!error.to_string().is_empty(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_in_the_middle_ends_the_backup_alone() {
    let mut server = S3Server::start();
    let target = bucket(&server, "s3://lab").await;
    let data = tempfile::tempdir().unwrap();
    let store = log_with_artifact(data.path(), 1 << 20).await;
    let file = back_up(&store, &target, Extent::Full, 0).await.unwrap();
    let mut source = target.open(&file).await.unwrap();
    let mut sink = target.create("gauntlet-20270101T070000Z.tar.zst").await.unwrap();
    server.behave("slow 0.5");
    // The first part is on its way when the second one is full.
    let writing = tokio::task::spawn_blocking(move || {
        let part = vec![7; 1 << 20];
        for _ in 0..17 {
            sink.write_all(&part)?;
        }
        server.kill();
        for _ in 0..17 {
            sink.write_all(&part)?;
        }
        sink.finish()
    });
    let error = writing.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("onnection refused") || error.contains("onnect"), "{error}");
    let reading = tokio::task::spawn_blocking(move || source.read_to_end(&mut Vec::new()));
    // What was under way may have come to its end before.
    let read = reading.await.unwrap();
    assert!(read.is_err() || read.is_ok_and(|bytes| bytes > 0));
    let error = back_up(&store, &target, Extent::Full, 1).await.unwrap_err().to_string();
    assert!(error.starts_with("s3://lab: "), "{error}");
    // The log goes on.
    store.append(&run_id(), snapshots(500, 10), at(1)).await.unwrap();
    assert_eq!(events(&store).await.len(), 511);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_began_is_given_up() {
    let server = S3Server::start();
    let target = bucket(&server, "s3://lab").await;
    let mut sink = target.create("gauntlet-20270101T070000Z.tar.zst").await.unwrap();
    let written = tokio::task::spawn_blocking(move || {
        sink.write_all(&vec![7; (16 << 20) + 1]).unwrap();
        // As if the process had ended here.
        Box::leak(sink);
    });
    written.await.unwrap();
    assert_eq!(target.delete_unfinished("gaunt", Duration::ZERO).await.unwrap(), 0);
    assert_eq!(target.delete_unfinished("gauntlet", Duration::ZERO).await.unwrap(), 1);
    assert_eq!(target.delete_unfinished("gauntlet", Duration::ZERO).await.unwrap(), 0);
    assert_eq!(target.list().await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_bucket_archive_or_key_is_refused() {
    let server = S3Server::start();
    let missing = bucket(&server, "s3://nobody").await;
    let error = missing.list().await.unwrap_err().to_string();
    assert!(error.contains("NoSuchBucket"), "{error}");
    let target = bucket(&server, "s3://lab").await;
    let Err(error) = target.open("gauntlet-20270101T070000Z.json").await else {
        panic!("there is no such key")
    };
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
    target.delete("gauntlet-20270101T070000Z.json").await.unwrap();
    let Err(error) = target.create("../notes").await else { panic!("there is no key for it") };
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
