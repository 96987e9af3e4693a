//! `gauntlet demo`: real training, streamed through the public API as any client would.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gauntlet_demo::{Config as TrainingConfig, Training};
use gauntlet_model::{Body, Event, RunFinished, Status};
use gauntlet_telemetry::{
    BatchConfig, BatchProcessor, Clock, CommandController, EventSink, ServerCommands, ServerSink, SystemClock,
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::client::{agent, answers, encode, endpoint, server};
use super::{CliError, say};
use gauntlet_engine::clock::{new_run_id, now};
use gauntlet_server::config::Config;
use gauntlet_server::lock::LockError;
use gauntlet_server::serve::{ServeError, Server, signals};

/// How long the server may take for what is still on its way when the training is over.
const FLUSH: Duration = Duration::from_secs(60);
/// How long an interrupted training may take to end by itself.
const STOP: Duration = Duration::from_secs(5);
/// How long a paused training waits for somebody.
const PAUSE: Duration = Duration::from_secs(24 * 3600);

/// Trains a small policy with GRPO on medical-safety questions; every rollout is scored by the DIPG rubric.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet demo                        2,400 rollouts as fast as they come
  gauntlet demo --rate 12              12 rollouts a second, to be watched
  gauntlet demo --steps 500 --seed 3   another run

The rollouts go to the server that is running. Without one, they are kept in the data folder: `gauntlet serve`
shows them then. The same seed gives the same film. Pause, resume, tweak and stop in the browser are
obeyed.")]
pub(super) struct Demo {
    /// Rollouts
    #[arg(long, default_value_t = 2400,
    value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    steps: u32,
    /// Seed of everything random
    #[arg(long, default_value_t = 7, value_name = "S")]
    seed: u64,
    /// Rollouts a second [default: as fast as they come]
    #[arg(long, value_name = "R", value_parser = positive)]
    rate: Option<f64>,
    /// The run's id [default: a new one]
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Answer in JSON: a line at the beginning, a line at the end
    #[arg(long)]
    json: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err(format!("{text:?} is not a number above 0")),
    }
}

impl Demo {
    /// Streams the training to the server; without one, serves the data folder for as long as it takes.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        if let Some(url) = server(config)? {
            return self.stream(&url, runtime);
        }
        let private = Config { listen: ([127, 0, 0, 1], 0).into(), ..config.clone() };
        let server = match runtime.block_on(Server::bind(&private)) {
            Ok(server) => server,
            Err(ServeError::Lock(LockError::Taken(Some(url)))) if answers(&url) => {
                return self.stream(&url, runtime);
            }
            Err(error) => return Err(error.into()),
        };
        let (url, stop) = (server.url().to_owned(), CancellationToken::new());
        let serving = runtime.spawn(server.run(stop.clone()));
        let streamed = self.stream(&url, runtime);
        stop.cancel();
        let served = runtime.block_on(serving).map_err(|e| CliError::Failed(e.to_string()))?;
        served.map_err(CliError::from).and(streamed)
    }

    fn stream(&self, url: &str, runtime: &Runtime) -> Result<(), CliError> {
        let run = match &self.run {
            Some(id) => id.clone(),
            None => new_run_id().map_err(|e| CliError::Failed(e.to_string()))?.to_string(),
        };
        let config = TrainingConfig { run, steps: self.steps, seed: self.seed, ..TrainingConfig::default() };
        let mut training = Training::new(config).map_err(|e| CliError::Failed(e.to_string()))?;
        let failed = |e: gauntlet_model::FieldError| CliError::Failed(e.to_string());
        let endpoint = endpoint(url)?;
        let sink = ServerSink::at(endpoint.clone(), training.spec()).map_err(failed)?;
        let clock = Arc::new(SystemClock::new());
        let delivery = BatchProcessor::start(sink, BatchConfig::lossless(), clock.clone())?;
        let commands = ServerCommands::listen(endpoint, training.run().clone())?;
        let steering = CommandController::new(Arc::new(commands), PAUSE);
        let page = format!("{url}/runs/{}", training.run());
        self.tell(
            serde_json::json!({ "run": training.run(), "url": page, "steps": self.steps }),
            &format!("training {} rollouts, watch them at {page}", self.steps),
        );
        let interrupted = runtime.block_on(async { signals() })?;
        runtime.spawn(stop_at(
            interrupted,
            format!("{url}/api/v1/runs/{}/commands", encode(training.run().as_str())),
        ));
        let say_so = |body: Body| {
            // A status, or what came of a command: neither can break a rule.
            if let Ok(event) = Event::new(clock.new_id(), now(), None, None, body) {
                delivery.offer(Arc::new(event));
            }
        };
        let begun = Instant::now();
        let (mut rolled, mut is_stopped) = (0u32, false);
        // Time spent paused does not count against the rate.
        let mut paused = Duration::ZERO;
        while !is_stopped && let Some(event) = training.next_event(now()).map_err(failed)? {
            if event.step().is_some() {
                if let Some(rate) = self.rate {
                    let due = paused + Duration::from_secs_f64(f64::from(rolled) / rate);
                    std::thread::sleep(due.saturating_sub(begun.elapsed()));
                }
                rolled += 1;
            }
            delivery.offer(Arc::new(event));
            let asked = Instant::now();
            is_stopped = steering.check(&|new| training.tweak(new), say_so) == ControlFlow::Break(());
            paused += asked.elapsed();
        }
        if is_stopped {
            say_so(RunFinished { status: Status::Cancelled, summary: None }.into());
        }
        let settled = delivery.flush(FLUSH).map_err(|e| CliError::Failed(e.to_string()))?;
        if settled.dropped > 0 {
            let why = delivery.last_loss().unwrap_or_default();
            return Err(CliError::Failed(format!("{} events were refused: {why}", settled.dropped)));
        }
        let secs = begun.elapsed().as_secs_f64();
        let word = if is_stopped { "stopped" } else { "done" };
        self.tell(
            serde_json::json!({ "run": training.run(), "rollouts": rolled,
            "secs": secs, "stopped": is_stopped }),
            &format!("{word}: {rolled} rollouts in {secs:.1} s"),
        );
        Ok(())
    }

    fn tell(&self, machine: serde_json::Value, people: &str) {
        if self.json { say(&machine.to_string()) } else { say(people) }
    }
}

/// Ctrl-C is the `stop` of whoever sits at the terminal: the run ends in its log as well. Where that does not
/// work soon, the process ends all the same.
async fn stop_at(interrupted: CancellationToken, commands: String) {
    interrupted.cancelled().await;
    let order = serde_json::json!({ "action": "stop", "author": "terminal" }).to_string();
    let ordered = tokio::task::spawn_blocking(move || {
        let request = agent(Some(STOP)).post(commands).header("content-type", "application/json");
        request.send(order).is_ok_and(|answer| answer.status().is_success())
    });
    if ordered.await.unwrap_or(false) {
        tokio::time::sleep(STOP).await;
    }
    std::process::exit(super::INTERRUPTED);
}
