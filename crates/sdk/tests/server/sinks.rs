//! Where events go: the server, and other places at once.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use gauntlet_sdk::model::{Event, Kind, Status};
use gauntlet_sdk::telemetry::{BatchConfig, DeliveryError, Sink};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::harness::{LONG, NOBODY, Server, built, folder, run_to, steps};

/// Keeps the kinds of the events it takes.
#[derive(Clone, Default)]
struct Kinds(Arc<Mutex<Vec<Kind>>>);

impl Sink for Kinds {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        self.0.lock().extend(batch.iter().map(|event| event.kind()));
        Ok(())
    }
}

/// Never takes anything.
struct RefusingSink;

impl Sink for RefusingSink {
    fn deliver(&mut self, _: &[Arc<Event>]) -> Result<(), DeliveryError> {
        Err(DeliveryError::NotNow { after: None, message: "away".to_owned() })
    }
}

#[test]
fn a_sink_may_have_the_name_of_another_one() {
    let (server, first, second) = (Server::start(), Kinds::default(), Kinds::default());
    let run = server.run("namesakes").sink("server", first.clone()).sink("server", second.clone());
    let run = run.start().unwrap();
    run.log([("root", 1.0)], 0).unwrap();
    run.finish(Status::Completed, None, LONG).unwrap();
    for sink in [first, second] {
        assert_eq!(
            *sink.0.lock(),
            [Kind::RunStarted, Kind::RunStatus, Kind::SnapshotScored, Kind::RunFinished]
        );
    }
    let events = server.events("namesakes");
    assert_eq!(events.iter().filter(|event| event["kind"] == "run.finished").count(), 1, "{events:?}");
}

#[test]
fn without_a_disk_the_other_sinks_keep_their_retries() {
    // A file is where the spool's folder should be, so what goes to the server waits in memory.
    let folder = folder();
    std::fs::write(folder.path().join("spool"), "in the way").unwrap();
    let delivery = BatchConfig { retries: Some(2), backoff: Duration::from_millis(1), ..Default::default() };
    let run =
        run_to(NOBODY, &folder.path().join("spool"), "nowhere").delivery(delivery).sink("away", RefusingSink);
    let run = run.start().unwrap();
    run.log([("root", 1.0)], 0).unwrap();
    crate::harness::until("the sink's retries are used up", || {
        run.report().of("away").unwrap().counters.dropped == 3
    });
    let report = run.report();
    let server = report.of("server").unwrap().counters;
    assert_eq!((server.dropped, server.queued), (0, 3), "{report}");
}

#[test]
fn all_events_of_the_readme_loop_arrive() {
    let server = Server::start();
    let ran = Command::new(built("examples/loop"))
        .env("GAUNTLET_ENDPOINT", server.url())
        .env("GAUNTLET_SPOOL", server.spool.path())
        .env_remove("GAUNTLET_MODE")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let runs = server.get("");
    let run = &runs["items"][0];
    assert_eq!(
        (&run["name"], &run["project"], &run["status"]),
        (&json!("grpo 7"), &json!("dipg"), &json!("completed"))
    );
    assert_eq!((&run["steps"], &run["config"]["lr"]), (&json!(100), &json!(3e-4)));
    assert!((run["mean_root"].as_f64().unwrap() - 12.5).abs() < 1e-9, "{run}");
    // The README shows this very program.
    let readme = include_str!("../../README.md");
    let program = include_str!("../../examples/loop.rs").lines().filter(|line| line.starts_with("    "));
    for line in program.filter(|line| !line.contains("Ok(())")) {
        assert!(readme.contains(line.trim()), "{line:?} is not in the README");
    }
}

#[test]
fn four_sinks_have_the_same_run() {
    let (server, data) = (Server::start(), folder());
    let file = server.spool.path().join("run.log");
    let run = server.run("fourfold").console().file(&file).database(data.path());
    let run = run.start().unwrap();
    for step in 1..=5 {
        run.log([("root", step as f64)], step).unwrap();
    }
    let report = run.flush(LONG).unwrap();
    let names: Vec<_> = report.sinks.iter().map(|s| (s.name.as_str(), s.counters.sent)).collect();
    assert_eq!(names, [("server", 7), ("console", 7), ("file", 7), ("database", 7)]);
    drop(run);
    let in_file = std::fs::read_to_string(file).unwrap();
    let in_file: Vec<Value> = in_file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(steps(&in_file), (1..=5).collect::<Vec<_>>());
    let ids = |server: &Server| {
        server.events("fourfold").iter().map(|event| event["id"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&server), ids(&Server::on(data)));
}
