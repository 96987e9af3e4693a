//! A run that this program makes itself, streamed to a server through the public API as any client would.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gauntlet_engine::clock::{new_run_id, now};
use gauntlet_model::{Body, EpisodeId, Event, FieldError, Object, RunFinished, RunId, RunSpec, Status};
use gauntlet_server::config::Config;
use gauntlet_server::lock::LockError;
use gauntlet_server::serve::{ServeError, Server, signals};
use gauntlet_telemetry::{
    BatchConfig, BatchProcessor, Clock, CommandController, EventSink, ServerCommands, ServerSink, SystemClock,
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::CliError;
use super::client::{agent, answers, encode, endpoint, server};

/// How long the server may take for what is still on its way at the end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an interrupted run may take to end by itself.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a paused run waits for somebody.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// Calls `work` with the address of the server that is running; without one, of a server of the data folder
/// that runs for as long as that takes.
pub(super) fn at_server(
    config: &Config,
    runtime: &Runtime,
    work: impl Fn(&str) -> Result<(), CliError>,
) -> Result<(), CliError> {
    if let Some(url) = server(config)? {
        return work(&url);
    }
    let private = Config { listen: ([127, 0, 0, 1], 0).into(), ..config.clone() };
    let server = match runtime.block_on(Server::bind(&private)) {
        Ok(server) => server,
        Err(ServeError::Lock(LockError::Taken(Some(url)))) if answers(&url) => return work(&url),
        Err(error) => return Err(error.into()),
    };
    let (url, stop) = (server.url().to_owned(), CancellationToken::new());
    let serving = runtime.spawn(server.run(stop.clone()));
    let done = work(&url);
    stop.cancel();
    let served = runtime.block_on(serving).map_err(|e| CliError::Failed(e.to_string()))?;
    served.map_err(CliError::from).and(done)
}

/// The id of a run: the one that is asked for, or a new one.
pub(super) fn id_of(asked: Option<&String>) -> Result<String, CliError> {
    match asked {
        Some(id) => Ok(id.clone()),
        None => Ok(new_run_id().map_err(|e| CliError::Failed(e.to_string()))?.to_string()),
    }
}

/// A run on its way to a server, which obeys the commands that people give it there.
pub(super) struct Stream {
    delivery: BatchProcessor,
    steering: CommandController,
    clock: Arc<SystemClock>,
    begun: Instant,
    /// Time spent paused, which does not count against the rate.
    paused: Duration,
    is_stopped: bool,
}

impl Stream {
    /// Creates the run at the server.
    pub(super) fn start(url: &str, runtime: &Runtime, run: &RunId, spec: RunSpec) -> Result<Self, CliError> {
        let failed = |e: FieldError| CliError::Failed(e.to_string());
        let endpoint = endpoint(url)?;
        let sink = ServerSink::at(endpoint.clone(), spec).map_err(failed)?;
        let clock = Arc::new(SystemClock::new());
        let delivery = BatchProcessor::start(sink, BatchConfig::lossless(), clock.clone())?;
        let commands = ServerCommands::listen(endpoint, run.clone())?;
        let steering = CommandController::new(Arc::new(commands), PAUSE_TIMEOUT);
        let interrupted = runtime.block_on(async { signals() })?;
        let commands = format!("{url}/api/v1/runs/{}/commands", encode(run.as_str()));
        runtime.spawn(stop_at(interrupted, commands));
        Ok(Self {
            delivery,
            steering,
            clock,
            begun: Instant::now(),
            paused: Duration::ZERO,
            is_stopped: false,
        })
    }

    /// Waits until the `nth` item (from 0) of `rate` items a second is due.
    pub(super) fn wait(&self, nth: u64, rate: f64) {
        let due = self.paused + Duration::from_secs_f64(nth as f64 / rate);
        std::thread::sleep(due.saturating_sub(self.begun.elapsed()));
    }

    /// Sends an event.
    pub(super) fn offer(&self, event: Event) {
        self.delivery.offer(Arc::new(event));
    }

    /// Sends what happened now. A body that breaks a rule of the model is an error of its producer.
    pub(super) fn log(
        &self,
        episode: Option<EpisodeId>,
        step: Option<u64>,
        body: impl Into<Body>,
    ) -> Result<(), FieldError> {
        self.offer(Event::new(self.clock.new_id(), now(), episode, step, body.into())?);
        Ok(())
    }

    /// Obeys what people have asked for since the last call, and waits while they pause the run. Whether they
    /// have stopped it.
    pub(super) fn apply_commands(&mut self, tweak: &dyn Fn(&Object) -> Result<(), FieldError>) -> bool {
        let asked = Instant::now();
        // A status, or what came of a command: neither can break a rule.
        let log = |body: Body| drop(self.log(None, None, body));
        self.is_stopped = self.steering.check(tweak, log) == ControlFlow::Break(());
        self.paused += asked.elapsed();
        self.is_stopped
    }

    /// Ends the run in its log, unless people stopped it.
    pub(super) fn end(&self, finished: RunFinished) -> Result<(), FieldError> {
        if self.is_stopped { Ok(()) } else { self.log(None, None, finished) }
    }

    /// Waits until the server has everything; the seconds since the beginning, and whether people stopped it.
    pub(super) fn finish(self) -> Result<(f64, bool), CliError> {
        if self.is_stopped {
            let finished = RunFinished { status: Status::Cancelled, summary: None };
            self.log(None, None, finished).map_err(|e| CliError::Failed(e.to_string()))?;
        }
        let settled = self.delivery.flush(FLUSH_TIMEOUT).map_err(|e| CliError::Failed(e.to_string()))?;
        if settled.dropped > 0 {
            let why = self.delivery.last_loss().unwrap_or_default();
            return Err(CliError::Failed(format!("{} events were refused: {why}", settled.dropped)));
        }
        Ok((self.begun.elapsed().as_secs_f64(), self.is_stopped))
    }
}

/// Ctrl-C is the `stop` of whoever sits at the terminal: the run ends in its log as well. Where that does not
/// work soon, the process ends all the same.
async fn stop_at(interrupted: CancellationToken, commands: String) {
    interrupted.cancelled().await;
    let order = serde_json::json!({ "action": "stop", "author": "terminal" }).to_string();
    let ordered = tokio::task::spawn_blocking(move || {
        let request = agent(Some(STOP_TIMEOUT)).post(commands).header("content-type", "application/json");
        request.send(order).is_ok_and(|answer| answer.status().is_success())
    });
    if ordered.await.unwrap_or(false) {
        tokio::time::sleep(STOP_TIMEOUT).await;
    }
    std::process::exit(super::INTERRUPTED);
}
