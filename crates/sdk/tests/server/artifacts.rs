//! Files of a run.

use gauntlet_sdk::Outcome;
use gauntlet_sdk::model::Status;

use crate::harness::{LONG, Server, files, of_kind};

#[test]
fn a_file_of_the_run_is_uploaded_before_it_is_announced() {
    let server = Server::start();
    let run = server.run("files").start().unwrap();
    let content = b"hello \0 world".repeat(10_000);
    run.artifact("weights.bin", "application/octet-stream", "checkpoint", content.clone()).unwrap();
    let episode = run.start_episode("a task").unwrap();
    episode.artifact("notes.txt", "text/plain", "notes", "hello").unwrap();
    assert!(run.artifact("", "text/plain", "notes", "x").unwrap_err().to_string().starts_with("body.name: "));
    episode.end(Outcome::completed()).unwrap();
    let report = run.finish(Status::Completed, None, LONG).unwrap();
    assert!(report.is_complete(), "{report}");
    let events = server.events("files");
    let added = of_kind(&events, "artifact.added");
    let sizes: Vec<_> = added.iter().map(|e| e["body"]["size_bytes"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [content.len() as u64, 5]);
    let hash = added[1]["body"]["sha256"].as_str().unwrap();
    assert_eq!(server.text(&format!("/files/artifacts/{hash}")), "hello");
    assert_eq!(events.last().unwrap()["kind"], "run.finished", "nothing comes after the end");
    assert_eq!(files(server.spool.path(), ""), 0, "nothing stays behind");
}
