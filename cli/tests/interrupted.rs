//! Imports that are cut in the middle, on the real binary: the server is killed while it reads a file, the
//! command is killed while it sends or appends one. Started again they go on, and the run is the same as if
//! nothing had happened.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

const LINES: u64 = 12_000;

fn command(data: &Path, listen: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gauntlet"));
    command.args(["--listen", listen, "--log", "error", "--data"]).arg(data).args(args);
    command
}

fn serve(data: &Path, listen: &str) -> (Child, String) {
    let mut child = command(data, listen, &["serve"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.split("http://").nth(1).expect("an address").split_whitespace().next().unwrap().to_owned();
    (child, address)
}

#[cfg(unix)]
#[test]
fn the_end_of_the_server_waits_for_no_import() {
    let data = tempfile::tempdir().unwrap();
    let (mut server, address) = serve(data.path(), "127.0.0.1:0");
    // A gigabyte of line ends without a record.
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    (0..1024).for_each(|_| packed.write_all(&vec![b'\n'; 1 << 20]).unwrap());
    let file = packed.finish().unwrap();
    let url = format!("http://{address}/api/v1/imports");
    let text = |answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>| -> Value {
        serde_json::from_str(&answer.unwrap().body_mut().read_to_string().unwrap()).unwrap()
    };
    let announced = serde_json::json!({"name": "a.film", "size_bytes": file.len()}).to_string();
    let view = text(ureq::post(&url).content_type("application/json").send(&announced));
    let url = format!("{url}/{}", view["id"].as_str().unwrap());
    text(ureq::put(format!("{url}?offset=0")).send(&file[..]));
    until("it is read", || (text(ureq::get(&url).call())["phase"] == "checking").then_some(()));
    let asked = std::time::Instant::now();
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(server.wait().unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
}

#[cfg(unix)]
#[test]
fn the_end_of_a_server_waits_for_no_log_that_is_being_opened() {
    let data = tempfile::tempdir().unwrap();
    let end = |server: &Child| {
        let pid = rustix::process::Pid::from_child(server);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    };
    let (mut server, _) = serve(data.path(), "127.0.0.1:0");
    end(&server);
    assert!(server.wait().unwrap().success());
    std::fs::remove_file(data.path().join("gauntlet.lock")).unwrap();
    // A database that another process holds takes long to open: SQLite waits ten seconds for it.
    let held = std::fs::File::options().write(true).read(true).open(data.path().join("gauntlet.db")).unwrap();
    rustix::fs::fcntl_lock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut server = command(data.path(), "127.0.0.1:0", &["serve"]).stdout(Stdio::piped()).spawn().unwrap();
    until("it opens the log", || data.path().join("gauntlet.lock").exists().then_some(()));
    let asked = std::time::Instant::now();
    end(&server);
    assert!(server.wait().unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let mut printed = String::new();
    std::io::Read::read_to_string(&mut server.stdout.take().unwrap(), &mut printed).unwrap();
    assert_eq!(printed, "", "it was not ready");
    drop(held);
    let (mut server, _) = serve(data.path(), "127.0.0.1:0");
    end(&server);
    assert!(server.wait().unwrap().success());
}

/// A file without step numbers or ids: everything that makes its events the same again is up to us.
fn file(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("rollouts.jsonl");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    for n in 0..LINES {
        let session = n % 3;
        let text = "the scan suggests a lesion, ".repeat(12);
        writeln!(
            out,
            "{{\"session_id\":\"s{session}\",\"scores\":{{\"root\":{n}.25}},\"action\":\"{text}\"}}"
        )
        .unwrap();
    }
    out.flush().unwrap();
    path
}

/// The run without what an import adds to it: ids and the times of steps that have none.
fn events_of(data: &Path, run: &str) -> Vec<String> {
    let out = command(data, "127.0.0.1:9", &["export", run, "--format", "jsonl"]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let lines = String::from_utf8(out.stdout).unwrap();
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (seq, event) in (0_u64..).zip(&events) {
        assert_eq!(event["seq"], seq, "a hole in the sequence");
    }
    events.iter().map(|e| format!("{} {} {} {}", e["kind"], e["episode"], e["step"], e["body"])).collect()
}

fn only_run(address: &str) -> Option<Value> {
    let text =
        ureq::get(format!("http://{address}/api/v1/runs")).call().ok()?.body_mut().read_to_string().ok()?;
    let list: Value = serde_json::from_str(&text).unwrap();
    assert!(list["items"].as_array().unwrap().len() <= 1, "one file is one run: {list}");
    list["items"].get(0).cloned()
}

fn until<T>(what: &str, probe: impl Fn() -> Option<T>) -> T {
    for _ in 0..2000 {
        if let Some(found) = probe() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("timed out before {what}");
}

/// The file imported without an accident.
fn undisturbed(path: &Path) -> Vec<String> {
    let data = tempfile::tempdir().unwrap();
    let out =
        command(data.path(), "127.0.0.1:9", &["import", "--json", path.to_str().unwrap()]).output().unwrap();
    let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&answer["steps"], &answer["episodes"]), (&Value::from(LINES), &Value::from(3)), "{answer}");
    events_of(data.path(), answer["run"].as_str().unwrap())
}

#[test]
fn a_killed_server_goes_on_by_itself_and_a_killed_command_when_it_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let expected = undisturbed(&path);
    let data = tempfile::tempdir().unwrap();
    let (mut server, address) = serve(data.path(), "127.0.0.1:0");
    let sending = || command(data.path(), &address, &["import", "--json", path.to_str().unwrap()]);
    let mut client = sending().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let running =
        until("events arrive", || only_run(&address).filter(|run| run["steps"].as_u64() > Some(2000)));
    assert_eq!(running["status"], "running");
    client.kill().unwrap();
    client.wait().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();

    let (mut server, _) = serve(data.path(), &address);
    let again = sending().output().unwrap();
    let answer: Value = serde_json::from_slice(&again.stdout).unwrap_or_else(|e| panic!("{e}: {again:?}"));
    assert_eq!(
        (&answer["run"], &answer["warnings"][0]),
        (&running["id"], &Value::from("the file holds 3 sessions; each became an episode"))
    );
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 1, "{answer}");
    let run = only_run(&address).unwrap();
    assert_eq!((&run["status"], &run["steps"]), (&Value::from("completed"), &Value::from(LINES)));
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(events_of(data.path(), run["id"].as_str().unwrap()) == expected, "the runs differ");
}

#[test]
fn a_killed_command_goes_on_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let expected = undisturbed(&path);
    let data = tempfile::tempdir().unwrap();
    let importing = || command(data.path(), "127.0.0.1:9", &["import", "--json", path.to_str().unwrap()]);
    let mut run = Value::Null;
    for round in 1..=4 {
        let mut client = importing().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let state = || -> Option<Value> {
            let entry = std::fs::read_dir(data.path().join("imports")).ok()?.next()?.ok()?;
            serde_json::from_slice(&std::fs::read(entry.path().join("session.json")).ok()?).ok()
        };
        let state =
            until("some events are in", || state().filter(|s| s["appended"].as_u64() >= Some(round * 2500)));
        client.kill().unwrap();
        client.wait().unwrap();
        assert!(round == 1 || state["run"] == run, "another run");
        run = state["run"].clone();
    }
    let last = importing().output().unwrap();
    let answer: Value = serde_json::from_slice(&last.stdout).unwrap_or_else(|e| panic!("{e}: {last:?}"));
    assert_eq!(answer["run"], run);
    assert!(events_of(data.path(), run.as_str().unwrap()) == expected, "the runs differ");
}

#[test]
fn standard_input_opens_with_and_without_a_server() {
    let data = tempfile::tempdir().unwrap();
    let send = |listen: &str| {
        let mut child = command(data.path(), listen, &["import", "-", "--json", "--name", "piped.jsonl"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for step in 1..=3 {
            writeln!(stdin, "{{\"step\":{step},\"scores\":{{\"root\":1}}}}").unwrap();
        }
        drop(stdin);
        let answer: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!((&answer["steps"], &answer["name"]), (&Value::from(3), &Value::from("piped")), "{answer}");
    };
    send("127.0.0.1:9");
    let (mut server, address) = serve(data.path(), "127.0.0.1:0");
    send(&address);
    server.kill().unwrap();
    server.wait().unwrap();
    let left: Vec<_> = std::fs::read_dir(data.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("stdin")), "{left:?}");
}
