//! How a run is started: where its events go, and its description.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gauntlet_model::{Event, FailureRules, FieldError, RunId, RunSpec, RunSummary};
use gauntlet_telemetry::{
    BatchConfig, BatchProcessor, Clock, ConsoleSink, FileSink, Sink, Spool, SpoolError, SystemClock,
    last_step, path_segment,
};
use serde_json::Value;

use crate::artifacts::Artifacts;
use crate::provider::ObservabilityProvider;
use crate::server::Server;
use crate::sinks::Named;

/// A sink that is open, under its name.
type NamedSink = (String, Box<dyn Sink>);

/// The server of this machine.
const ENDPOINT: &str = "http://127.0.0.1:4600";
/// Most bytes one run may leave on disk while the server is away (1 GiB).
const SPOOL_BYTES: u64 = 1 << 30;

/// Where events go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// To the server; to disk while it is away.
    #[default]
    Online,
    /// To disk only. The next online process of this machine delivers them.
    Offline,
    /// Nowhere: every call does nothing.
    Disabled,
}

impl std::str::FromStr for Mode {
    type Err = FieldError;
    fn from_str(word: &str) -> Result<Self, FieldError> {
        match word {
            "online" => Ok(Mode::Online),
            "offline" => Ok(Mode::Offline),
            "disabled" => Ok(Mode::Disabled),
            other => {
                Err(FieldError::new("mode", format!("{other:?} is not one of online, offline, disabled")))
            }
        }
    }
}

/// Why a run could not be started. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting or a field of the run's description breaks a rule.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The folder for what cannot be delivered now.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// A sink, such as the data folder of a database.
    #[error(transparent)]
    Sink(Box<dyn std::error::Error + Send + Sync>),
    /// A file or a thread.
    #[error("{what}: {error}")]
    Io {
        /// Which.
        what: String,
        /// The operating system's error.
        error: std::io::Error,
    },
}

impl StartError {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |error| Self::Io { what, error }
    }
}

/// Settings of a run about to start. Made by [`ObservabilityProvider::builder`].
pub struct Builder {
    endpoint: String,
    key: Option<String>,
    mode: Mode,
    spec: RunSpec,
    spool: PathBuf,
    spool_bytes: u64,
    delivery: BatchConfig,
    /// By name, in order.
    others: Vec<(String, Open)>,
    clock: Arc<dyn Clock>,
}

/// Opens a sink beside the server's once everything about the run is known.
type Open = Box<dyn FnOnce(&RunSpec) -> Result<Box<dyn Sink>, StartError>>;

impl ObservabilityProvider {
    /// Settings of a new run: those of the environment (`GAUNTLET_ENDPOINT`, `GAUNTLET_API_KEY`,
    /// `GAUNTLET_PROJECT`, `GAUNTLET_MODE`, `GAUNTLET_SPOOL`), to be changed before [`Builder::start`].
    /// Refuses a variable that breaks a rule.
    pub fn builder() -> Result<Builder, FieldError> {
        Builder::from_vars(|name| std::env::var(name).ok())
    }
}

impl Builder {
    /// The defaults, overridden by environment variables; `var` reads one.
    pub(crate) fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, FieldError> {
        let set = |name: &str| var(name).filter(|value| !value.is_empty());
        let named = |name: &str, e: FieldError| FieldError::new(name, e.message);
        let mut mode = match set("GAUNTLET_MODE") {
            Some(word) => word.parse().map_err(|e| named("GAUNTLET_MODE", e))?,
            None => Mode::default(),
        };
        if set("OTEL_SDK_DISABLED").is_some_and(|word| word.eq_ignore_ascii_case("true")) {
            mode = Mode::Disabled;
        }
        let endpoint = set("GAUNTLET_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        Server::check(&endpoint, None).map_err(|e| named("GAUNTLET_ENDPOINT", e))?;
        let home = set("XDG_STATE_HOME").map(PathBuf::from).or_else(|| {
            set("HOME").or_else(|| set("USERPROFILE")).map(|home| Path::new(&home).join(".local/state"))
        });
        let spool = set("GAUNTLET_SPOOL")
            .map_or_else(|| home.unwrap_or_else(std::env::temp_dir).join("gauntlet/spool"), PathBuf::from);
        let project = set("GAUNTLET_PROJECT").or_else(|| set("OTEL_SERVICE_NAME"));
        Ok(Self {
            endpoint,
            key: api_key(&set)?,
            mode,
            spec: RunSpec { project, ..RunSpec::named("run") },
            spool,
            spool_bytes: SPOOL_BYTES,
            delivery: BatchConfig::default(),
            others: Vec::new(),
            clock: Arc::new(SystemClock::new()),
        })
    }

    /// The server, such as `http://127.0.0.1:4600` (`GAUNTLET_ENDPOINT`).
    pub fn endpoint(mut self, base: impl Into<String>) -> Self {
        self.endpoint = base.into();
        self
    }

    /// The key that opens it (`GAUNTLET_API_KEY`).
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Online, offline or disabled (`GAUNTLET_MODE`).
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The project the run belongs to (`GAUNTLET_PROJECT`); `default` unless named.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.spec.project = Some(project.into());
        self
    }

