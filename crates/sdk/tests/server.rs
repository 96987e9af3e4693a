//! Against the real binary: `$GAUNTLET_BIN`, or the one this workspace built.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gauntlet_sdk::model::{Kind, Object, Record, RunId, RunSpec, Status};
use gauntlet_sdk::rubric::{Course, Endpoint, ObserverConfig, Steering, Story, leaf};
use gauntlet_sdk::{
    Builder, DatabaseError, DatabaseSink, Mode, ObservabilityProvider, Outcome, StartError, subscribe,
};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(60);

fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("GAUNTLET_BIN") {
        return named.into();
    }
    // target/debug/deps/server-... -> target/debug/gauntlet
    let built = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("gauntlet");
    assert!(
        built.exists(),
        "build the server first (cargo build -p gauntlet-server), or name it in GAUNTLET_BIN"
    );
    built
}

/// A server with a folder of its own, killed and started again at will.
struct Server {
    child: Child,
    listen: String,
    data: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let (child, listen) = Self::spawn(data.path(), "127.0.0.1:0");
        Self { child, listen, data }
    }

    fn spawn(data: &Path, listen: &str) -> (Child, String) {
        let mut child = Command::new(binary())
            .args(["serve", "--log", "error", "--listen", listen, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {line:?}"));
        (child, url.split_whitespace().next().unwrap().to_owned())
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn restart(&mut self) {
        self.child = Self::spawn(self.data.path(), &self.listen).0;
    }

    fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.url()).unwrap()
    }

    fn get(&self, path: &str) -> Value {
        let body = self.endpoint().get(&format!("{}{path}", self.url()), Duration::ZERO).unwrap();
        serde_json::from_str(&body).unwrap()
    }

    /// The run's events behind `run.started` and `run.status`.
    fn events(&self, run: &str) -> Vec<Value> {
        let page = self.get(&format!("/api/v1/runs/{run}/events?limit=10000"));
        page["events"].as_array().unwrap().iter().skip(2).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn to(url: &str, spool: &Path, run: &str) -> Builder {
    ObservabilityProvider::builder()
        .unwrap()
        .mode(Mode::Online)
        .endpoint(url)
        .spool(spool, 1 << 26)
        .id(RunId::new(run).unwrap())
        .name("a run")
}

fn steps(events: &[Value]) -> Vec<u64> {
    events.iter().filter(|e| e["kind"] == "snapshot.scored").map(|e| e["step"].as_u64().unwrap()).collect()
}

#[test]
fn the_loop_of_the_readme_is_kept_whole() {
    let (server, spool) = (Server::start(), tempfile::tempdir().unwrap());
    let example = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/loop");
    let ran = Command::new(example)
        .env("GAUNTLET_ENDPOINT", server.url())
        .env("GAUNTLET_SPOOL", spool.path())
        .env_remove("GAUNTLET_MODE")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let runs = server.get("/api/v1/runs");
    let run = &runs["items"][0];
    assert_eq!(
        (&run["name"], &run["project"], &run["status"]),
        (&json!("grpo 7"), &json!("dipg"), &json!("completed"))
    );
    assert_eq!((&run["steps"], &run["config"]["lr"]), (&json!(100), &json!(3e-4)));
    assert!((run["mean_root"].as_f64().unwrap() - 12.5).abs() < 1e-9, "{run}");
    // The README shows this very program.
    let readme = include_str!("../README.md");
    for line in
        include_str!("../examples/loop.rs").lines().filter(|l| l.starts_with("    ") && !l.contains("Ok(())"))
    {
        assert!(readme.contains(line.trim()), "{line:?} is not in the README");
    }
}

#[test]
fn a_server_that_is_killed_misses_nothing_and_gets_nothing_twice() {
    let (mut server, spool) = (Server::start(), tempfile::tempdir().unwrap());
    let run = to(&server.url(), spool.path(), "outage").start().unwrap();
    let log = |steps: std::ops::Range<u32>| steps.for_each(|step| run.log([("root", 1.0)], step).unwrap());
    log(0..300);
    run.flush(LONG).unwrap();
    server.kill();
    let began = Instant::now();
    log(300..3000);
    assert!(began.elapsed() < Duration::from_secs(5), "logging does not wait for a server that is gone");
    assert!(run.flush(Duration::from_millis(50)).is_err(), "it has not arrived, and that is said");
    server.restart();
    log(3000..3100);
    let report = run.flush(LONG).unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(steps(&server.events("outage")), (0..3100).collect::<Vec<_>>());
}

/// Files of that ending anywhere below a folder.
fn files(folder: &Path, ending: &str) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            if path.is_dir() {
                files(&path, ending)
            } else {
                usize::from(path.to_string_lossy().ends_with(ending))
            }
        })
        .sum()
}

