//! A person at the browser steers the loop.

use std::ops::ControlFlow;
use std::sync::Arc;

use gauntlet_sdk::model::{Object, Status};
use gauntlet_sdk::rubric::{CallDescription, ObserverConfig, leaf};
use gauntlet_sdk::telemetry::CommandController;
use serde_json::json;

use crate::harness::{LONG, Server, of_kind, steps, until};

#[test]
fn a_person_steers_from_the_browser() {
    let server = Server::start();
    let run = server.run("steered").start().unwrap();
    run.flush(LONG).unwrap();
    let steering = CommandController::new(Arc::new(run.commands().unwrap().unwrap()), LONG);
    for action in ["pause", "resume", "stop"] {
        server.command("steered", &json!({ "action": action, "author": "ada" }).to_string());
    }
    let no_tweaks = |_: &Object| Ok(());
    until("it is stopped", || {
        steering.check(&no_tweaks, |body| run.log_body(None, None, body).unwrap()) == ControlFlow::Break(())
    });
    drop(steering);
    run.finish(Status::Cancelled, None, LONG).unwrap();
    assert_eq!(server.get("/steered/commands")["commands"], json!([]));
    let events = server.events("steered");
    let applied = of_kind(&events, "command.applied");
    let results: Vec<_> = applied.iter().map(|e| e["body"]["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["paused", "resumed", "stopping"], "each said once");
    assert_eq!(server.get("/steered")["status"], "cancelled");
}

#[test]
fn an_observed_rubric_pauses_until_the_browser_resumes_it() {
    let server = Server::start();
    let run = server.run("observed").start().unwrap();
    let rubric = leaf(|action: &str, _: &str| action.len() as f64);
    let describe =
        |action: &str, _: &str| CallDescription { action: action.to_owned(), ..CallDescription::default() };
    let config =
        ObserverConfig { pause_on_indices: [1].into(), pause_timeout: LONG, ..ObserverConfig::default() };
    let observer = run.watch(&rubric, describe, config).unwrap();
    rubric.call("a", "").unwrap();
    run.flush(LONG).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until("it pauses", || server.get("/observed")["steps"] == 2);
            server.command("observed", r#"{"action":"resume"}"#);
        });
        rubric.call("bb", "").unwrap();
    });
    rubric.call("ccc", "").unwrap();
    assert!(!observer.is_stopped());
    run.flush(LONG).unwrap();
    let events = server.events("observed");
    assert_eq!(steps(&events), [1, 2, 3]);
    let paused = events.iter().filter(|e| e["body"]["is_paused"] == true);
    assert_eq!(paused.map(|e| e["step"].clone()).collect::<Vec<_>>(), [json!(2)]);
    // Recorded by the acknowledgement, which runs in the background.
    until("the answer is told", || of_kind(&server.events("observed"), "command.applied").len() == 1);
}