    /// The name people see.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = name.into();
        self
    }

    /// The run's id; a new one unless named. A process that starts again under the same id continues
    /// the run: its first settings stay, and rollouts without a step get steps after the last one.
    pub fn id(mut self, id: RunId) -> Self {
        self.spec.id = Some(id);
        self
    }

    /// One entry of the configuration: a hyperparameter, a model's name.
    pub fn config(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.spec.config.insert(key.into(), value.into());
        self
    }

    /// A label to filter by.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.spec.tags.push(tag.into());
        self
    }

    /// Which steps fail: the medical rules, a bound of the root, or what fits the scores (the default).
    pub fn rules(mut self, rules: FailureRules) -> Self {
        self.spec.rules = rules;
        self
    }

    /// The complete description of the run. An id that was set before stays where `spec` has none.
    pub fn spec(mut self, spec: RunSpec) -> Self {
        let id = spec.id.clone().or_else(|| self.spec.id.take());
        self.spec = RunSpec { id, ..spec };
        self
    }

    /// Where events wait while the server is away (`GAUNTLET_SPOOL`), and how many bytes they may take.
    pub fn spool(mut self, folder: impl Into<PathBuf>, most_bytes: u64) -> Self {
        (self.spool, self.spool_bytes) = (folder.into(), most_bytes);
        self
    }

    /// Queue, batches and retries of every sink.
    pub fn delivery(mut self, delivery: BatchConfig) -> Self {
        self.delivery = delivery;
        self
    }

    /// A line an event on the standard error stream, too.
    pub fn console(self) -> Self {
        self.sink("console", ConsoleSink::stderr())
    }

    /// Every event as a line of JSON at the end of a file, too: what `gauntlet import` reads.
    pub fn file(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        self.opened("file", move |_| {
            let sink = FileSink::open(&path).map_err(StartError::io(path.display().to_string()))?;
            Ok(Box::new(sink))
        })
    }

    /// Any sink, too. Each has a queue and a thread of its own.
    pub fn sink(self, name: impl Into<String>, sink: impl Sink + 'static) -> Self {
        self.opened(name, move |_| Ok(Box::new(sink)))
    }

    /// A sink that needs to know the run to be opened.
    pub(crate) fn opened(
        mut self,
        name: impl Into<String>,
        open: impl FnOnce(&RunSpec) -> Result<Box<dyn Sink>, StartError> + 'static,
    ) -> Self {
        self.others.push((name.into(), Box::new(open)));
        self
    }

    /// Clock and ids other than the machine's: for tests and replays.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Starts the run. Whether the server is there shows later, in [`ObservabilityProvider::report`]: only a
    /// run that names its id asks it, for 3 s at most, which step was its last.
    pub fn start(mut self) -> Result<ObservabilityProvider, StartError> {
        let is_named = self.spec.id.is_some();
        let run = match self.spec.id.take() {
            Some(id) => id,
            None => RunId::new(self.clock.new_id().to_string())?,
        };
        let spec = RunSpec { id: Some(run.clone()), ..self.spec.clone() };
        let id = RunSummary::started_event_id(&run);
        // Refuses a spec that breaks a rule before anything is opened.
        let started = Event::new(id, self.clock.now(), None, None, spec.clone().started())?;
        Server::check(&self.endpoint, self.key.as_deref())?;
        let server = match self.mode {
            Mode::Online => Some(Server::new(&self.endpoint, self.key.as_deref())?),
            Mode::Offline | Mode::Disabled => None,
        };
        // Where events go is part of where they wait: one server's are never delivered to another.
        let offline = self.spool.join("offline");
        let online = server.as_ref().map(|server| self.spool.join(folder_name(server.base())));
        let folder = online.as_ref().unwrap_or(&offline);
        let may_go_on = is_named && self.mode != Mode::Disabled;
        let resumed_after = may_go_on.then(|| {
            let known = server.as_ref().and_then(|server| server.last_step(&run));
            known.max(spooled_step(&self.spool, &run))
        });
        let mut server_delivery = self.delivery.clone();
        let (mut sinks, blobs) = self.first_sink(server.as_ref(), folder, &spec, &mut server_delivery)?;
        if self.mode == Mode::Disabled {
            self.others.clear();
        }
        for (name, open) in self.others {
            sinks.push((name, open(&spec)?));
        }
        let (mode, clock) = (self.mode, self.clock);
        let named = sinks.into_iter().enumerate().map(|(index, (name, sink))| {
            // A sink of the program may be named `server` as well, so the name does not tell.
            let is_server = mode == Mode::Online && index == 0;
            let config = if is_server { &server_delivery } else { &self.delivery };
            let delivery = BatchProcessor::start(sink, config.clone(), Arc::clone(&clock));
            let delivery = delivery.map_err(StartError::io(format!("the thread of sink {name:?}")))?;
            Ok(Named { name, delivery, is_server })
        });
        let named = named.collect::<Result<Vec<_>, StartError>>()?;
        if let (Some(server), Some(online)) = (&server, online) {
            let delivering = server.deliver_leftovers([online, offline]);
            delivering.map_err(StartError::io("the thread that delivers leftovers"))?;
        }
        let artifacts = blobs.map(Artifacts::start).transpose();
        let artifacts = artifacts.map_err(StartError::io("the thread of artifacts"))?;
        let provider =
            ObservabilityProvider::new(run, server, clock, named, artifacts, resumed_after.flatten());
        let provider = provider.map_err(StartError::io("the thread of signs of life"))?;
        provider.begin(started);
        Ok(provider)
    }

    /// The sink that delivers the run, online to the server and offline to the spool, and where its artifacts
    /// wait; none where recording is disabled. Without a disk `delivery` never gives up: events wait in
    /// memory.
    fn first_sink(
        &self,
        server: Option<&Server>,
        folder: &Path,
        spec: &RunSpec,
        delivery: &mut BatchConfig,
    ) -> Result<(Vec<NamedSink>, Option<PathBuf>), StartError> {
        match (self.mode, server) {
            (Mode::Disabled, _) => Ok((Vec::new(), None)),
            (Mode::Online, Some(server)) => {
                let spool = match Spool::open(folder, spec.clone(), self.spool_bytes) {
                    Ok(spool) => Some(spool),
                    // Without a disk events wait in memory, as many as the queue holds.
                    Err(error @ SpoolError::Io { .. }) => {
                        eprintln!("gauntlet: {error}; while the server is away, events wait in memory alone");
                        delivery.retries = None;
                        None
                    }
                    Err(error) => return Err(error.into()),
                };
                let blobs = spool.as_ref().map(Spool::blobs);
                let sink: Box<dyn Sink> = server.sink(spec.clone(), spool)?;
                Ok((vec![("server".to_owned(), sink)], blobs))
            }
            _ => {
                let spool = Spool::open(folder, spec.clone(), self.spool_bytes)?;
                let blobs = spool.blobs();
                Ok((vec![("spool".to_owned(), Box::new(spool))], Some(blobs)))
            }
        }
    }
}

