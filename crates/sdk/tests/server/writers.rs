//! Several processes write to one run: none replaces what another logged, and none ends the run while others
//! write.

use gauntlet_sdk::NotDurable;
use gauntlet_sdk::model::{Scores, SnapshotScored, Status};
use serde_json::{Value, json};

use crate::harness::{LONG, NOBODY, Server, folder, of_kind, run_to, until};

fn judged(root: f64) -> SnapshotScored {
    SnapshotScored { scores: Scores::new([("root", root)]).unwrap(), ..SnapshotScored::default() }
}

#[test]
fn all_rollouts_of_several_writers_arrive() {
    let server = Server::start();
    let writers = [0.0, 1.0, 2.0, 3.0].map(|root| (root, server.run("shared").start().unwrap()));
    for (root, run) in &writers {
        run.rollout(0, judged(*root)).unwrap();
        run.rollout(0, judged(*root)).unwrap();
        run.log([("root", *root)], 1).unwrap();
        run.log([("style", 0.5)], 1).unwrap();
        run.metrics([("loss", 0.25)], 0).unwrap();
    }
    for (_, run) in &writers {
        run.flush(LONG).unwrap();
    }
    let run = server.get("/shared");
    assert_eq!((&run["steps"], &run["mean_root"]), (&json!(12), &json!(1.5)), "{run}");
    let events = server.events("shared");
    let episodes: Vec<&Value> = of_kind(&events, "snapshot.scored").iter().map(|e| &e["episode"]).collect();
    assert_eq!(episodes.iter().map(|e| e.to_string()).collect::<std::collections::BTreeSet<_>>().len(), 12);
    let added = of_kind(&events, "score.added");
    assert_eq!(added.iter().filter(|e| e["body"]["path"] == "style" && e["episode"].is_string()).count(), 4);
    let measured = added.iter().filter(|e| e["body"]["path"] == "metrics.loss" && e["episode"].is_null());
    assert_eq!(measured.count(), 4);
}

#[test]
fn the_run_ends_with_its_last_writer() {
    let server = Server::start();
    let [first, last] = [1.0, 2.0].map(|root| {
        let run = server.run("pair").start().unwrap();
        run.rollout(0, judged(root)).unwrap();
        run.flush(LONG).unwrap();
        run
    });
    let probe = |body: Value| -> Value {
        let url = format!("{}/api/v1/runs/pair/writers/probe", server.url());
        let answer = server.endpoint().put_json(&url, body.to_string().as_bytes()).unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    until("the server has heard of both", || probe(json!({ "state": "running" }))["writers"]["running"] == 3);
    probe(json!({ "state": "finished", "status": "completed" }));
    first.finish(Status::Failed, None, LONG).unwrap();
    assert_eq!(server.get("/pair")["status"], "running", "the other one still writes");
    last.rollout(1, judged(3.0)).unwrap();
    last.finish(Status::Completed, None, LONG).unwrap();
    let run = server.get("/pair");
    assert_eq!((&run["status"], &run["steps"]), (&json!("failed"), &json!(3)), "the worst of both: {run}");
    assert_eq!(of_kind(&server.events("pair"), "run.finished").len(), 1);
}

#[test]
fn more_scores_than_one_event_holds_all_arrive() {
    let server = Server::start();
    let run = server.run("wide").start().unwrap();
    run.log((0..2500).map(|i| (format!("rubric.{i}"), f64::from(i))), 7).unwrap();
    run.flush(LONG).unwrap();
    let events = server.events("wide");
    let scores = of_kind(&events, "snapshot.scored")[0]["body"]["scores"].as_object().unwrap().len();
    assert_eq!(scores + of_kind(&events, "score.added").len(), 2500);
}

#[test]
fn what_is_lost_is_no_success() {
    // A file is where the spool's folder should be, and no server is there: events wait in memory.
    let folder = folder();
    std::fs::write(folder.path().join("spool"), "in the way").unwrap();
    let run = run_to(NOBODY, &folder.path().join("spool"), "nowhere").start().unwrap();
    run.log([("root", 1.0)], 0).unwrap();
    let NotDurable(report) = run.flush(std::time::Duration::from_millis(200)).unwrap_err();
    assert!(report.of("server").unwrap().counters.queued > 0, "{report}");
}

#[test]
fn a_deleted_run_takes_no_more_events_and_reports_it() {
    let server = Server::start();
    let run = server.run("gone").start().unwrap();
    run.log([("root", 1.0)], 0).unwrap();
    run.flush(LONG).unwrap();
    server.delete("/gone?name=a%20run");
    run.log([("root", 2.0)], 1).unwrap();
    let NotDurable(report) = run.flush(LONG).unwrap_err();
    assert!(report.losses()[0].reason.contains("410"), "{report}");
    assert!(server.try_get("/gone").is_err(), "it does not come back");
}
