//! What the stories share: the real binary, a folder with runs, a server that can be killed.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn gauntlet(data: &Path, listen: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gauntlet"));
    command
        .args(["--listen", listen, "--log", "error", "--data"])
        .arg(data)
        .args(args)
        .env_remove("NO_COLOR");
    command
}

/// A port nobody listens on, so that the command works in the folder.
pub(crate) const NOBODY: &str = "127.0.0.1:9";

pub(crate) fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stdout_of(data: &Path, args: &[&str]) -> String {
    out(&gauntlet(data, NOBODY, args).output().unwrap())
}

pub(crate) fn refusal(data: &Path, args: &[&str]) -> String {
    let output = gauntlet(data, NOBODY, args).output().unwrap();
    assert!(!output.status.success(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

/// A folder with two finished demos, `first` and `second`.
pub(crate) fn folder() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    for (run, seed) in [("first", "3"), ("second", "4")] {
        stdout_of(data.path(), &["demo", "--steps", "60", "--run", run, "--seed", seed]);
    }
    data
}

/// Reads a child's lines as they come.
pub(crate) fn lines_of(child: &mut Child) -> Lines<BufReader<ChildStdout>> {
    BufReader::new(child.stdout.take().unwrap()).lines()
}

pub(crate) struct Server {
    pub child: Child,
    pub listen: String,
    pub data: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let (child, listen) = Self::spawn(data.path(), "127.0.0.1:0");
        Self { child, listen, data }
    }

    fn spawn(data: &Path, listen: &str) -> (Child, String) {
        let mut child = gauntlet(data, listen, &["serve"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {line:?}"));
        (child, url.split_whitespace().next().unwrap().to_owned())
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it with the data and the address that it had before [`Self::kill`].
    pub(crate) fn restart(&mut self) {
        self.child = Self::spawn(self.data.path(), &self.listen).0;
    }

    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        gauntlet(self.data.path(), &self.listen, args)
    }

    pub(crate) fn run(&self, id: &str) -> Value {
        let listed = out(&self.command(&["runs", "--json", "-q", id]).output().unwrap());
        parsed(&listed).pop().unwrap_or(Value::Null)
    }

    pub(crate) fn until(&self, run: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + LONG;
        loop {
            let now = self.run(run);
            if condition(&now) {
                return now;
            }
            assert!(Instant::now() < deadline, "it did not happen in time: {now}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The files under way.
    pub(crate) fn imports(&self) -> Vec<Value> {
        let mut answer = ureq::get(format!("http://{}/api/v1/imports", self.listen)).call().unwrap();
        let listed: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        listed["items"].as_array().unwrap().clone()
    }

    pub(crate) fn post(&self, path: &str, body: &str) {
        let sent = ureq::post(format!("http://{}/api/v1/runs{path}", self.listen))
            .header("content-type", "application/json")
            .send(body);
        assert!(sent.unwrap().status().is_success());
    }

    pub(crate) fn patch(&self, path: &str, body: &str) {
        let sent = ureq::patch(format!("http://{}/api/v1/runs{path}", self.listen))
            .header("content-type", "application/json")
            .send(body);
        assert!(sent.unwrap().status().is_success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
