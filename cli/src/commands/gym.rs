//! `gauntlet gym`: agents go through scenarios, live in the browser; then the report of what they go by.

use gauntlet_model::{
    EpisodeFinished, EpisodeId, EpisodeStarted, FieldError, Object, RunFinished, RunId, RunSpec, Score,
    Status,
};
use gauntlet_principles::entropy::Consistency;
use gauntlet_principles::gym::{Session, Standing};
use gauntlet_principles::scenario::{ScenarioDocument, archetypes};
use gauntlet_server::config::Config;
use serde_json::json;
use tokio::runtime::Runtime;

use super::demo::positive;
use super::reader::failed;
use super::screen::{BAD, BOLD, DIM, GOOD, Screen, WAITS, left, paint};
use super::stream::{Stream, at_server, id_of};
use super::{CliError, print_line};

/// Agents in scenarios.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Gym {
    /// Put six reference agents, whose principles are known, through scenarios
    Demo(GymDemo),
}

/// Puts six reference agents through scenarios and reports what can be inferred of their decisions.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet gym demo                   six agents, forty scenarios each
  gauntlet gym demo --rate 4          four decisions a second, to be watched
  gauntlet gym demo --scenarios 200   more evidence

Each agent is an episode of the run and each decision a node: its height is how the decision went, and the
rubrics below `principles` are how well it served each principle. The report compares what was inferred with
what the agents are known to go by.")]
pub(super) struct GymDemo {
    /// Scenarios for each agent
    #[arg(long, default_value_t = 40,
    value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    scenarios: u64,
    /// Seed of the course of scenarios
    #[arg(long, default_value_t = 7, value_name = "S")]
    seed: u64,
    /// Decisions a second [default: as fast as they come]
    #[arg(long, value_name = "R", value_parser = positive)]
    rate: Option<f64>,
    /// The run's id [default: a new one]
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Answer in JSON: a line at the beginning, a line for each agent at the end
    #[arg(long)]
    json: bool,
}

impl Gym {
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        match self {
            Self::Demo(demo) => at_server(config, runtime, |url| demo.stream(url, runtime)),
        }
    }
}

impl GymDemo {
    fn stream(&self, url: &str, runtime: &Runtime) -> Result<(), CliError> {
        let documents: Vec<ScenarioDocument> = archetypes()
            .map_err(|mistakes| CliError::Failed(mistakes.iter().map(ToString::to_string).collect()))?;
        let run = RunId::new(id_of(self.run.as_ref())?).map_err(failed)?;
        let config = [("scenarios", json!(self.scenarios)), ("seed", json!(self.seed))];
        let spec = RunSpec {
            id: Some(run.clone()),
            project: Some("gym".to_owned()),
            kind: Some("gym".to_owned()),
            agent: Some("six reference agents".to_owned()),
            task: Some("scenarios".to_owned()),
            tags: vec!["demo".to_owned()],
            config: config.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            ..RunSpec::named("principles gym demo")
        };
        let mut stream = Stream::start(url, runtime, &run, spec)?;
        let page = format!("{url}/runs/{run}");
        match self.json {
            true => print_line(&json!({ "run": run, "url": page }).to_string()),
            false => {
                print_line(&format!("six agents in {} scenarios each, watch them at {page}", self.scenarios))
            }
        }
        let mut session = Session::new(documents, self.scenarios, self.seed);
        let mut decisions = 0;
        while let Some(moment) = session.next_moment().map_err(failed)? {
            let episode = EpisodeId::new(moment.agent.as_str()).map_err(failed)?;
            if moment.step == 0 {
                let task = Some(moment.agent.as_str().to_owned());
                let started = EpisodeStarted { task, metadata: Object::new() };
                stream.log(Some(episode.clone()), None, started).map_err(failed)?;
            }
            if let Some(rate) = self.rate {
                stream.wait(decisions, rate);
            }
            decisions += 1;
            stream.log(Some(episode), Some(moment.step), moment.snapshot).map_err(failed)?;
            if stream
                .apply_commands(&|_| Err(FieldError::new("parameters", "there is nothing to tweak in a gym")))
            {
                break;
            }
        }
        let standings = session.standings();
        for standing in &standings {
            let episode = EpisodeId::new(standing.agent.as_str()).map_err(failed)?;
            let return_ = Some(Score::new(standing.mean_outcome).map_err(failed)?);
            let (latency_ms, cost, error) = (None, None, None);
            let finished = EpisodeFinished { status: Status::Completed, return_, latency_ms, cost, error };
            stream.log(Some(episode), None, finished).map_err(failed)?;
        }
        stream.end(summary(&standings)).map_err(failed)?;
        stream.finish()?;
        self.report(&standings)
    }

    fn report(&self, standings: &[Standing]) -> Result<(), CliError> {
        let mut screen = Screen::stdout();
        for standing in standings {
            if self.json {
                screen.line(serde_json::to_string(standing).map_err(failed)?)?;
                continue;
            }
            let Standing { agent, mean_outcome, held, recovery, report } = standing;
            let consistency = match report.consistency {
                Consistency::Principled => paint(GOOD, "principled"),
                Consistency::Mixed => paint(WAITS, "mixed"),
                Consistency::Inconsistent => paint(BAD, "inconsistent"),
            };
            let name = paint(BOLD, left(agent.as_str(), 12));
            screen.line(format!(
                "{name}  {consistency}, mean outcome {mean_outcome:.2}, {} decisions",
                report.actions
            ))?;
            let held = held.iter().map(String::as_str).collect::<Vec<_>>();
            let held =
                if held.is_empty() { "nothing that can be inferred".to_owned() } else { held.join(", ") };
            screen.line(format!("  goes by {held}"))?;
            if recovery.missed.is_empty() && standing.held.is_empty() {
                screen.line(paint(DIM, "  decides by lot: there is nothing to be found"))?;
                continue;
            }
            screen.line(paint(
                DIM,
                format!(
                    "  precision {:.2}, recall {:.2} of what it is known to go by",
                    recovery.precision, recovery.recall
                ),
            ))?;
        }
        Ok(())
    }
}

/// What the run keeps of the report.
fn summary(standings: &[Standing]) -> RunFinished {
    let agent = |standing: &Standing| {
        let known = json!({
            "consistency": standing.report.consistency,
            "mean_outcome": standing.mean_outcome,
            "goes_by": standing.held,
            "precision": standing.recovery.precision,
            "recall": standing.recovery.recall,
        });
        (standing.agent.as_str().to_owned(), known)
    };
    let summary: Object = standings.iter().map(agent).collect();
    RunFinished { status: Status::Completed, summary: Some(summary) }
}
