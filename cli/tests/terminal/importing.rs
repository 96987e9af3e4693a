//! Files are imported by hand: what is not a file, what is empty, what is interrupted.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fixture::{LONG, NOBODY, Server, gauntlet, out, parsed, refusal, stdout_of};

fn lines(folder: &Path, name: &str, count: u32) -> String {
    let mut text = String::new();
    for step in 1..=count {
        writeln!(text, "{{\"step\":{step},\"scores\":{{\"root\":1}},\"action\":\"{}\"}}", "a".repeat(300))
            .unwrap();
    }
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn what_is_no_file_is_refused_and_leaves_nothing() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let refused = |args: &[&str]| {
        let output = server.command(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let name = folder.path().display().to_string();
    assert_eq!(refused(&["import", &name]), format!("gauntlet: {name}: is a folder; name the files in it\n"));
    let good = lines(folder.path(), "good.jsonl", 2);
    let several = refused(&["import", "/nowhere.json", &name, &good]);
    assert!(several.ends_with("gauntlet: 2 of 3 files were not imported\n"), "{several}");
    assert_eq!(server.run("good")["steps"], 2);
    assert!(refused(&["import", &good, "--name", "mine"]).contains("--name is for standard input"));
    let empty = folder.path().join("empty.jsonl").display().to_string();
    for text in ["", "\n\n"] {
        std::fs::write(&empty, text).unwrap();
        assert_eq!(
            refused(&["import", &empty]),
            format!("gauntlet: {empty}: the file is empty; expected at least one record\n")
        );
    }
    assert!(server.imports().is_empty(), "{:?}", server.imports());
    assert!(server.run("empty").is_null());
}

#[test]
#[cfg(unix)]
fn a_pipe_with_a_name_is_read_as_standard_input_is() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = lines(folder.path(), "lines.jsonl", 3);
    let mut steps = Vec::new();
    for listen in [server.listen.as_str(), NOBODY] {
        let data = if listen == NOBODY { folder.path().join("data") } else { server.data.path().to_owned() };
        let piped = format!(
            "'{}' --listen {listen} --data '{}' import <(cat '{file}') --name piped --json",
            env!("CARGO_BIN_EXE_gauntlet"),
            data.display()
        );
        let listed = parsed(&out(&Command::new("bash").args(["-c", &piped]).output().unwrap()));
        assert_eq!((listed.len(), &listed[0]["name"]), (1, &Value::from("piped")));
        steps.push(listed[0]["steps"].clone());
    }
    assert_eq!(steps, [3, 3]);
    let left = std::fs::read_dir(folder.path().join("data/imports")).unwrap().count();
    assert_eq!(left, 0, "what was received is not kept beside the run");
    assert_eq!(parsed(&stdout_of(&folder.path().join("data"), &["runs", "--json"])).len(), 1);
    let broken = folder.path().join("broken.jsonl");
    std::fs::write(&broken, "{\"step\":1,\"scores\":{\"root\":\"much\"}}\n").unwrap();
    let refused = refusal(&folder.path().join("data"), &["import", broken.to_str().unwrap()]);
    assert!(refused.contains("scores.root: is \"much\" (line 1)"), "{refused}");
}

#[test]
#[cfg(unix)]
fn an_interrupted_import_prints_how_to_continue_and_continues() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = lines(folder.path(), "long.jsonl", 25_000);
    let importing =
        server.command(&["import", &file]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + LONG;
    while server.imports().is_empty() {
        assert!(Instant::now() < deadline, "the file was never announced");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &importing.id().to_string()]).status().unwrap().success());
    let ended = importing.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert!(stderr.contains("interrupted; import the file again to go on where it was"), "{stderr}");
    let again = parsed(&out(&server.command(&["import", &file, "--json"]).output().unwrap()));
    assert_eq!(again[0]["steps"], 25_000);
    let runs =
        parsed(&out(&gauntlet(server.data.path(), &server.listen, &["runs", "--json"]).output().unwrap()));
    assert_eq!((runs.len(), &runs[0]["steps"]), (1, &Value::from(25_000)), "one file is one run");
}
