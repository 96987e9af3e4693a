//! Where events go: the server, and other places at once.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{LONG, Server, built, folder, steps};

#[test]
fn the_loop_of_the_readme_is_kept_whole() {
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