/// The greatest step of a run that waits below a spool folder, whatever server it is meant for.
fn spooled_step(spool: &Path, run: &RunId) -> Option<u64> {
    let folders = std::fs::read_dir(spool).ok()?.filter_map(Result::ok);
    folders.filter_map(|folder| last_step(&folder.path(), run)).max()
}

/// A server's address as the name of a folder: another one for each address.
fn folder_name(base: &str) -> String {
    path_segment(base)
}

/// The key of the environment, else that of the file it names.
fn api_key(set: &impl Fn(&str) -> Option<String>) -> Result<Option<String>, FieldError> {
    const FILE: &str = "GAUNTLET_API_KEY_FILE";
    let named = set("GAUNTLET_API_KEY").map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
    let (None, Some(file)) = (&named, set(FILE)) else { return Ok(named) };
    let text = std::fs::read_to_string(&file);
    let text = text.map_err(|e| FieldError::new(FILE, format!("{file:?} cannot be read: {e}")))?;
    match text.trim() {
        "" => Err(FieldError::new(FILE, format!("{file:?} is empty"))),
        key => Ok(Some(key.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(vars: &[(&str, &str)]) -> Result<Builder, FieldError> {
        Builder::from_vars(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_is_read_strictly() {
        let builder = with(&[
            ("GAUNTLET_ENDPOINT", "http://127.0.0.1:4700/"),
            ("GAUNTLET_API_KEY", "k"),
            ("GAUNTLET_PROJECT", "dipg"),
            ("GAUNTLET_MODE", "offline"),
            ("GAUNTLET_SPOOL", "/tmp/s"),
            ("OTEL_SERVICE_NAME", "other"),
        ])
        .unwrap();
        assert_eq!((builder.mode, builder.key.as_deref()), (Mode::Offline, Some("k")));
        assert_eq!(builder.spec.project.as_deref(), Some("dipg"));
        assert_eq!(builder.spool, Path::new("/tmp/s"));
        let refused = |vars: &[(&str, &str)]| with(vars).map(drop).unwrap_err().to_string();
        assert_eq!(
            refused(&[("GAUNTLET_MODE", "on")]),
            "GAUNTLET_MODE: \"on\" is not one of online, offline, disabled"
        );
        assert!(refused(&[("GAUNTLET_ENDPOINT", "localhost:4600")]).starts_with("GAUNTLET_ENDPOINT: "));
    }

    #[test]
    fn a_key_may_be_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let key = |vars: &[(&str, &str)]| with(vars).map(|builder| builder.key).map_err(|e| e.to_string());
        assert!(key(&[("GAUNTLET_API_KEY_FILE", path)]).unwrap_err().ends_with("is empty"));
        std::fs::write(path, "gk_file\n").unwrap();
        assert_eq!(key(&[("GAUNTLET_API_KEY_FILE", path)]), Ok(Some("gk_file".to_owned())));
        let both = [("GAUNTLET_API_KEY_FILE", path), ("GAUNTLET_API_KEY", "gk_named")];
        assert_eq!(key(&both), Ok(Some("gk_named".to_owned())));
        let missing = key(&[("GAUNTLET_API_KEY_FILE", "/does/not/exist")]).unwrap_err();
        assert!(missing.starts_with("GAUNTLET_API_KEY_FILE: \"/does/not/exist\""), "{missing}");
    }

    #[test]
    fn two_servers_never_share_a_folder() {
        let bases = ["http://a:1", "http://a-1", "http://a/1", "http://a.1", "http://a/b-c", "http://a/b/c"];
        let folders: std::collections::BTreeSet<String> = bases.map(folder_name).into();
        assert_eq!(folders.len(), bases.len(), "{folders:?}");
        assert!(folders.iter().all(|name| !name.contains(['/', ':', '\\'])), "{folders:?}");
    }

    #[test]
    fn variables_of_opentelemetry_count_where_they_mean_the_same() {
        let builder = with(&[("OTEL_SERVICE_NAME", "svc"), ("OTEL_SDK_DISABLED", "TRUE")]).unwrap();
        assert_eq!((builder.mode, builder.spec.project.as_deref()), (Mode::Disabled, Some("svc")));
        assert_eq!(with(&[("GAUNTLET_MODE", "")]).unwrap().mode, Mode::Online);
    }
}