#[test]
fn what_a_process_could_not_deliver_the_next_one_does() {
    let (mut server, spool) = (Server::start(), tempfile::tempdir().unwrap());
    server.kill();
    let away = to(&server.url(), spool.path(), "first").start().unwrap();
    (1..=20).for_each(|step| away.log([("root", 1.0)], step).unwrap());
    away.artifact("notes.txt", "text/plain", "notes", "hello").unwrap();
    assert!(away.close(Duration::from_millis(300)).is_err());
    let offline = to(&server.url(), spool.path(), "second").mode(Mode::Offline).start().unwrap();
    (1..=20).for_each(|step| offline.log([("root", 1.0)], step).unwrap());
    offline.artifact("notes.txt", "text/plain", "notes", "hello").unwrap();
    offline.close(LONG).unwrap();
    let elsewhere = to("http://127.0.0.1:9", spool.path(), "elsewhere").start().unwrap();
    assert!(elsewhere.close(Duration::from_millis(300)).is_err());
    assert_eq!(files(spool.path(), ".jsonl"), 3);

    server.restart();
    let third = to(&server.url(), spool.path(), "third").start().unwrap();
    let deadline = Instant::now() + LONG;
    while files(spool.path(), ".jsonl") > 2 {
        assert!(Instant::now() < deadline, "the leftovers were not delivered");
        std::thread::sleep(Duration::from_millis(20));
    }
    third.close(LONG).unwrap();
    for run in ["first", "second"] {
        let events = server.events(run);
        assert_eq!(steps(&events), (1..=20).collect::<Vec<_>>(), "{run}");
        let added: Vec<_> = events.iter().filter(|e| e["kind"] == "artifact.added").collect();
        let url = format!(
            "{}/api/v1/runs/{run}/artifacts/{}",
            server.url(),
            added[0]["body"]["sha256"].as_str().unwrap()
        );
        assert_eq!(server.endpoint().get(&url, Duration::ZERO).unwrap(), "hello");
    }
    let ids: Vec<_> =
        server.get("/api/v1/runs")["items"].as_array().unwrap().iter().map(|r| r["id"].clone()).collect();
    assert_eq!(ids.len(), 3, "what is meant for another server stays: {ids:?}");
}

#[test]
fn a_subscription_goes_on_through_a_restart() {
    let (mut server, spool) = (Server::start(), tempfile::tempdir().unwrap());
    let run = to(&server.url(), spool.path(), "followed").start().unwrap();
    run.log([("root", 1.0)], 1).unwrap();
    run.flush(LONG).unwrap();
    let mut followed = run.subscribe(None).unwrap();
    let mut next = || -> Record { followed.next().unwrap().unwrap() };
    assert_eq!(
        [next().kind, next().kind, next().kind],
        [Kind::RunStarted, Kind::RunStatus, Kind::SnapshotScored]
    );
    server.kill();
    run.log([("root", 2.0)], 2).unwrap();
    server.restart();
    run.log([("root", 3.0)], 3).unwrap();
    assert_eq!([next(), next()].map(|r| (r.seq, r.step)), [(3, Some(2)), (4, Some(3))]);
    let stopper = followed.stopper();
    let ended = std::thread::spawn(move || followed.next().is_none());
    stopper.stop();
    assert!(ended.join().unwrap());

    let mut nobody = subscribe(server.endpoint(), RunId::new("nobody").unwrap(), None);
    assert!(nobody.next().unwrap().unwrap_err().to_string().contains("no run"));
    assert!(nobody.next().is_none());
}

