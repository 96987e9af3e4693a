//! A backup, a restore and a migration are killed at any moment: no archive is taken for a finished one, no
//! server opens half a database, and the next try succeeds.
//!
//! The process to be killed is this very test binary, restarted with `BACKUP_WORK` naming what it does.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gauntlet_backup::{
    CreateOptions, Extent, FolderTarget, Progress, archives, create, migrate, restore, verify,
};
use gauntlet_store::{Options, Store, StoreError};

use crate::fixtures::{Backend, Place, archive, at, log_rollouts, put_artifact, see};

/// Kills of each kind of work.
const KILLS: u32 = 6;

fn options(folder: &str) -> Options {
    Options { search: false, ..Options::new(folder) }
}

/// Does what `BACKUP_WORK` says, over the folders it names.
#[tokio::test(flavor = "multi_thread")]
async fn works_until_it_is_killed() {
    let Ok(work) = std::env::var("BACKUP_WORK") else { return };
    let [what, from, to] = work.split(' ').collect::<Vec<_>>()[..] else { panic!("{work:?}") };
    let progress = Progress::default();
    match what {
        "create" => {
            let store = Store::open(options(from)).await.unwrap();
            let (target, asked) = (FolderTarget::new(to), CreateOptions::default());
            create(&store, &target, &asked, at(5000), &progress).await.unwrap();
            store.close().await;
        }
        "restore" => {
            let target = FolderTarget::new(from);
            let newest = archives(&target, None).await.unwrap().remove(0);
            restore(&target, &newest.file, &options(to), &progress).await.unwrap();
        }
        _ => {
            let store = Store::open(options(from)).await.unwrap();
            migrate(&store, "killed", &options(to), &progress).await.unwrap();
            store.close().await;
        }
    }
}

fn start(what: &str, from: &Path, to: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::works_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env("BACKUP_WORK", format!("{what} {} {}", from.display(), to.display()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Starts the work and kills it after a while; says whether it was killed before its end.
fn kill_after(what: &str, from: &Path, to: &Path, after: Duration) -> bool {
    let mut child = start(what, from, to);
    std::thread::sleep(after);
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_leaves_no_archive_and_no_database_that_is_taken_for_finished() {
    let (source, folder) = (Place::new(Backend::Sqlite).await, tempfile::tempdir().unwrap());
    let target = FolderTarget::new(folder.path());
    let store = source.open().await;
    log_rollouts(&store, "alpha", 0..3000).await;
    put_artifact(&store, "alpha", &[7; 400_000]).await;
    let expected = see(&store).await;
    store.close().await;
    for kill in 0..KILLS {
        kill_after(
            "create",
            source.folder.path(),
            folder.path(),
            Duration::from_millis(u64::from(kill) * 60),
        );
        for finished in archives(&target, None).await.unwrap() {
            verify(&target, &finished.file, &Progress::default()).await.unwrap();
        }
    }
    let store = source.open().await;
    archive(&store, &target, Extent::Full).await;
    store.close().await;
    for (what, from) in [("restore", folder.path()), ("migrate", source.folder.path())] {
        let place = Place::new(Backend::Sqlite).await;
        for kill in 0..KILLS {
            let after = Duration::from_millis(40 + u64::from(kill) * 80);
            let killed = kill_after(what, from, place.folder.path(), after);
            match Store::open(place.options.clone()).await {
                Ok(opened) => {
                    // Killed before its first row: an empty log; not killed: all of it.
                    let is_empty = opened.runs(gauntlet_store::RunQuery::default()).await.unwrap();
                    assert!(killed || !is_empty.items.is_empty());
                    let finished = see(&opened).await;
                    opened.close().await;
                    if !is_empty.items.is_empty() {
                        assert_eq!(finished, expected, "{what}");
                    }
                    std::fs::remove_dir_all(place.folder.path()).unwrap();
                    std::fs::create_dir(place.folder.path()).unwrap();
                }
                Err(StoreError::Conflict(why)) => assert!(why.contains("did not finish"), "{why}"),
                Err(error) => panic!("{error}"),
            }
        }
        let done = start(what, from, place.folder.path()).wait().unwrap();
        assert!(done.success(), "{what}");
        let copy = place.open().await;
        assert_eq!(see(&copy).await, expected, "{what}");
        copy.close().await;
    }
}
