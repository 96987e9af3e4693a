//! Three real servers on one PostgreSQL database, two of which are killed under load, one after the other:
//! producers and viewers go on with those that are left, with nothing missing and nothing doubled, and the
//! last server does alone what one of them did for all.

#[path = "../../crates/store/tests/postgres_server/mod.rs"]
mod postgres_server;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const SERVERS: usize = 3;
const PRODUCERS: u64 = 6;
const VIEWERS: usize = 6;
const BATCH: u64 = 10;
/// Acknowledged events between two kills.
const STRETCH: u64 = 1_500;
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// How a server of the database is started; each has a data folder of its own.
fn command(database: &str, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gauntlet"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--otlp-grpc", "off", "--log", "error"])
        .args(["--database", database, "--data"])
        .arg(data);
    command
}

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(database: &str, folder: &Path, name: &str) -> Self {
        let mut command = command(database, &folder.join(name));
        command.arg("--artifacts").arg(folder.join("artifacts"));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.expect("an address").to_owned();
        Self { child, url }
    }

    /// As `kill -9` does.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn database() -> String {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(postgres_server::database())
}

fn agent(answer: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_recv_response(Some(answer))
        .build()
        .into()
}

fn post(agent: &ureq::Agent, url: &str, body: &Value) -> Option<u16> {
    let answer = agent.post(url).content_type("application/json").send(body.to_string()).ok()?;
    Some(answer.status().as_u16())
}

fn get(url: &str) -> Value {
    let mut answer = agent(PATIENCE).get(url).call().unwrap();
    serde_json::from_reader(answer.body_mut().as_reader()).unwrap()
}

/// An event id that is the same for the same number.
fn id(n: u64) -> String {
    format!("01920000-0000-7000-8000-{n:012x}")
}

fn scored(n: u64) -> Value {
    json!({ "id": id(n), "at": "2026-11-21T00:06:33Z", "kind": "snapshot.scored", "v": 1, "step": n,
        "body": { "scores": { "root": 1.0 }, "action": format!("word{n}"), "observation": "" } })
}

