//! The real binary as a process of its own, on a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::workload::lines;

/// Events of a request that fills a run.
const BATCH: u64 = 5_000;

/// A running server; killed when dropped.
pub(crate) struct Rig {
    child: Child,
    /// Where it answers.
    pub url: String,
    /// From the start of the process to its first ready answer.
    pub ready: Duration,
    folder: tempfile::TempDir,
}

/// The folder cargo builds into.
pub(crate) fn target_folder() -> Outcome<PathBuf> {
    let exe = std::env::current_exe()?;
    Ok(exe.parent().and_then(Path::parent).ok_or("the bench lies in no target folder")?.to_owned())
}

/// The binary that was built beside this one.
pub(crate) fn binary() -> Outcome<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("gauntlet");
    if path.is_file() { Ok(path) } else { Err(format!("{} is not built", path.display()).into()) }
}

impl Rig {
    /// Starts it on a free port and waits until it is ready.
    pub(crate) fn start() -> Outcome<Self> {
        Self::with("")
    }

    /// The same with settings, in the format of `gauntlet.toml`.
    pub(crate) fn with(settings: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("bench.toml"), settings)?;
        Self::on(folder)
    }

    /// Ends it, lets something happen to its data, and starts it on the same data.
    pub(crate) fn restart(mut self, meanwhile: impl FnOnce(&Path)) -> Outcome<Self> {
        self.child.kill()?;
        self.child.wait()?;
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir()?);
        meanwhile(folder.path());
        Self::on(folder)
    }

    /// Its data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn on(folder: tempfile::TempDir) -> Outcome<Self> {
        let begun = Instant::now();
        let mut child = Command::new(binary()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data"])
            .arg(folder.path())
            .arg("--config")
            .arg(folder.path().join("bench.toml"))
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let url = line.split_whitespace().find(|w| w.starts_with("http://")).ok_or("no address")?.to_owned();
        let agent = agent();
        while agent.get(format!("{url}/readyz")).call()?.status() != 200 {}
        Ok(Self { child, url, ready: begun.elapsed(), folder })
    }

    /// Creates a run.
    pub(crate) fn create(&self, run: &str) -> Outcome<()> {
        let body = serde_json::json!({ "id": run, "name": run }).to_string();
        agent().post(format!("{}/api/v1/runs", self.url)).content_type("application/json").send(body)?;
        Ok(())
    }

    /// Creates a run and posts steps `1..=steps` of the workload.
    pub(crate) fn fill(&self, run: &str, steps: u64) -> Outcome<()> {
        self.create(run)?;
        let events = format!("{}/api/v1/runs/{run}/events", self.url);
        for from in (1..=steps).step_by(BATCH as usize) {
            let count = BATCH.min(steps + 1 - from);
            agent().post(&events).content_type("application/x-ndjson").send(lines(from, count))?;
        }
        Ok(())
    }

    /// Resident memory, MiB.
    pub(crate) fn resident_mib(&self) -> Outcome<f64> {
        resident_mib_of(self.child.id())
    }
}

/// Resident memory of a process, MiB.
pub(crate) fn resident_mib_of(process: u32) -> Outcome<f64> {
    let out = Command::new("ps").args(["-o", "rss=", "-p", &process.to_string()]).output()?;
    let kib: f64 = String::from_utf8(out.stdout)?.trim().parse()?;
    Ok(kib / 1024.0)
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP client that keeps its connection.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(60))).build().into()
}
