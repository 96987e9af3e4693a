//! What is backed up comes back to the letter, from either database into either, and nothing else does.

mod fixtures;
mod killed;

use std::io::{Read, Seek, SeekFrom, Write};

use fixtures::{
    Backend, Place, archive, at, fill, full_log, log_rollouts, put_artifact, restored, run_id, see,
};
use gauntlet_backup::{BackupError, Extent, FolderTarget, Progress, migrate, verify, verify_chain};
use gauntlet_store::{Store, StoreError};

const INCREMENTAL: Extent = Extent::Incremental { most: 10 };

async fn check_restore(from: Backend, into: Backend) {
    let (source, archives) = (Place::new(from).await, tempfile::tempdir().unwrap());
    let target = FolderTarget::new(archives.path());
    let store = source.open().await;
    fill(&store).await;
    let file = archive(&store, &target, Extent::Full).await;
    let expected = see(&store).await;
    let place = Place::new(into).await;
    let counts = restored(&target, &file, &place).await.unwrap();
    let copy = place.open().await;
    assert_eq!(see(&copy).await, expected);
    assert_eq!(counts.events, expected_events(&store).await);
    // What was deleted stays deleted, and what comes later has numbers of its own.
    let late = copy.append(&run_id("gone"), vec![fixtures::rollout(11)], at(9)).await;
    assert!(matches!(late, Err(StoreError::Gone(_))), "{late:?}");
    log_rollouts(&copy, "later", 0..20).await;
    log_rollouts(&copy, "alpha", 290..320).await;
    assert_eq!(copy.head(&run_id("later")).await.unwrap(), Some(21));
    assert_eq!(copy.head(&run_id("alpha")).await.unwrap(), Some(322));
    store.close().await;
    copy.close().await;
}