/// Posts a batch until a server takes it, as a producer does: the same events, to one server after the other.
fn insist(agent: &ureq::Agent, servers: &[String], at: &mut usize, events: &Value) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let url = &servers[*at % servers.len()];
        match post(agent, &format!("{url}/api/v1/runs/storm/events"), events) {
            Some(200) => return,
            Some(status @ (400..=499)) if status != 429 => panic!("{url} answers {status}"),
            _ => {
                *at += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    panic!("a batch was never taken");
}

/// Follows the run to its end, on whichever server answers: each event once, in order. Returns how many came,
/// and how often it had to connect.
fn view(servers: &[String], mut at: usize) -> (u64, u64) {
    let (mut next, mut connections, begun) = (0_u64, 0, Instant::now());
    let agent = agent(Duration::from_secs(10));
    while begun.elapsed() < PATIENCE {
        let after = next.checked_sub(1).map_or(String::new(), |seq| format!("?after={seq}"));
        let url = format!("{}/api/v1/runs/storm/live{after}", servers[at % servers.len()]);
        at += 1;
        let answer = agent.get(url).header("accept", "text/event-stream").call();
        let Some(mut answer) = answer.ok().filter(|answer| answer.status() == 200) else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        connections += 1;
        let mut id: Option<u64> = None;
        for line in BufReader::new(answer.body_mut().as_reader()).lines().map_while(Result::ok) {
            if let Some(text) = line.strip_prefix("id: ") {
                id = text.parse().ok();
            } else if let Some(data) = line.strip_prefix("data: ") {
                let Some(seq) = id.take() else { continue };
                assert_eq!(seq, next, "an event is missing, or comes twice");
                next += 1;
                let event: Value = serde_json::from_str(data).unwrap();
                if event["kind"] == "run.finished" {
                    return (next, connections);
                }
            }
        }
    }
    panic!("the end of the run never came; {next} events did");
}

/// How often each event is in the log, by id; checks the sequence on the way.
fn stored(url: &str) -> BTreeMap<String, u64> {
    let (mut found, mut next) = (BTreeMap::new(), 0_u64);
    loop {
        let after = next.checked_sub(1).map_or(String::new(), |seq| format!("&after={seq}"));
        let page = get(&format!("{url}/api/v1/runs/storm/events?limit=5000{after}"));
        for event in page["events"].as_array().unwrap() {
            assert_eq!(event["seq"], next, "a hole in the sequence");
            next += 1;
            *found.entry(event["id"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        if next >= page["head"].as_u64().unwrap() {
            return found;
        }
    }
}

/// Waits for what is done in the background.
fn wait_for(what: &str, is_done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_done() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn two_of_three_servers_are_killed_under_load() {
    let (folder, database) = (tempfile::tempdir().unwrap(), database());
    // At once: one of them makes the tables.
    let starting: Vec<JoinHandle<Server>> = (0..SERVERS)
        .map(|n| {
            let (database, folder) = (database.clone(), folder.path().to_owned());
            std::thread::spawn(move || Server::start(&database, &folder, &format!("data{n}")))
        })
        .collect();
    let mut servers: Vec<Server> = starting.into_iter().map(|start| start.join().unwrap()).collect();
    let urls: Vec<String> = servers.iter().map(|server| server.url.clone()).collect();
    let run = json!({ "id": "storm", "name": "storm" });
    assert_eq!(post(&agent(PATIENCE), &format!("{}/api/v1/runs", urls[0]), &run), Some(201));

    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let producers: Vec<JoinHandle<u64>> = (0..PRODUCERS)
        .map(|producer| {
            let (urls, stop, acknowledged) = (urls.clone(), Arc::clone(&stop), Arc::clone(&acknowledged));
            std::thread::spawn(move || {
                let (agent, mut at) = (agent(Duration::from_secs(30)), producer as usize);
                for batch in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return batch * BATCH;
                    }
                    let first = (producer << 32) + batch * BATCH;
                    let events: Vec<Value> = (first..first + BATCH).map(scored).collect();
                    insist(&agent, &urls, &mut at, &json!(events));
                    acknowledged.fetch_add(BATCH, Ordering::Relaxed);
                }
                unreachable!("the loop has no end")
            })
        })
        .collect();
    let viewers: Vec<JoinHandle<(u64, u64)>> = (0..VIEWERS)
        .map(|viewer| {
            let urls = urls.clone();
            std::thread::spawn(move || view(&urls, viewer))
        })
        .collect();

    for (killed, server) in servers.iter_mut().take(SERVERS - 1).enumerate() {
        let enough = STRETCH * (killed as u64 + 1);
        wait_for("the producers stand still", || acknowledged.load(Ordering::Relaxed) >= enough);
        server.kill();
    }
    let enough = STRETCH * SERVERS as u64;
    wait_for("the producers stand still", || acknowledged.load(Ordering::Relaxed) >= enough);
    stop.store(true, Ordering::Relaxed);
    let sent: Vec<u64> = producers.into_iter().map(|producer| producer.join().unwrap()).collect();

    let last = &urls[SERVERS - 1];
    let end = json!([{ "id": id(u64::MAX >> 20), "at": "2026-11-21T00:06:34Z", "kind": "run.finished", "v": 1,
        "body": { "status": "completed" } }]);
    insist(&agent(PATIENCE), std::slice::from_ref(last), &mut 0, &end);
    let found = stored(last);
    for (producer, sent) in sent.iter().enumerate() {
        for n in 0..*sent {
            let id = id(((producer as u64) << 32) + n);
            assert_eq!(found.get(&id), Some(&1), "event {n} of producer {producer}");
        }
    }
    assert_eq!(found.len() as u64, sent.iter().sum::<u64>() + 2, "the start, the end, and what was sent");
    let mut connections = 0;
    for viewer in viewers {
        let (seen, connected) = viewer.join().unwrap();
        assert_eq!(seen, found.len() as u64);
        connections += connected;
    }
    assert!(connections > VIEWERS as u64, "viewers of the killed servers came back: {connections}");
    let run = get(&format!("{last}/api/v1/runs/storm"));
    assert_eq!((&run["head"], &run["steps"]), (&json!(found.len()), &json!(found.len() - 2)));

    // What one server does for all of them, the last one does now.
    let word = format!("word{}", ((PRODUCERS - 1) << 32) + sent.last().unwrap() - 1);
    wait_for("the search index follows", || {
        let page = get(&format!("{last}/api/v1/search?q={word}"));
        page["items"].as_array().is_some_and(|items| !items.is_empty())
    });
}

#[test]
fn servers_share_the_folder_of_artifacts() {
    let (folder, database) = (tempfile::tempdir().unwrap(), database());
    let first = Server::start(&database, folder.path(), "data0");
    let second = Server::start(&database, folder.path(), "data1");
    let run = json!({ "id": "r", "name": "r" });
    assert_eq!(post(&agent(PATIENCE), &format!("{}/api/v1/runs", first.url), &run), Some(201));
    let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let put = agent(PATIENCE).put(format!("{}/api/v1/runs/r/artifacts/{sha256}", first.url)).send("hello");
    assert!(put.unwrap().status().is_success());
    let read = agent(PATIENCE).get(format!("{}/api/v1/runs/r/artifacts/{sha256}", second.url)).call();
    assert_eq!(read.unwrap().body_mut().read_to_string().unwrap(), "hello");

    let mut other = command(&database, &folder.path().join("data2")).stderr(Stdio::piped()).spawn().unwrap();
    let mut why = String::new();
    other.stderr.take().unwrap().read_to_string(&mut why).unwrap();
    assert!(!other.wait().unwrap().success());
    assert!(why.contains("keeps its artifacts in another folder") && why.contains("--artifacts"), "{why}");
}
