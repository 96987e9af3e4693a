//! The command line on the real binary: import, export, demo, and the errors people meet.

use std::path::Path;
use std::process::{Command, Output};

fn gauntlet(data: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gauntlet"))
        // A port nobody listens on, so that the command works in the folder.
        .args(["--listen", "127.0.0.1:9", "--log", "error", "--data"])
        .arg(data)
        .args(args)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn five_steps_of_training_leave_five_complete_snapshots() {
    let data = tempfile::tempdir().unwrap();
    out(&gauntlet(data.path(), &["demo", "--steps", "5", "--run", "five"]));
    let lines = out(&gauntlet(data.path(), &["export", "five", "--format", "jsonl"]));
    let events: Vec<serde_json::Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let snapshots: Vec<_> = events.iter().filter(|e| e["kind"] == "snapshot.scored").collect();
    assert_eq!(snapshots.len(), 5);
    for (step, snapshot) in (1..).zip(snapshots) {
        assert_eq!(snapshot["step"], step);
        let body = &snapshot["body"];
        assert!(body["scores"]["root"].is_number() && body["scores"]["format"].is_number(), "{body}");
        let rubrics =
            body["scores"].as_object().unwrap().len() + body["not_evaluated"].as_array().unwrap().len();
        assert_eq!(rubrics, 9, "root and the eight children, evaluated or not: {body}");
        assert!(
            !body["action"].as_str().unwrap().is_empty() && !body["observation"].as_str().unwrap().is_empty()
        );
    }
    assert_eq!(events.last().unwrap()["kind"], "run.finished");
}

#[test]
fn the_same_seed_gives_the_same_film() {
    let film = |seed: &str| {
        let data = tempfile::tempdir().unwrap();
        out(&gauntlet(data.path(), &["demo", "--steps", "60", "--run", "r", "--seed", seed]));
        let lines = out(&gauntlet(data.path(), &["export", "r", "--format", "jsonl"]));
        let bodies = lines.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
        bodies
            .map(|e| (e["id"].to_string(), e["step"].to_string(), e["body"].to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(film("3"), film("3"));
    assert_ne!(film("3"), film("4"));
}

#[test]
fn an_export_imports_as_the_same_run() {
    let data = tempfile::tempdir().unwrap();
    out(&gauntlet(data.path(), &["demo", "--steps", "40", "--run", "r"]));
    let file = data.path().join("results.json");
    out(&gauntlet(data.path(), &["export", "r", "--format", "results", "-o", file.to_str().unwrap()]));
    let imported = out(&gauntlet(data.path(), &["import", file.to_str().unwrap(), "--json"]));
    let imported: serde_json::Value = serde_json::from_str(&imported).unwrap();
    assert_eq!(imported["steps"], 40);
    let scores = |run: &str| {
        let lines = out(&gauntlet(data.path(), &["export", run, "--format", "jsonl"]));
        let events = lines.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
        let scored = events.filter(|e| e["kind"] == "snapshot.scored");
        scored.map(|e| (e["step"].clone(), e["at"].clone(), e["body"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(scores("r"), scores(imported["run"].as_str().unwrap()));
}

#[test]
fn an_export_takes_a_name_and_prints_in_json_what_it_wrote() {
    let data = tempfile::tempdir().unwrap();
    out(&gauntlet(data.path(), &["demo", "--steps", "10", "--run", "first-of-all"]));
    let file = data.path().join("r.jsonl");
    let path = file.to_str().unwrap();
    let args = ["export", "dipg grpo demo", "--format", "jsonl", "-o", path, "--json"];
    let printed: serde_json::Value = serde_json::from_str(&out(&gauntlet(data.path(), &args))).unwrap();
    assert_eq!(printed["run"], "first-of-all");
    assert_eq!(printed["bytes"], std::fs::metadata(&file).unwrap().len());
    assert_eq!(printed["file"], path);
    let printed = out(&gauntlet(data.path(), &["export", "first", "-o", path]));
    assert!(printed.contains("of results, run first-of-all (dipg grpo demo)"), "{printed}");
    let nowhere = gauntlet(data.path(), &["export", "first", "-o", "/nowhere/r.json"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("/nowhere/r.json: "), "{nowhere:?}");
    let both = gauntlet(data.path(), &["export", "first", "--json"]);
    assert!(String::from_utf8_lossy(&both.stderr).contains("--output"), "{both:?}");
}

#[test]
fn serving_prints_its_address_in_json() {
    use std::io::{BufRead, BufReader};
    let data = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_gauntlet"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--json", "--data"])
        .arg(data.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(ready["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{line}");
    assert_eq!(ready["data"], data.path().to_str().unwrap());
}

#[test]
fn mistakes_are_printed_as_one_sentence() {
    let data = tempfile::tempdir().unwrap();
    out(&gauntlet(data.path(), &["demo", "--steps", "2"]));
    let check = |args: &[&str], fragment: &str| {
        let output = gauntlet(data.path(), args);
        assert!(!output.status.success(), "{args:?}");
        let printed = String::from_utf8_lossy(&output.stderr);
        assert!(printed.contains(fragment), "{args:?}: {printed}");
        assert!(!printed.contains("panicked") && !printed.contains("RUST_BACKTRACE"), "{printed}");
    };
    check(&["export", "nobody"], "there is no run \"nobody\"");
    check(&["export", "nobody", "--format", "csv", "--with", "x"], "with");
    check(&["import", "/nowhere/at/all.json"], "/nowhere/at/all.json");
    check(&["demo", "--rate", "fast"], "is not a number above 0");
    check(&["demo", "--steps", "0"], "--steps");
    let listen = Command::new(env!("CARGO_BIN_EXE_gauntlet"))
        .args(["serve", "--listen", "0.0.0.0:1"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&listen.stderr).contains("can be reached from other machines"));
    let file = data.path().join("bad.json");
    std::fs::write(&file, "{\"hello\": 1}").unwrap();
    check(&["import", file.to_str().unwrap()], "hello");
}

/// The binary with settings of the environment and nothing else, in a folder of its own.
fn in_folder(folder: &Path, vars: &[(&str, &str)], args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gauntlet"))
        .current_dir(folder)
        .env("GAUNTLET_LISTEN", "127.0.0.1:9")
        .envs(vars.iter().copied())
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn a_command_asks_the_server_that_is_named_and_no_other() {
    let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    out(&gauntlet(data.path(), &["demo", "--steps", "3", "--run", "named"]));
    let mut server = Command::new(env!("CARGO_BIN_EXE_gauntlet"))
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--log", "error", "--data"])
        .arg(data.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut line)
        .unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let url = format!("{}/", ready["url"].as_str().unwrap());
    let asked = [
        in_folder(elsewhere.path(), &[("GAUNTLET_ENDPOINT", &url)], &["runs", "--json"]),
        in_folder(
            elsewhere.path(),
            &[("GAUNTLET_ENDPOINT", "http://127.0.0.1:9")],
            &["--endpoint", &url, "runs", "--json"],
        ),
    ];
    server.kill().unwrap();
    server.wait().unwrap();
    for output in &asked {
        assert!(out(output).contains("\"named\""), "{output:?}");
    }
    let refused = in_folder(elsewhere.path(), &[("GAUNTLET_ENDPOINT", &url)], &["runs"]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("GAUNTLET_ENDPOINT names"), "{words}");
    let odd = in_folder(elsewhere.path(), &[("GAUNTLET_ENDPOINT", "localhost:4600")], &["runs"]);
    assert!(String::from_utf8_lossy(&odd.stderr).contains("endpoint: \"localhost:4600\""), "{odd:?}");
}

#[test]
fn asking_where_there_is_no_server_creates_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["runs"][..], &["show", "x"], &["tail", "x"], &["export", "x", "--format", "csv"]] {
        let output = in_folder(folder.path(), &[("GAUNTLET_ENDPOINT", "")], args);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && words.contains("data holds no runs"), "{args:?}: {words}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