async fn expected_events(store: &Store) -> u64 {
    let heads = [store.head(&run_id("alpha")).await, store.head(&run_id("beta")).await];
    heads.into_iter().map(|head| head.unwrap().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_sqlite_comes_back_in_either_database() {
    check_restore(Backend::Sqlite, Backend::Sqlite).await;
    check_restore(Backend::Sqlite, Backend::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_postgresql_comes_back_in_either_database() {
    check_restore(Backend::Postgres, Backend::Postgres).await;
    check_restore(Backend::Postgres, Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incremental_archive_holds_what_is_new_and_comes_back_with_those_before() {
    let (source, archives) = (Place::new(Backend::Sqlite).await, tempfile::tempdir().unwrap());
    let target = FolderTarget::new(archives.path());
    let store = source.open().await;
    fill(&store).await;
    archive(&store, &target, INCREMENTAL).await;
    log_rollouts(&store, "alpha", 300..350).await;
    log_rollouts(&store, "new", 0..5).await;
    put_artifact(&store, "new", b"another file").await;
    archive(&store, &target, INCREMENTAL).await;
    store.delete_run(&run_id("beta"), at(8)).await.unwrap();
    let last = archive(&store, &target, INCREMENTAL).await;
    let chain = verify_chain(&target, &last, &Progress::default()).await.unwrap();
    let new: Vec<u64> = chain.iter().map(|archive| archive.manifest.events).collect();
    // The run and its start count with the rollouts: 301 + 42 + 2 artifacts + the end of an episode.
    assert_eq!(new, [346, 50 + 6 + 1, 0]);
    let stored = chain.iter().map(|a| a.manifest.artifacts.iter().filter(|file| file.stored).count());
    assert_eq!(stored.collect::<Vec<_>>(), [2, 1, 0]);
    let place = Place::new(Backend::Sqlite).await;
    restored(&target, &last, &place).await.unwrap();
    let copy = place.open().await;
    assert_eq!(see(&copy).await, see(&store).await);
    // Without the one in the middle it is said which one is missing, and nothing is touched.
    std::fs::remove_file(archives.path().join(&chain[1].file)).unwrap();
    let untouched = Place::new(Backend::Sqlite).await;
    let refused = restored(&target, &last, &untouched).await.unwrap_err().to_string();
    assert!(refused.contains(&chain[1].file), "{refused}");
    assert!(!untouched.folder.path().join("gauntlet.db").exists());
    store.close().await;
    copy.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_went_another_way_is_backed_up_in_full() {
    let (source, archives) = (Place::new(Backend::Sqlite).await, tempfile::tempdir().unwrap());
    let target = FolderTarget::new(archives.path());
    let store = source.open().await;
    log_rollouts(&store, "alpha", 0..50).await;
    let first = archive(&store, &target, Extent::Full).await;
    log_rollouts(&store, "alpha", 50..60).await;
    archive(&store, &target, INCREMENTAL).await;
    store.close().await;
    // The older archive is restored and written on: its archives go to the same folder.
    let place = Place::new(Backend::Sqlite).await;
    restored(&target, &first, &place).await.unwrap();
    let copy = place.open().await;
    log_rollouts(&copy, "alpha", 100..120).await;
    let last = archive(&copy, &target, INCREMENTAL).await;
    let again = Place::new(Backend::Sqlite).await;
    restored(&target, &last, &again).await.unwrap();
    let restored = again.open().await;
    assert_eq!(see(&restored).await, see(&copy).await);
    copy.close().await;
    restored.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_changed_byte_of_an_archive_is_found_before_anything_is_touched() {
    let (source, archives) = (Place::new(Backend::Sqlite).await, tempfile::tempdir().unwrap());
    let target = FolderTarget::new(archives.path());
    let store = source.open().await;
    log_rollouts(&store, "alpha", 0..30).await;
    let name = archive(&store, &target, Extent::Full).await;
    store.close().await;
    let path = archives.path().join(&name);
    let size = std::fs::metadata(&path).unwrap().len();
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let mut flip = |at: u64| {
        let mut byte = [0];
        file.seek(SeekFrom::Start(at)).unwrap();
        file.read_exact(&mut byte).unwrap();
        byte[0] ^= 4;
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&byte).unwrap();
    };
    for n in 0..40 {
        let at = n * (size - 1) / 39;
        flip(at);
        let found = verify(&target, &name, &Progress::default()).await;
        assert!(matches!(found, Err(BackupError::Damaged { .. })), "byte {at} of {size}: {found:?}");
        flip(at);
    }
    verify(&target, &name, &Progress::default()).await.unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(size - 9).unwrap();
    let place = Place::new(Backend::Sqlite).await;
    let cut = restored(&target, &name, &place).await;
    assert!(matches!(cut, Err(BackupError::Damaged { .. })), "{cut:?}");
    assert!(!place.folder.path().join("gauntlet.db").exists());
}

/// An archive with one entry of zeros, which is small when it is packed.
fn bomb(folder: &std::path::Path, name: &str, kind: tar::EntryType, size: u64) {
    let file = std::fs::File::create(folder.join("bomb.tar.zst")).unwrap();
    let mut archive = tar::Builder::new(zstd::Encoder::new(file, 1).unwrap().auto_finish());
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_cksum();
    archive.append(&header, std::io::repeat(0).take(size)).unwrap();
    archive.finish().unwrap();
}

#[tokio::test]
async fn what_unpacks_to_more_than_is_ever_written_is_refused() {
    let archives = tempfile::tempdir().unwrap();
    let target = FolderTarget::new(archives.path());
    let (file, name, attributes) =
        (tar::EntryType::Regular, tar::EntryType::GNULongName, tar::EntryType::XHeader);
    for (entry, kind, mebibytes, words) in [
        ("runs/1/0", file, 65, "larger than any that is written"),
        ("tables/runs/0", file, 65, "larger than any that is written"),
        ("manifest.json", file, 17, "larger than any that is written"),
        ("longer", name, 65, "has an entry \"longer\""),
        ("attributes", attributes, 65, "has an entry \"attributes\""),
        ("etc/passwd", file, 0, "has an entry"),
    ] {
        bomb(archives.path(), entry, kind, mebibytes << 20);
        let found = verify(&target, "bomb.tar.zst", &Progress::default()).await.unwrap_err().to_string();
        assert!(found.contains(words), "{entry}: {found}");
        let place = Place::new(Backend::Sqlite).await;
        let restored = restored(&target, "bomb.tar.zst", &place).await.unwrap_err().to_string();
        assert_eq!(restored, found);
        assert!(!place.folder.path().join("gauntlet.db").exists(), "nothing is touched");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_of_one_moment_while_writers_go_on() {
    let (source, archives) = (Place::new(Backend::Sqlite).await, tempfile::tempdir().unwrap());
    let target = FolderTarget::new(archives.path());
    let store = source.open().await;
    log_rollouts(&store, "alpha", 0..2000).await;
    let (writer, stop) = (store.clone(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let stopped = std::sync::Arc::clone(&stop);
    let writing = tokio::spawn(async move {
        let mut step = 2000;
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            log_rollouts(&writer, "alpha", step..step + 50).await;
            step += 50;
        }
    });
    let file = archive(&store, &target, Extent::Full).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writing.await.unwrap();
    let place = Place::new(Backend::Sqlite).await;
    restored(&target, &file, &place).await.unwrap();
    let copy = place.open().await;
    let (seen, all) = (full_log(&copy, &run_id("alpha")).await, full_log(&store, &run_id("alpha")).await);
    assert_eq!(seen, all[..seen.len()]);
    let counted = copy.run(&run_id("alpha")).await.unwrap().unwrap();
    assert_eq!((counted.head, counted.steps), (seen.len() as u64, seen.len() as u64 - 1));
    store.close().await;
    copy.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_holds_a_log_is_not_restored_into() {
    let (source, archives) = (Place::new(Backend::Sqlite).await, tempfile::tempdir().unwrap());
    let target = FolderTarget::new(archives.path());
    let store = source.open().await;
    log_rollouts(&store, "alpha", 0..3).await;
    let file = archive(&store, &target, Extent::Full).await;
    store.close().await;
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let place = Place::new(backend).await;
        let other = place.open().await;
        log_rollouts(&other, "other", 0..3).await;
        other.close().await;
        let refused = restored(&target, &file, &place).await;
        assert!(matches!(refused, Err(BackupError::Store(StoreError::Conflict(_)))), "{refused:?}");
        let other = place.open().await;
        assert_eq!(other.head(&run_id("other")).await.unwrap(), Some(4));
        other.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_moves_from_either_database_to_the_other() {
    for (from, to) in [(Backend::Sqlite, Backend::Postgres), (Backend::Postgres, Backend::Sqlite)] {
        let (source, place) = (Place::new(from).await, Place::new(to).await);
        let store = source.open().await;
        fill(&store).await;
        let moved = migrate(&store, "the source", &place.options, &Progress::default()).await.unwrap();
        assert_eq!((moved.runs, moved.events), (2, expected_events(&store).await));
        let copy = place.open().await;
        assert_eq!(see(&copy).await, see(&store).await);
        store.close().await;
        copy.close().await;
    }
}

/// Tables that follow from others, and those that say how a server works.
const DERIVED: &[&str] = &[
    "backups",
    "chunks",
    "cursors",
    "events",
    "heartbeat",
    "leases",
    "pending_deletes",
    "run_config",
    "run_projections",
    "run_values",
    "seals",
    "servers",
    "texts",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_in_an_archive_or_follows_from_those_that_are() {
    let (source, archives) = (Place::new(Backend::Sqlite).await, tempfile::tempdir().unwrap());
    let target = FolderTarget::new(archives.path());
    let store = source.open().await;
    let file = archive(&store, &target, Extent::Full).await;
    store.close().await;
    let manifest = verify(&target, &file, &Progress::default()).await.unwrap().manifest;
    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgresql");
    let mut tables = Vec::new();
    for step in std::fs::read_dir(migrations).unwrap() {
        let sql = std::fs::read_to_string(step.unwrap().path()).unwrap();
        let created = sql.lines().filter_map(|line| line.strip_prefix("CREATE TABLE "));
        tables.extend(created.map(|rest| rest.split([' ', '(']).next().unwrap().to_owned()));
    }
    assert!(tables.len() > 20, "{tables:?}");
    tables.retain(|table| !manifest.tables.contains_key(table) && !DERIVED.contains(&table.as_str()));
    assert_eq!(tables, [""; 0], "neither dumped nor derived");
}
