//! A run is tailed: its past, live, over a restart; a demo obeys.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fixture::{Server, folder, lines_of, out, parsed, stdout_of};

#[test]
fn the_past_is_tailed_in_the_folder() {
    let data = folder();
    let lines = stdout_of(data.path(), &["tail", "first", "-n", "3"]);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 5, "the name, the rule in force and three lines: {lines:?}");
    assert!(lines[1].starts_with("A step fails by the medical rules"), "{lines:?}");
    assert!(
        lines[2].trim_start().starts_with("59 ") && lines[3].trim_start().starts_with("60 "),
        "{lines:?}"
    );
    assert!(lines[4].contains("run completed"));
    let events = parsed(&stdout_of(data.path(), &["tail", "first", "--json", "-n", "1000"]));
    let seqs: Vec<_> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (0..63).collect::<Vec<_>>());
    let after = parsed(&stdout_of(data.path(), &["tail", "first", "--json", "--after", "59"]));
    assert_eq!(after.iter().map(|e| e["seq"].clone()).collect::<Vec<_>>(), [60, 61, 62]);
    let failing = stdout_of(data.path(), &["tail", "first", "--failing", "-n", "1000"]);
    let count =
        parsed(&stdout_of(data.path(), &["runs", "--json", "-q", "first"]))[0]["failing"].as_u64().unwrap();
    assert_eq!(failing.lines().filter(|line| line.contains('✗')).count() as u64, count);
    assert_eq!(failing.lines().count() as u64, count + 2);
}

#[test]
fn a_live_tail_outlives_the_server_and_ends_with_the_run() {
    let mut server = Server::start();
    let mut demo = server.command(&["demo", "--run", "live", "--steps", "900", "--rate", "150", "--json"]);
    let mut demo = demo.stdout(Stdio::piped()).spawn().unwrap();
    let begun: Value = serde_json::from_str(&lines_of(&mut demo).next().unwrap().unwrap()).unwrap();
    assert_eq!((&begun["run"], &begun["steps"]), (&"live".into(), &900.into()));
    server.until("live", |run| run["head"].as_u64() > Some(0));
    let mut tail = server.command(&["tail", "live", "--json", "-n", "100000"]);
    let mut tail = tail.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = lines_of(&mut tail);
    let mut seqs = Vec::new();
    let mut last = Value::Null;
    for number in 0.. {
        let Some(line) = lines.next() else { break };
        last = serde_json::from_str(&line.unwrap()).unwrap();
        seqs.push(last["seq"].as_u64().unwrap());
        if number == 200 {
            server.kill_and_restart();
        }
    }
    assert!(tail.wait().unwrap().success() && demo.wait().unwrap().success());
    assert_eq!(seqs, (0..903).collect::<Vec<_>>(), "nothing missed, nothing twice");
    assert_eq!((&last["kind"], &last["body"]["status"]), (&"run.finished".into(), &"completed".into()));
}

#[test]
#[cfg(unix)]
fn an_interrupted_tail_prints_where_to_continue() {
    let server = Server::start();
    server.post("", r#"{"id": "waits", "name": "waits"}"#);
    let mut tail = server.command(&["tail", "waits"]);
    let mut tail = tail.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = lines_of(&mut tail);
    assert!(lines.next().unwrap().unwrap().starts_with("waits"));
    assert!(lines.next().unwrap().unwrap().starts_with("A step fails where its root is below 0.5"));
    server.post(
        "/waits/events",
        r#"[{"id":"01920000-0000-7000-8000-000000000001","at":"2026-11-21T00:06:33Z","kind":"snapshot.scored",
            "v":1,"step":1,"body":{"scores":{"root":2}}}]"#,
    );
    // Its root is beyond 1, so from now on another rule fits.
    let rule = lines.next().unwrap().unwrap();
    assert!(rule.contains("Another rule is in force now. A step fails where its root is below 0;"), "{rule}");
    assert!(lines.next().unwrap().unwrap().contains("2.0  ✓"));
    // It is live now: this one cannot have been read with the past.
    server.post(
        "/waits/events",
        r#"[{"id":"01920000-0000-7000-8000-000000000002","at":"2026-11-21T00:06:33Z","kind":"snapshot.scored",
            "v":1,"step":2,"body":{"scores":{"root":3}}}]"#,
    );
    assert!(lines.next().unwrap().unwrap().contains("3.0  ✓"));
    server.patch("/waits", r#"{"rules": {"root_below": 9}}"#);
    let rule = lines.next().unwrap().unwrap();
    assert!(rule.contains("Another rule is in force now. A step fails where its root is below 9;"), "{rule}");
    assert!(Command::new("kill").args(["-INT", &tail.id().to_string()]).status().unwrap().success());
    let ended = tail.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{text}");
    assert!(text.contains("stopped at event 2; --after 2 goes on"), "{text}");
}

#[test]
fn a_demo_pauses_resumes_and_stops_as_people_say() {
    let server = Server::start();
    let mut demo = server.command(&["demo", "--run", "obeys", "--steps", "1000000", "--rate", "300"]);
    let demo = demo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    server.until("obeys", |run| run["steps"].as_u64() > Some(20));
    let order = |action: &str| {
        server.post("/obeys/commands", &format!(r#"{{"action": "{action}", "author": "ada"}}"#));
    };
    order("pause");
    let paused = server.until("obeys", |run| run["status"] == "paused");
    order("resume");
    let steps = paused["steps"].as_u64();
    server.until("obeys", |run| run["status"] == "running" && run["steps"].as_u64() > steps);
    order("stop");
    let ended = demo.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success() && text.contains("stopped: "), "{text}");
    assert_eq!(server.run("obeys")["status"], "cancelled");
    let events =
        parsed(&out(&server.command(&["tail", "obeys", "--json", "-n", "100000"]).output().unwrap()));
    // What was sent before the pause is in the log before the status that says so.
    let position = |is: &dyn Fn(&Value) -> bool| events.iter().position(is).unwrap();
    let paused = position(&|e| e["kind"] == "run.status" && e["body"]["status"] == "paused");
    let resumed = position(&|e| e["kind"] == "command.issued" && e["body"]["action"] == "resume");
    let rolled_out = events[paused..resumed].iter().filter(|e| e["kind"] == "snapshot.scored").count();
    assert_eq!(rolled_out, 0, "a paused training rolls nothing out");
    let applied = events.iter().filter(|e| e["kind"] == "command.applied");
    let results: Vec<_> = applied.map(|e| e["body"]["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["paused", "resumed", "stopping"]);
}

#[test]
fn an_interrupted_demo_ends_its_run() {
    let server = Server::start();
    let mut demo = server.command(&["demo", "--run", "cut", "--steps", "1000000", "--rate", "300"]);
    let demo = demo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    server.until("cut", |run| run["steps"].as_u64() > Some(20));
    assert!(Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap().success());
    let ended = demo.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && text.contains("stopped: "), "{text}");
    assert_eq!(server.run("cut")["status"], "cancelled");
}
