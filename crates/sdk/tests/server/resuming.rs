//! Another process continues a run: rollouts without a step get steps after its last one.

use gauntlet_sdk::model::Status;
use gauntlet_sdk::rubric::{CallDescription, ObserverConfig, leaf};
use gauntlet_sdk::{Builder, Mode, ObservabilityProvider, Outcome};
use serde_json::Value;

use crate::harness::{LONG, NOBODY, Server, folder, run_to, steps};

/// Two episodes without scores: each is a node without an explicit step.
fn two_episodes(builder: Builder) -> ObservabilityProvider {
    let run = builder.start().unwrap();
    for _ in 0..2 {
        let episode = run.start_episode("a task").unwrap();
        for _ in 0..20 {
            episode.thought("its step is one of the episode").unwrap();
        }
        let _ = episode.end(Outcome::returned(1.0)).unwrap();
    }
    run
}

#[test]
fn a_run_with_an_id_continues_after_its_last_step() {
    let server = Server::start();
    for _ in 0..3 {
        two_episodes(server.run("continued")).finish(Status::Completed, None, LONG).unwrap();
    }
    let run = server.run("continued").start().unwrap();
    run.metrics([("loss", 0.5)], 9).unwrap();
    run.finish(Status::Completed, None, LONG).unwrap();
    let run = two_episodes(server.run("continued"));
    run.rollout(3, Default::default()).unwrap();
    run.finish(Status::Completed, None, LONG).unwrap();
    assert_eq!(steps(&server.events("continued")), [0, 1, 2, 3, 4, 5, 10, 11, 3], "3 is named");
    two_episodes(server.run("another")).finish(Status::Completed, None, LONG).unwrap();
    assert_eq!(steps(&server.events("another")), [0, 1]);
}

#[test]
fn a_run_continues_after_the_steps_that_wait_on_disk() {
    let server = Server::start();
    let run = |mode| run_to(NOBODY, server.spool.path(), "offline").mode(mode);
    two_episodes(run(Mode::Offline)).close(LONG).unwrap();
    two_episodes(run(Mode::Online)).close(std::time::Duration::from_millis(50)).unwrap_err();
    two_episodes(run(Mode::Offline)).close(LONG).unwrap();
    let delivered = two_episodes(server.run("offline"));
    delivered.close(LONG).unwrap();
    // This process sends what was recorded offline, in the background.
    crate::harness::until("what waits for this server has arrived", || {
        server.try_get("/offline").is_ok() && steps(&server.events("offline")).len() == 6
    });
    let mut known = steps(&server.events("offline"));
    known.sort_unstable();
    assert_eq!(known, [0, 1, 4, 5, 6, 7], "2 and 3 wait for the other server");
}

#[test]
fn an_observed_rubric_continues_after_the_last_step() {
    let server = Server::start();
    for _ in 0..2 {
        let run = server.run("watched").start().unwrap();
        let rubric = leaf(|action: &str, _: &str| action.len() as f64);
        run.watch(&rubric, |_: &str, _: &str| CallDescription::default(), ObserverConfig::default()).unwrap();
        for _ in 0..3 {
            rubric.call("an answer", "a question").unwrap();
        }
        run.finish(Status::Completed, None, LONG).unwrap();
    }
    assert_eq!(steps(&server.events("watched")), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_run_starts_without_a_server_and_without_a_folder_that_is_there() {
    let spool = folder();
    let run =
        two_episodes(run_to(NOBODY, &spool.path().join("none yet"), "fresh").file(spool.path().join("f")));
    let _ = run.close(std::time::Duration::from_millis(50));
    let file = std::fs::read_to_string(spool.path().join("f")).unwrap();
    let events: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(steps(&events), [0, 1]);
}
