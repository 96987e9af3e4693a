//! A thread of the database that ends ends the process: no request could be answered any more.

use std::process::Command;

use gauntlet_server::process::exit_on_database_panic;
use gauntlet_store::{Options, Store};

/// Set in the process that crashes.
const CRASHES: &str = "GAUNTLET_TEST_CRASH";

fn crash(thread: &str) {
    exit_on_database_panic();
    let thread = std::thread::Builder::new().name(thread.to_owned());
    let _ = thread.spawn(|| panic!("as for lack of memory")).unwrap().join();
    // No thread of the database: the process goes on.
    std::process::exit(7);
}

/// This test again, in a process of its own, where that thread panics; its exit code.
fn exit_code(thread: &str) -> Option<i32> {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "the_process_ends_with_a_thread_of_its_database"]).env(CRASHES, thread);
    again.output().unwrap().status.code()
}

#[test]
fn the_process_ends_with_a_thread_of_its_database() {
    if let Ok(thread) = std::env::var(CRASHES) {
        crash(&thread);
    }
    assert_eq!(exit_code("sqlx-sqlite-worker-3"), Some(1));
    assert_eq!(exit_code("another"), Some(7));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_threads_of_the_database_are_named_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(folder.path())).await.unwrap();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names: Vec<_> =
        tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok()).collect();
    // The system shows the first 15 bytes.
    assert!(names.iter().any(|name| name.trim() == "sqlx-sqlite-wor"), "{names:?}");
    store.close().await;
}
