//! Backups that a real server makes: while it is written to, killed in the middle, without a place to write,
//! moved to another server, and old ones deleted.

#[path = "../../../crates/store/tests/postgres_server/mod.rs"]
mod postgres_server;

mod fixture;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fixture::{Place, Server, batch, configure, files, gauntlet, post, restored, wait_for};
use serde_json::json;

fn create_run(server: &Server, run: &str) {
    let (status, answer) = server.post("/api/v1/runs", &json!({ "id": run, "name": run }));
    assert_eq!(status, 201, "{answer}");
}

/// A backup while two programs write, then an incremental one: what is restored from both is the log up to a
/// moment within the second one, event by event.
fn check_under_load(from: &Place, into: &Place) {
    let folder = tempfile::tempdir().unwrap();
    let archives = folder.path().join("archives");
    let config = configure(folder.path(), &format!("to = '{}'\nevery = 'off'", archives.display()));
    let server = Server::start(from, &config);
    create_run(&server, "storm");
    server.put_artifact("storm", 300_000);
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicU64::new(1));
    let write = |producer: u64| {
        let mut next = producer << 32;
        while !stop.load(Ordering::Relaxed) {
            let url = format!("{}/api/v1/runs/storm/events", server.url);
            assert_eq!(post(&url, &batch(next, 50)).0, 200);
            next += 50;
            acknowledged.fetch_add(50, Ordering::Relaxed);
        }
    };
    let before = std::thread::scope(|scope| {
        let writers = [scope.spawn(|| write(0)), scope.spawn(|| write(1))];
        wait_for("nothing is written", || acknowledged.load(Ordering::Relaxed) > 3000);
        let full = server.backup("full");
        assert_eq!((&full["status"], &full["kind"]), (&json!("completed"), &json!("full")), "{full}");
        assert!(full["events"].as_u64().unwrap() > 3000, "{full}");
        let before = acknowledged.load(Ordering::Relaxed);
        let next = server.backup("incremental");
        assert_eq!((&next["status"], &next["kind"]), (&json!("completed"), &json!("incremental")), "{next}");
        assert_eq!((&next["verified"], &next["asked_by"]), (&json!(true), &json!("local")));
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        before
    });
    let all = server.events("storm");
    assert_eq!(all.len() as u64, acknowledged.load(Ordering::Relaxed), "with the start of the run");
    let copy = restored(&archives, into, &config);
    let found = copy.events("storm");
    assert!(found.len() as u64 >= before && found.len() <= all.len(), "{} of {}", found.len(), all.len());
    for (seq, (found, event)) in found.iter().zip(&all).enumerate() {
        assert_eq!(found, event, "event {seq}");
    }
    // The list of backups is that of the servers, not a part of the log.
    assert_eq!(copy.backups().len(), 0);
}

#[test]
fn a_backup_of_a_server_that_is_written_to_comes_back_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let [from, into] = ["data", "restored"].map(|name| Place::sqlite(folder.path(), name));
    check_under_load(&from, &into);
}

#[test]
fn a_backup_of_a_server_that_is_written_to_comes_back_in_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let [from, into] = ["data", "restored"].map(|name| Place::postgresql(folder.path(), name));
    check_under_load(&from, &into);
}

#[test]
fn a_kill_in_the_middle_leaves_nothing_that_is_taken_for_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let archives = folder.path().join("archives");
    let slow = configure(folder.path(), &format!("to = '{}'\nevery = 'off'\nlevel = 22", archives.display()));
    let place = Place::sqlite(folder.path(), "data");
    let server = Server::start(&place, &slow);
    create_run(&server, "r");
    server.put_artifact("r", 24 << 20);
    assert_eq!(server.post("/api/v1/runs/r/events", &batch(0, 500)).0, 200);
    assert_eq!(server.post("/api/v1/backups", &json!({})).0, 202);
    let second = server.post("/api/v1/backups", &json!({}));
    assert_eq!(second.0, 409, "{}", second.1);
    wait_for("the backup does not begin", || files(&archives).iter().any(|file| file.ends_with(".partial")));
    server.kill();
    let left = files(&archives);
    assert!(left.iter().all(|file| file.ends_with(".partial")) && !left.is_empty(), "{left:?}");
    let verified = gauntlet(&["verify", &archives.display().to_string()]);
    let why = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(!verified.status.success() && why.contains("there is no finished archive"), "{why}");

    // The next server says so, and makes one by the schedule.
    let quick = format!("to = '{}'\nevery = '2s'\nlevel = 1", archives.display());
    let quick = configure(folder.path(), &quick);
    let server = Server::start(&place, &quick);
    wait_for("no backup is made", || server.backups().iter().any(|backup| backup["status"] == "completed"));
    let list = server.backups();
    let first = list.last().unwrap();
    assert_eq!((&first["status"], &first["verified"]), (&json!("interrupted"), &json!(false)), "{first}");
    let all = server.events("r");
    drop(server);
    let copy = restored(&archives, &Place::sqlite(folder.path(), "restored"), &slow);
    assert_eq!(copy.events("r"), all);
}

