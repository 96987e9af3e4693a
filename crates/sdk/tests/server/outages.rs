//! Servers that are away, for a moment or for a process's whole life: nothing is missing and nothing is
//! twice.

use std::time::{Duration, Instant};

use gauntlet_sdk::model::{Kind, Record, RunId};
use gauntlet_sdk::{Mode, subscribe};
use serde_json::json;

use crate::harness::{LONG, NOBODY, Server, files, folder, of_kind, run_to, steps, until};

#[test]
fn a_server_that_is_killed_misses_nothing_and_gets_nothing_twice() {
    let mut server = Server::start();
    let run = server.run("outage").start().unwrap();
    let log = |steps: std::ops::Range<u64>| steps.for_each(|step| run.log([("root", 1.0)], step).unwrap());
    log(0..300);
    run.flush(LONG).unwrap();
    server.kill();
    let began = Instant::now();
    log(300..3000);
    assert!(began.elapsed() < Duration::from_secs(5), "logging does not wait for a server that is gone");
    assert!(run.flush(Duration::from_millis(50)).is_err(), "it has not arrived, and that is said");
    server.restart();
    log(3000..3100);
    let report = run.flush(LONG).unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(steps(&server.events("outage")), (0..3100).collect::<Vec<_>>());
}

#[test]
fn what_a_process_could_not_deliver_the_next_one_does() {
    let mut server = Server::start();
    server.kill();
    let away = server.run("first").start().unwrap();
    let offline = server.run("second").mode(Mode::Offline).start().unwrap();
    for run in [&away, &offline] {
        (1..=20).for_each(|step| run.log([("root", 1.0)], step).unwrap());
        run.artifact("notes.txt", "text/plain", "notes", "hello").unwrap();
    }
    assert!(away.close(Duration::from_millis(300)).is_err());
    offline.close(LONG).unwrap();
    let elsewhere = run_to(NOBODY, server.spool.path(), "elsewhere").start().unwrap();
    let expected = "2 on disk, 0 waiting, 0 lost (POST http://127.0.0.1:9/api/v1/runs: ";
    until("the report names what waits where, and why", || elsewhere.report().to_string().contains(expected));
    assert!(elsewhere.close(Duration::from_millis(50)).is_err());
    assert_eq!(files(server.spool.path(), ".jsonl"), 3);

    server.restart();
    let third = server.run("third").start().unwrap();
    until("the leftovers are delivered", || files(server.spool.path(), ".jsonl") <= 2);
    third.close(LONG).unwrap();
    for run in ["first", "second"] {
        let events = server.events(run);
        assert_eq!(steps(&events), (1..=20).collect::<Vec<_>>(), "{run}");
        let added = of_kind(&events, "artifact.added");
        let hash = added[0]["body"]["sha256"].as_str().unwrap();
        assert_eq!(server.text(&format!("/{run}/artifacts/{hash}")), "hello");
    }
    let runs = server.get("")["items"].as_array().unwrap().len();
    assert_eq!(runs, 3, "what is meant for another server stays");
}

#[test]
fn a_run_continues_under_its_id_with_other_settings_and_on_a_server_that_lost_it() {
    let (mut server, data) = (Server::start(), folder());
    for (lr, step) in [(0.1, 1), (0.2, 2)] {
        let run = server.run("resumed").config("lr", lr).database(data.path()).start().unwrap();
        run.log([("root", 1.0)], step).unwrap();
        let report = run.close(LONG).unwrap();
        assert!(report.is_complete(), "{report}");
    }
    assert_eq!(server.get("/resumed")["config"]["lr"], 0.1, "those it began with stay");
    for server in [&server, &Server::on(data)] {
        assert_eq!(steps(&server.events("resumed")), [1, 2]);
    }

    let run = server.run("kept").start().unwrap();
    run.log([("root", 1.0)], 1).unwrap();
    run.flush(LONG).unwrap();
    server.kill();
    server.data = folder();
    server.restart();
    run.log([("root", 1.0)], 2).unwrap();
    let report = run.flush(LONG).unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(server.get("/kept")["steps"], 1, "what comes from then on is kept");
}

#[test]
fn a_subscription_continues_through_a_restart() {
    let mut server = Server::start();
    let run = server.run("followed").start().unwrap();
    run.log([("root", 1.0)], 1).unwrap();
    run.flush(LONG).unwrap();
    let mut followed = run.subscribe(None).unwrap();
    let mut next = || -> Record { followed.next().unwrap().unwrap() };
    assert_eq!(
        [next().kind, next().kind, next().kind],
        [Kind::RunStarted, Kind::RunStatus, Kind::SnapshotScored]
    );
    // Viewers learn of other rules from a message that is not an event.
    server.patch("/followed", r#"{"rules":"dipg"}"#);
    run.log([("root", 1.5)], 1).unwrap();
    assert_eq!(next().seq, 3);
    server.kill();
    run.log([("root", 2.0)], 2).unwrap();
    server.restart();
    run.log([("root", 3.0)], 3).unwrap();
    assert_eq!([next(), next()].map(|r| (r.seq, r.step)), [(4, Some(2)), (5, Some(3))]);
    let stopper = followed.stopper();
    let ended = std::thread::spawn(move || followed.next().is_none());
    stopper.stop();
    assert!(ended.join().unwrap());

    let mut nobody = subscribe(server.endpoint(), RunId::new("nobody").unwrap(), None);
    assert!(nobody.next().unwrap().unwrap_err().to_string().contains("no run"));
    assert!(nobody.next().is_none());
}

#[test]
fn an_offline_run_opens_with_the_command_line_too() {
    let server = Server::start();
    let run = run_to(NOBODY, server.spool.path(), "taken along").mode(Mode::Offline).start().unwrap();
    (1..=7).for_each(|step| run.log([("root", 1.0)], step).unwrap());
    run.close(LONG).unwrap();
    let imported = std::process::Command::new(crate::harness::binary())
        .args(["--listen", &server.listen, "--log", "error", "import", "--json"])
        .arg(server.spool.path().join("offline/taken%20along.jsonl"))
        .output()
        .unwrap();
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let imported: serde_json::Value = serde_json::from_slice(&imported.stdout).unwrap();
    assert_eq!(imported["steps"], json!(7), "{imported}");
}
