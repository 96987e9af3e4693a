//! `gauntlet demo`: real training, streamed through the public API as any client would.

use gauntlet_demo::{Config as TrainingConfig, Training};
use gauntlet_engine::clock::now;
use gauntlet_model::FieldError;
use gauntlet_server::config::Config;
use tokio::runtime::Runtime;

use super::stream::{Stream, at_server, id_of};
use super::{CliError, print_line};

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

/// A number above 0.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err(format!("{text:?} is not a number above 0")),
    }
}

impl Demo {
    /// Streams the training to the server; without one, serves the data folder for as long as it takes.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        at_server(config, runtime, |url| self.stream(url, runtime))
    }

    fn stream(&self, url: &str, runtime: &Runtime) -> Result<(), CliError> {
        let run = id_of(self.run.as_ref())?;
        let config = TrainingConfig { run, steps: self.steps, seed: self.seed, ..TrainingConfig::default() };
        let failed = |e: FieldError| CliError::Failed(e.to_string());
        let mut training = Training::new(config).map_err(failed)?;
        let mut stream = Stream::start(url, runtime, training.run(), training.spec())?;
        let page = format!("{url}/runs/{}", training.run());
        self.print(
            serde_json::json!({ "run": training.run(), "url": page, "steps": self.steps }),
            &format!("training {} rollouts, watch them at {page}", self.steps),
        );
        let mut rolled = 0u32;
        while let Some(event) = training.next_event(now()).map_err(failed)? {
            if event.step().is_some() {
                if let Some(rate) = self.rate {
                    stream.wait(u64::from(rolled), rate);
                }
                rolled += 1;
            }
            stream.offer(event);
            if stream.apply_commands(&|new| training.tweak(new)) {
                break;
            }
        }
        let (secs, is_stopped) = stream.finish()?;
        let word = if is_stopped { "stopped" } else { "done" };
        self.print(
            serde_json::json!({ "run": training.run(), "rollouts": rolled,
            "secs": secs, "stopped": is_stopped }),
            &format!("{word}: {rolled} rollouts in {secs:.1} s"),
        );
        Ok(())
    }

    fn print(&self, machine: serde_json::Value, people: &str) {
        if self.json { print_line(&machine.to_string()) } else { print_line(people) }
    }
}