/// The server goes on where a backup fails, and says why it failed at each place where one looks.
#[track_caller]
fn check_failure(server: &Server, words: &str) {
    let failed = server.backup("full");
    assert_eq!(failed["status"], "failed", "{failed}");
    assert!(failed["error"].as_str().unwrap().contains(words), "{failed}");
    assert_eq!(server.post("/api/v1/runs/r/events", &batch(1000, 50)).0, 200);
    assert_eq!(server.get("/readyz")["status"], "ready");
    wait_for("the status page does not say it", || {
        let page = server.text("/status");
        page.contains("the last backup failed: ") && page.contains(words)
    });
    let metrics = server.text("/metrics");
    assert!(metrics.contains("\ngauntlet_backup_failures_total 1\n"), "{metrics}");
    assert!(metrics.contains("\ngauntlet_backup_last_success_timestamp_seconds 0\n"), "{metrics}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    // What is to be a folder is in a file; nobody may write there, whatever his rights.
    let file = folder.path().join("file");
    std::fs::write(&file, "text").unwrap();
    let config = configure(folder.path(), &format!("to = '{}/archives'\nevery = 'off'", file.display()));
    let server = Server::start(&Place::sqlite(folder.path(), "data"), &config);
    create_run(&server, "r");
    check_failure(&server, &file.join("archives").display().to_string());
}

#[test]
fn a_folder_without_room_is_named_and_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let archives = folder.path().join("archives");
    let config = configure(folder.path(), &format!("to = '{}'\nevery = 'off'", archives.display()));
    let place = Place::sqlite(folder.path(), "data");
    let server = Server::start(&place, &config);
    create_run(&server, "r");
    server.put_artifact("r", 24 << 20);
    drop(server);
    // No file of this process may become larger than 16 MiB, which only an archive would.
    let script = format!("trap '' XFSZ; ulimit -f 16384; exec '{}' \"$@\"", env!("CARGO_BIN_EXE_gauntlet"));
    let server = Server::start_as(Command::new("bash").args(["-c", &script, "bash"]), &place, &config);
    check_failure(&server, "File too large");
    assert_eq!(files(&archives), [""; 0], "nothing of it is left");
    // With room again the next one is made.
    drop(server);
    let server = Server::start(&place, &config);
    let made = server.backup("full");
    assert_eq!(made["status"], "completed", "{made}");
    wait_for("the status page still complains", || {
        !server.text("/status").contains("the last backup failed")
    });
}

