//! Real servers with a folder for backups, and what is asked of them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::postgres_server;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// Where a server's log is: in its data folder, or in a database of PostgreSQL.
#[derive(Clone)]
pub(crate) struct Place {
    pub data: PathBuf,
    pub artifacts: Option<PathBuf>,
    pub database: Option<String>,
}

impl Place {
    pub(crate) fn sqlite(folder: &Path, name: &str) -> Self {
        Self { data: folder.join(name), artifacts: None, database: None }
    }

    pub(crate) fn postgresql(folder: &Path, name: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let database = Some(runtime.block_on(postgres_server::database()));
        Self { data: folder.join(name), artifacts: None, database }
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--data".to_owned(), self.data.display().to_string()];
        for (flag, value) in [
            ("--artifacts", self.artifacts.as_ref().map(|path| path.display().to_string())),
            ("--database", self.database.clone()),
        ] {
            arguments.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
        }
        arguments
    }
}

/// Writes a configuration whose section `[backup]` has these lines.
pub(crate) fn configure(folder: &Path, backup: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let path = folder.join(format!("gauntlet{}.toml", NUMBER.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&path, format!("[backup]\n{backup}\n")).unwrap();
    path
}

pub(crate) struct Server {
    child: Child,
    pub url: String,
}

impl Server {
    pub(crate) fn start(place: &Place, config: &Path) -> Self {
        Self::start_as(&mut Command::new(env!("CARGO_BIN_EXE_gauntlet")), place, config)
    }

    /// Starts it by a command that takes the rest of the command line.
    pub(crate) fn start_as(command: &mut Command, place: &Place, config: &Path) -> Self {
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--otlp-grpc", "off", "--log", "error", "--config"])
            .arg(config)
            .args(place.arguments());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        Self { child, url: url.expect("an address").to_owned() }
    }

    /// As `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let mut answer = agent().get(format!("{}{path}", self.url)).call().unwrap();
        serde_json::from_reader(answer.body_mut().as_reader()).unwrap()
    }

    pub(crate) fn text(&self, path: &str) -> String {
        let mut answer = agent().get(format!("{}{path}", self.url)).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        post(&format!("{}{path}", self.url), body)
    }

    /// The list of backups, the newest first.
    pub(crate) fn backups(&self) -> Vec<Value> {
        self.get("/api/v1/backups")["items"].as_array().unwrap().clone()
    }

    /// Asks for a backup of that kind and waits for its end.
    pub(crate) fn backup(&self, kind: &str) -> Value {
        let (status, asked) = self.post("/api/v1/backups", &json!({ "kind": kind }));
        assert_eq!(status, 202, "{asked}");
        let mut ended = Value::Null;
        wait_for("the backup does not end", || {
            ended = self.backups().into_iter().find(|backup| backup["id"] == asked["id"]).unwrap();
            ended["status"] != "waiting" && ended["status"] != "running"
        });
        ended
    }

    /// Every event of a run, each as the API answers it.
    pub(crate) fn events(&self, run: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let after = all.len().checked_sub(1).map_or(String::new(), |seq| format!("&after={seq}"));
            let page = self.get(&format!("/api/v1/runs/{run}/events?limit=5000{after}"));
            all.extend(page["events"].as_array().unwrap().iter().cloned());
            if all.len() as u64 >= page["head"].as_u64().unwrap() {
                return all;
            }
        }
    }

    /// Stores an artifact of that many bytes, which cannot be compressed.
    pub(crate) fn put_artifact(&self, run: &str, size: usize) {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(size / 8)
        .flatten()
        .collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let sum = Command::new("sha256sum").arg(file.path()).output().unwrap();
        let sha256 = String::from_utf8(sum.stdout).unwrap().chars().take(64).collect::<String>();
        let put = agent().put(format!("{}/api/v1/runs/{run}/artifacts/{sha256}", self.url)).send(&bytes);
        assert!(put.unwrap().status().is_success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

pub(crate) fn post(url: &str, body: &Value) -> (u16, Value) {
    let mut answer = agent().post(url).content_type("application/json").send(body.to_string()).unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_reader(answer.body_mut().as_reader()).unwrap_or(Value::Null))
}

/// Waits for what is done in the background.
pub(crate) fn wait_for(what: &str, mut is_done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_done() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs a command of the terminal that asks no server.
pub(crate) fn gauntlet(arguments: &[&str]) -> Output {
    // Nobody listens at this port, so the command opens the data itself.
    Command::new(env!("CARGO_BIN_EXE_gauntlet"))
        .args(["--listen", "127.0.0.1:9", "--log", "error"])
        .args(arguments)
        .output()
        .unwrap()
}

/// Restores the newest archive of a folder and starts a server on what was restored.
pub(crate) fn restored(archives: &Path, place: &Place, config: &Path) -> Server {
    let archives = archives.display().to_string();
    let place_arguments = place.arguments();
    let mut arguments = vec!["restore", &archives];
    arguments.extend(place_arguments.iter().map(String::as_str));
    let output = gauntlet(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Server::start(place, config)
}

/// The names of the files of a folder; none where there is no such folder.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A batch of scored snapshots that begins with that step.
pub(crate) fn batch(first: u64, count: u64) -> Value {
    let event = |n: u64| {
        json!({ "id": format!("01920000-0000-7000-8000-{n:012x}"), "at": "2026-11-21T00:06:33Z",
            "kind": "snapshot.scored", "v": 1, "step": n, "body": { "scores": { "root": 1.0 },
            "action": format!("the answer {n} of many {}", n * 7919), "observation": "a question" } })
    };
    Value::Array((first..first + count).map(event).collect())
}
