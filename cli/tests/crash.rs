//! The real binary, killed with SIGKILL at random moments under load: no acknowledged event is lost, none is
//! there twice, and the sequence has no holes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rand::RngExt;
use serde_json::{Value, json};

/// An event id that is the same for the same number.
fn id(n: u64) -> String {
    format!("01920000-0000-7000-8000-{n:012x}")
}

/// A scored snapshot of that step.
fn scored(n: u64, root: f64) -> Value {
    json!({ "id": id(n), "at": "2026-11-21T00:06:33Z", "kind": "snapshot.scored", "v": 1, "step": n,
        "body": { "scores": { "root": root }, "action": "a", "observation": "" } })
}

const ROUNDS: u32 = 15;
const WRITERS: u64 = 4;

struct Gauntlet {
    child: Child,
    url: String,
}

impl Gauntlet {
    fn start(data: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gauntlet"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|w| w.starts_with("http://")).expect("an address").to_owned();
        Self { child, url }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(5)))
        .build()
        .into()
}

fn post(agent: &ureq::Agent, url: &str, body: &Value) -> Option<u16> {
    let answer = agent.post(url).content_type("application/json").send(body.to_string()).ok()?;
    Some(answer.status().as_u16())
}

/// Every event of the run, by id, with how often it is there; checks the sequence on the way.
fn stored(url: &str) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut next = 0u64;
    loop {
        let after = next.checked_sub(1).map_or(String::new(), |seq| format!("&after={seq}"));
        let mut answer =
            agent().get(format!("{url}/api/v1/runs/crash/events?limit=5000{after}")).call().unwrap();
        let page: Value = serde_json::from_reader(answer.body_mut().as_reader()).unwrap();
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

#[test]
fn kill_nine_at_any_moment_loses_nothing_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    let numbers = Arc::new(AtomicU64::new(1));
    let mut acknowledged: Vec<u64> = Vec::new();
    let mut unanswered: Vec<Vec<u64>> = Vec::new();
    for round in 0..ROUNDS {
        let server = Gauntlet::start(data.path());
        post(&agent(), &format!("{}/api/v1/runs", server.url), &json!({ "id": "crash", "name": "crash" }))
            .unwrap();
        let url = format!("{}/api/v1/runs/crash/events", server.url);
        // What was never answered is sent again, as a client does: it must not appear twice.
        for batch in unanswered.drain(..) {
            let events: Vec<_> = batch.iter().map(|n| scored(*n, 1.0)).collect();
            assert_eq!(post(&agent(), &url, &json!(events)), Some(200));
            acknowledged.extend(batch);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (numbers, stop, url) = (Arc::clone(&numbers), Arc::clone(&stop), url.clone());
                std::thread::spawn(move || {
                    let (agent, mut acked) = (agent(), Vec::new());
                    let size = 1 + writer * 20;
                    while !stop.load(Ordering::Relaxed) {
                        let first = numbers.fetch_add(size, Ordering::Relaxed);
                        let batch: Vec<u64> = (first..first + size).collect();
                        let events: Vec<_> = batch.iter().map(|n| scored(*n, 1.0)).collect();
                        match post(&agent, &url, &json!(events)) {
                            Some(200) => acked.extend(batch),
                            _ => return (acked, Some(batch)),
                        }
                    }
                    (acked, None)
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(rand::rng().random_range(30..400)));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            let (acked, lost) = writer.join().unwrap();
            acknowledged.extend(acked);
            unanswered.extend(lost);
        }
        let server = Gauntlet::start(data.path());
        let found = stored(&server.url);
        for n in &acknowledged {
            assert_eq!(found.get(&id(*n)), Some(&1), "round {round}: acknowledged event {n}");
        }
        assert!(found.values().all(|times| *times == 1), "round {round}: an event is there twice");
        let mut answer = agent().get(format!("{}/api/v1/runs/crash", server.url)).call().unwrap();
        let run: Value = serde_json::from_reader(answer.body_mut().as_reader()).unwrap();
        assert_eq!(run["head"], found.len(), "round {round}: the summary agrees with the log");
        assert_eq!(run["steps"], found.len() - 1, "round {round}");
        server.kill();
    }
    assert!(acknowledged.len() > 1000, "there was hardly any load: {}", acknowledged.len());
}