#[test]
fn backups_move_to_another_server_when_the_one_that_makes_them_dies() {
    let folder = tempfile::tempdir().unwrap();
    let archives = folder.path().join("archives");
    let config = configure(folder.path(), &format!("to = '{}'\nevery = '1s'", archives.display()));
    let place = Place {
        artifacts: Some(folder.path().join("artifacts")),
        ..Place::postgresql(folder.path(), "data0")
    };
    let start =
        |name: &str| Server::start(&Place { data: folder.path().join(name), ..place.clone() }, &config);
    let is_made_after = |server: &Server, id: u64| {
        let list = server.backups();
        list.iter().any(|backup| backup["id"].as_u64().unwrap() > id && backup["status"] == "completed")
    };
    let newest = |server: &Server| server.backups()[0]["id"].as_u64().unwrap();
    let (first, second) = (start("data0"), start("data1"));
    create_run(&first, "r");
    assert_eq!(first.post("/api/v1/runs/r/events", &batch(0, 100)).0, 200);
    wait_for("no backup is made", || is_made_after(&second, 0));
    // One of the two makes them. Each is killed once, with another one beside it.
    let id = newest(&second);
    first.kill();
    wait_for("the second server makes no backup", || is_made_after(&second, id));
    let third = start("data2");
    let id = newest(&third);
    second.kill();
    wait_for("the third server makes no backup", || is_made_after(&third, id));
    // Whoever made them, there was one at a time.
    let list = third.backups();
    let ids: Vec<u64> = list.iter().map(|backup| backup["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted_by(|later, earlier| later > earlier), "{ids:?}");
    let open = list.iter().filter(|backup| backup["status"] == "running" || backup["status"] == "waiting");
    assert!(open.count() <= 1, "{list:?}");
    let all = third.events("r");
    drop(third);
    let copy = restored(&archives, &Place::sqlite(folder.path(), "restored"), &config);
    assert_eq!(copy.events("r"), all);
}

/// Every archive of the folder has those that it goes on from.
fn check_chains(archives: &Path) -> usize {
    let all = files(archives);
    let manifests = all.iter().filter(|file| file.ends_with(".json"));
    for manifest in manifests.clone() {
        // One may be deleted while we look.
        let Ok(text) = std::fs::read_to_string(archives.join(manifest)) else { continue };
        let info: serde_json::Value = serde_json::from_str(&text).unwrap();
        if let Some(base) = info["manifest"]["base"]["file"].as_str() {
            let is_there = archives.join(base).exists();
            assert!(is_there || !archives.join(manifest).exists(), "{manifest} needs {base}");
        }
    }
    manifests.count()
}

#[test]
fn old_archives_are_deleted_with_those_that_need_them_and_what_is_left_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let archives = folder.path().join("archives");
    let backup = format!("to = '{}'\nevery = '1s'\nfull_every = '3s'\nkeep = 2", archives.display());
    let config = configure(folder.path(), &backup);
    let server = Server::start(&Place::sqlite(folder.path(), "data"), &config);
    create_run(&server, "r");
    let mut next = 0;
    let mut most = 0;
    let is_removed = |kind: &str| {
        let list = server.backups();
        list.iter().any(|backup| backup["kind"] == kind && backup["removed_at"].is_string())
    };
    wait_for("no old archive is deleted", || {
        assert_eq!(server.post("/api/v1/runs/r/events", &batch(next, 5)).0, 200);
        next += 5;
        most = most.max(check_chains(&archives));
        is_removed("full") && is_removed("incremental")
    });
    assert!(most >= 3, "{most} archives at most");
    let failed: Vec<_> = server.backups().into_iter().filter(|backup| backup["status"] == "failed").collect();
    assert_eq!(failed.len(), 0, "{failed:?}");
    server.kill();
    check_chains(&archives);
    let config = configure(folder.path(), &format!("to = '{}'\nevery = 'off'", archives.display()));
    let server = Server::start(&Place::sqlite(folder.path(), "data"), &config);
    let last = server.backup("incremental");
    assert_eq!((&last["status"], &last["kind"]), (&json!("completed"), &json!("incremental")), "{last}");
    let all = server.events("r");
    drop(server);
    let copy = restored(&archives, &Place::sqlite(folder.path(), "restored"), &config);
    assert_eq!(copy.events("r"), all);
}

#[test]
fn the_terminal_asks_the_server_for_a_backup_and_lists_them() {
    let folder = tempfile::tempdir().unwrap();
    let archives = folder.path().join("archives");
    let config = configure(folder.path(), &format!("to = '{}'\nevery = 'off'", archives.display()));
    let server = Server::start(&Place::sqlite(folder.path(), "data"), &config);
    create_run(&server, "r");
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gauntlet"));
        let output = command.args(["--endpoint", &server.url]).args(arguments).output().unwrap();
        let [printed, complained] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.success(), printed, complained)
    };
    let (is_done, printed, complained) = ask(&["backup"]);
    assert!(is_done, "{complained}");
    let file = files(&archives).into_iter().find(|file| file.ends_with(".tar.zst")).unwrap();
    assert!(printed.starts_with(&format!("the server wrote {file} (full; ")), "{printed}");
    let (is_done, printed, complained) = ask(&["backup", "--incremental", "--json"]);
    assert!(is_done, "{complained}");
    let made: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&made["kind"], &made["verified"]), (&json!("incremental"), &json!(true)), "{made}");
    let (_, printed, _) = ask(&["backup", "--list"]);
    assert_eq!(printed.lines().count(), 3, "{printed}");
    assert!(printed.lines().nth(1).unwrap().contains("incremental; "), "{printed}");
    let (is_done, _, complained) = ask(&["backup", "--to", "/tmp"]);
    assert!(!is_done && complained.contains("leave out --to"), "{complained}");
    // A server without a folder says how to name one.
    let nowhere = folder.path().join("empty.toml");
    std::fs::write(&nowhere, "").unwrap();
    let server = Server::start(&Place::sqlite(folder.path(), "other"), &nowhere);
    let (status, refused) = server.post("/api/v1/backups", &json!({}));
    assert_eq!(status, 409);
    assert!(refused["error"]["message"].as_str().unwrap().contains("[backup] to = "), "{refused}");
    let (status, refused) = server.post("/api/v1/backups", &json!({ "kind": "half" }));
    assert_eq!(status, 422, "{refused}");
}