#[test]
fn a_person_steers_from_the_browser() {
    let (server, spool) = (Server::start(), tempfile::tempdir().unwrap());
    let run = to(&server.url(), spool.path(), "steered").start().unwrap();
    run.flush(LONG).unwrap();
    let steering = Steering::new(std::sync::Arc::new(run.commands().unwrap().unwrap()), LONG);
    let order = |action: &str| {
        let url = format!("{}/api/v1/runs/steered/commands", server.url());
        server
            .endpoint()
            .post(&url, json!({ "action": action, "author": "ada" }).to_string().as_bytes())
            .unwrap();
    };
    for action in ["pause", "resume", "stop"] {
        order(action);
    }
    let deadline = Instant::now() + LONG;
    let no_tweaks = |_: &Object| Ok(());
    while steering.check(&no_tweaks, |body| run.log_body(None, None, body).unwrap()) == Course::Onward {
        assert!(Instant::now() < deadline, "it was never stopped");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(steering);
    run.finish(Status::Cancelled, None, LONG).unwrap();
    assert_eq!(server.get("/api/v1/runs/steered/commands")["commands"], json!([]));
    let applied: Vec<_> =
        server.events("steered").into_iter().filter(|e| e["kind"] == "command.applied").collect();
    let results: Vec<_> = applied.iter().map(|e| e["body"]["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["paused", "resumed", "stopping"], "each said once");
    assert_eq!(server.get("/api/v1/runs/steered")["status"], "cancelled");
}

#[test]
fn an_observed_rubric_pauses_until_the_browser_lets_it_go_on() {
    let (server, spool) = (Server::start(), tempfile::tempdir().unwrap());
    let run = to(&server.url(), spool.path(), "observed").start().unwrap();
    let rubric = leaf(|action: &str, _: &str| action.len() as f64);
    let describe = |action: &str, _: &str| Story { action: action.to_owned(), ..Story::default() };
    let config =
        ObserverConfig { pause_on_indices: [1].into(), pause_timeout: LONG, ..ObserverConfig::default() };
    let observer = run.watch(&rubric, describe, config).unwrap();
    rubric.call("a", "").unwrap();
    let url = server.url();
    let person = std::thread::spawn(move || {
        let server = Endpoint::new(&url).unwrap();
        let deadline = Instant::now() + LONG;
        loop {
            let run = server.get(&format!("{url}/api/v1/runs/observed"), Duration::ZERO).unwrap_or_default();
            if run.contains(r#""steps":2"#) {
                break;
            }
            assert!(Instant::now() < deadline, "it never paused: {run}");
            std::thread::sleep(Duration::from_millis(20));
        }
        server.post(&format!("{url}/api/v1/runs/observed/commands"), br#"{"action":"resume"}"#).unwrap();
    });
    rubric.call("bb", "").unwrap();
    person.join().unwrap();
    rubric.call("ccc", "").unwrap();
    assert!(!observer.is_stopped());
    run.flush(LONG).unwrap();
    let events = server.events("observed");
    assert_eq!(steps(&events), [1, 2, 3]);
    let paused = events.iter().filter(|e| e["body"]["is_paused"] == true);
    assert_eq!(paused.map(|e| e["step"].clone()).collect::<Vec<_>>(), [json!(2)]);
    assert_eq!(events.iter().filter(|e| e["kind"] == "command.applied").count(), 1);
}

#[test]
fn four_sinks_have_the_same_run() {
    let (server, spool) = (Server::start(), tempfile::tempdir().unwrap());
    let data = tempfile::tempdir().unwrap();
    let file = spool.path().join("run.log");
    let run = to(&server.url(), spool.path(), "fourfold").console();
    let run = run.file(&file).unwrap().database(data.path()).unwrap().start().unwrap();
    for step in 1..=50 {
        run.log([("root", f64::from(step))], step).unwrap();
    }
    let report = run.flush(LONG).unwrap();
    let names: Vec<_> = report.sinks.iter().map(|s| (s.name.as_str(), s.counters.sent)).collect();
    assert_eq!(names, [("server", 52), ("console", 52), ("file", 52), ("database", 52)]);
    drop(run);
    let in_file: Vec<Value> =
        std::fs::read_to_string(file).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(steps(&in_file), (1..=50).collect::<Vec<_>>());
    let (child, listen) = Server::spawn(data.path(), "127.0.0.1:0");
    let other = Server { child, listen, data };
    let ids = |events: Vec<Value>| events.into_iter().map(|e| e["id"].to_string()).collect::<Vec<_>>();
    assert_eq!(ids(server.events("fourfold")), ids(other.events("fourfold")));
}

#[test]
fn a_file_of_the_run_is_uploaded_before_it_is_announced() {
    let (server, spool) = (Server::start(), tempfile::tempdir().unwrap());
    let run = to(&server.url(), spool.path(), "files").start().unwrap();
    let content = b"hello \0 world".repeat(10_000);
    run.artifact("weights.bin", "application/octet-stream", "checkpoint", content.clone()).unwrap();
    let episode = run.start_episode("a task").unwrap();
    episode.artifact("notes.txt", "text/plain", "notes", "hello").unwrap();
    assert!(run.artifact("", "text/plain", "notes", "x").unwrap_err().to_string().starts_with("body.name: "));
    episode.end(Outcome::completed()).map_err(|(_, e)| e).unwrap();
    let report = run.flush(LONG).unwrap();
    assert!(report.is_complete(), "{report}");
    let events = server.events("files");
    let added: Vec<_> = events.iter().filter(|e| e["kind"] == "artifact.added").collect();
    let sizes: Vec<_> = added.iter().map(|e| e["body"]["size_bytes"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [content.len() as u64, 5]);
    let hash = added[1]["body"]["sha256"].as_str().unwrap();
    let url = format!("{}/api/v1/runs/files/artifacts/{hash}", server.url());
    assert_eq!(server.endpoint().get(&url, Duration::ZERO).unwrap(), "hello");
    drop(run);
    assert_eq!(files(spool.path(), ""), 0, "nothing stays behind");
}

#[test]
fn an_offline_run_opens_with_the_command_line_too() {
    let (server, spool) = (Server::start(), tempfile::tempdir().unwrap());
    let run = to("http://127.0.0.1:9", spool.path(), "taken along").mode(Mode::Offline).start().unwrap();
    (1..=7).for_each(|step| run.log([("root", 1.0)], step).unwrap());
    run.close(LONG).unwrap();
    let file = spool.path().join("offline/taken%20along.jsonl");
    let imported = Command::new(binary())
        .args(["--listen", &server.listen, "--log", "error", "import", "--json"])
        .arg(file)
        .output()
        .unwrap();
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let imported: Value = serde_json::from_slice(&imported.stdout).unwrap();
    assert_eq!(imported["steps"], 7, "{imported}");
}

#[test]
fn a_data_folder_is_written_without_a_server_and_never_beside_one() {
    let data = tempfile::tempdir().unwrap();
    let spool = tempfile::tempdir().unwrap();
    let run = to("http://127.0.0.1:9", spool.path(), "local").mode(Mode::Offline);
    let run = run.database(data.path()).unwrap().start().unwrap();
    let episode = run.start_episode("a task").unwrap();
    episode.thought("hm").unwrap();
    episode.end(Outcome::completed()).map_err(|(_, e)| e).unwrap();
    run.log([("root", -1.0)], 1).unwrap();
    assert_eq!(run.flush(LONG).unwrap().of("database").unwrap().counters.sent, 6);
    drop(run);

    let (child, listen) = Server::spawn(data.path(), "127.0.0.1:0");
    let server = Server { child, listen, data };
    let summary = server.get("/api/v1/runs/local");
    assert_eq!((&summary["head"], &summary["steps"], &summary["failing"]), (&json!(6), &json!(1), &json!(1)));

    let spec = RunSpec { id: RunId::new("x").ok(), ..RunSpec::named("x") };
    let Err(refused) = DatabaseSink::open(server.data.path(), spec) else { panic!("two writers") };
    assert!(
        matches!(&refused, DatabaseError::Held { server: Some(url), .. } if *url == server.url()),
        "{refused:?}"
    );
    let said = refused.to_string();
    assert!(said.contains("in use") && said.contains(&server.url()), "{said}");
    let again = to("http://127.0.0.1:9", spool.path(), "y").database(server.data.path());
    assert!(matches!(again, Err(StartError::Database(_))));
}

#[test]
fn a_database_sink_opens_and_closes_inside_an_async_program() {
    let data = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let spec = RunSpec { id: RunId::new("x").ok(), ..RunSpec::named("x") };
        drop(DatabaseSink::open(data.path(), spec.clone()).unwrap());
        drop(DatabaseSink::open(data.path(), spec).unwrap());
    });
}
