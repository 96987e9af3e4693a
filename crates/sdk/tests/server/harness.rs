//! A server that is started, killed and started again, and runs that go to it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gauntlet_sdk::model::RunId;
use gauntlet_sdk::telemetry::{DeliveryError, Endpoint};
use gauntlet_sdk::{Builder, Mode, ObservabilityProvider};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const LONG: Duration = Duration::from_secs(60);
/// A server that is never there.
pub(crate) const NOBODY: &str = "http://127.0.0.1:9";

pub(crate) fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("GAUNTLET_BIN") {
        return named.into();
    }
    let built = built("gauntlet");
    assert!(
        built.exists(),
        "build the server first (cargo build -p gauntlet-cli), or name it in GAUNTLET_BIN"
    );
    built
}

/// What cargo built beside this test: `target/debug/deps/server-...` -> `target/debug/NAME`.
pub(crate) fn built(name: &str) -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join(name)
}

/// With a data folder of its own, and a spool for the runs that go to it.
pub(crate) struct Server {
    child: Child,
    pub listen: String,
    pub data: TempDir,
    pub spool: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::on(folder())
    }

    /// Serves a folder that is there already.
    pub(crate) fn on(data: TempDir) -> Self {
        let (child, listen) = spawn(data.path(), "127.0.0.1:0");
        Self { child, listen, data, spool: folder() }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.data.path(), &self.listen).0;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.url()).unwrap()
    }

    /// A run that goes here.
    pub(crate) fn run(&self, id: &str) -> Builder {
        run_to(&self.url(), self.spool.path(), id)
    }

    pub(crate) fn text(&self, path: &str) -> String {
        self.endpoint().get(&format!("{}/api/v1/runs{path}", self.url()), Duration::ZERO).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path)).unwrap()
    }

    /// As [`Server::get`], where it may not be there.
    pub(crate) fn try_get(&self, path: &str) -> Result<String, DeliveryError> {
        self.endpoint().get(&format!("{}/api/v1/runs{path}", self.url()), Duration::ZERO)
    }

    pub(crate) fn delete(&self, path: &str) {
        let answer = ureq::delete(&format!("{}/api/v1/runs{path}", self.url())).call().unwrap();
        assert_eq!(answer.status(), 204);
    }

    pub(crate) fn patch(&self, path: &str, json: &str) {
        let url = format!("{}/api/v1/runs{path}", self.url());
        assert_eq!(ureq::patch(&url).content_type("application/json").send(json).unwrap().status(), 200);
    }

    pub(crate) fn command(&self, run: &str, json: &str) {
        let url = format!("{}/api/v1/runs/{run}/commands", self.url());
        self.endpoint().post(&url, json.as_bytes()).unwrap();
    }

    /// The run's events after `run.started` and `run.status`.
    pub(crate) fn events(&self, run: &str) -> Vec<Value> {
        let page = self.get(&format!("/{run}/events?limit=10000"));
        page["events"].as_array().unwrap().iter().skip(2).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn run_to(url: &str, spool: &Path, id: &str) -> Builder {
    let builder = ObservabilityProvider::builder().unwrap().mode(Mode::Online).endpoint(url);
    builder.spool(spool, 1 << 26).id(RunId::new(id).unwrap()).name("a run")
}

/// The steps of the rollouts among events.
pub(crate) fn steps(events: &[Value]) -> Vec<u64> {
    of_kind(events, "snapshot.scored").iter().map(|event| event["step"].as_u64().unwrap()).collect()
}

pub(crate) fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["kind"] == kind).collect()
}

/// Looks again and again until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to pass: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Files of that ending anywhere below a folder.
pub(crate) fn files(folder: &Path, ending: &str) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let count = |path: PathBuf| match path.is_dir() {
        true => files(&path, ending),
        false => usize::from(path.to_string_lossy().ends_with(ending)),
    };
    entries.map(count).sum()
}
