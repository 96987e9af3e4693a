//! `gauntlet monitors`: the rules of a project that raise alerts are listed, saved, deleted, and tried on a
//! recorded run.

use gauntlet_api::{ListedMonitor, MonitorRequest, MonitorTrial, Page};
use gauntlet_engine::monitors;
use gauntlet_model::{MonitorAction, Severity};
use gauntlet_server::config::Config;
use serde::Serialize;
use tokio::runtime::Runtime;
use unicode_width::UnicodeWidthStr;

use super::CliError;
use super::client::{DataSource, agent, encode};
use super::find::find;
use super::manage::{answered, with_source};
use super::print_line;
use super::reader::{Reader, failed, get, post};
use super::runs::one_of;
use super::screen::{BAD, BOLD, DIM, Screen, WAITS, clip, count, left, paint, right};

/// Places that a trial lists for people at most.
const MAX_LISTED: usize = 20;

/// Rules that watch the runs of a project and raise alerts.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  gauntlet monitors try my-run \"zscore(loss, 50) > 3\"
  gauntlet monitors add grpo \"loss jumps\" \"zscore(loss, 50) > 3\" --severity error
  gauntlet monitors list grpo
  gauntlet monitors rm grpo \"loss jumps\"

The server evaluates the rules while it runs; docs/monitors.md says what a rule can be.")]
pub(super) enum Monitors {
    /// List the monitors of a project
    List(List),
    /// Save a monitor; one of its name in the project is replaced
    Add(Add),
    /// Delete a monitor
    Rm(Rm),
    /// Say where a rule would have raised alerts in a run; nothing is saved or raised
    Try(Try),
}

/// Lists the monitors of a project.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// The project
    #[arg(value_name = "PROJECT")]
    project: String,
    /// A JSON object a line
    #[arg(long)]
    json: bool,
}

/// Saves a monitor.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The project
    #[arg(value_name = "PROJECT")]
    project: String,
    /// The name of the monitor
    #[arg(value_name = "NAME")]
    name: String,
    /// The rule, such as "mean(loss, 20) > 3"
    #[arg(value_name = "RULE")]
    rule: String,
    /// How grave its alerts are
    #[arg(long, default_value = "warning", value_name = "SEVERITY",
    value_parser = one_of::<Severity>(Severity::ALL.map(Severity::as_str).to_vec()))]
    severity: Severity,
    /// Least seconds between two alerts in one run [default: 600]
    #[arg(long, value_name = "SECONDS")]
    cooldown: Option<u32>,
    /// The address that each of its alerts is posted to
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// What the training side is told to do with each of its alerts
    #[arg(long, value_name = "ACTION",
    value_parser = one_of::<MonitorAction>(MonitorAction::ALL.map(MonitorAction::as_str).to_vec()))]
    action: Option<MonitorAction>,
    /// Print the monitor as JSON
    #[arg(long)]
    json: bool,
}

/// Deletes a monitor.
#[derive(Debug, clap::Args)]
pub(super) struct Rm {
    /// The project
    #[arg(value_name = "PROJECT")]
    project: String,
    /// The name of the monitor
    #[arg(value_name = "NAME")]
    name: String,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Tries a rule on a run.
#[derive(Debug, clap::Args)]
pub(super) struct Try {
    /// The run: its id, the beginning of one, or its name
    #[arg(value_name = "RUN")]
    run: String,
    /// The rule, such as "mean(loss, 20) > 3"
    #[arg(value_name = "RULE")]
    rule: String,
    /// Least seconds between two alerts [default: 600]
    #[arg(long, value_name = "SECONDS")]
    cooldown: Option<u32>,
    /// Print the trial as JSON
    #[arg(long)]
    json: bool,
}

impl Monitors {
    /// Does what was asked for.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        with_source(config, runtime, |source| match self {
            Self::List(asked) => asked.run(source, runtime),
            Self::Add(asked) => asked.run(source, runtime),
            Self::Rm(asked) => asked.run(source, runtime),
            Self::Try(asked) => asked.run(source, runtime),
        })
    }
}

impl List {
    fn run(self, source: &DataSource, runtime: &Runtime) -> Result<(), CliError> {
        let monitors = match source {
            DataSource::Folder(store, _) => {
                runtime.block_on(monitors::list(store, &self.project)).map_err(failed)?
            }
            DataSource::Server(url) => {
                get(&of_project(url, &self.project), &())?.json::<Page<ListedMonitor>>()?.items
            }
        };
        if self.json {
            return monitors.iter().try_for_each(print);
        }
        if monitors.is_empty() {
            super::print_error(&format!("no monitor watches the project {:?}", self.project));
            return Ok(());
        }
        table(&monitors)
    }
}

impl Add {
    fn run(self, source: &DataSource, runtime: &Runtime) -> Result<(), CliError> {
        let asked = MonitorRequest {
            rule: self.rule,
            severity: self.severity,
            cooldown_secs: self.cooldown,
            webhook: self.webhook,
            action: self.action,
        };
        let saved = match source {
            DataSource::Folder(store, _) => {
                runtime.block_on(monitors::put(store, &self.project, &self.name, asked)).map_err(failed)?
            }
            DataSource::Server(url) => {
                let url = format!("{}/{}", of_project(url, &self.project), encode(&self.name));
                let answer = answered(agent(None).put(url).send_json(asked).map_err(failed)?)?;
                serde_json::from_str(&answer).map_err(failed)?
            }
        };
        match self.json {
            true => print(&saved),
            false => {
                let monitor = &saved.monitor;
                print_line(&format!(
                    "{:?} watches the project {:?} from now on",
                    monitor.name, monitor.project
                ));
                Ok(())
            }
        }
    }
}

impl Rm {
    fn run(self, source: &DataSource, runtime: &Runtime) -> Result<(), CliError> {
        match source {
            DataSource::Folder(store, _) => {
                runtime.block_on(monitors::delete(store, &self.project, &self.name)).map_err(failed)?
            }
            DataSource::Server(url) => {
                let url = format!("{}/{}", of_project(url, &self.project), encode(&self.name));
                answered(agent(None).delete(url).call().map_err(failed)?)?;
            }
        }
        match self.json {
            true => print_line(
                &serde_json::json!({
                    "project": self.project, "monitor": self.name, "deleted": true,
                })
                .to_string(),
            ),
            false => {
                print_line(&format!("deleted the monitor {:?} of the project {:?}", self.name, self.project))
            }
        }
        Ok(())
    }
}

impl Try {
    fn run(self, source: &DataSource, runtime: &Runtime) -> Result<(), CliError> {
        let run = find(&Reader { source, runtime }, &self.run)?;
        let asked = MonitorRequest {
            rule: self.rule,
            severity: Severity::default(),
            cooldown_secs: self.cooldown,
            webhook: None,
            action: None,
        };
        let trial: MonitorTrial = match source {
            DataSource::Folder(store, _) => {
                runtime.block_on(monitors::attempt(store, &run.id, asked)).map_err(failed)?
            }
            DataSource::Server(url) => {
                post(&format!("{url}/api/v1/runs/{}/monitors/try", encode(run.id.as_str())), &asked)?
                    .json()?
            }
        };
        if self.json {
            return print(&trial);
        }
        let mut screen = Screen::stdout();
        let times = if trial.total == 1 { "alert" } else { "alerts" };
        screen.line(format!(
            "{} {times} in {} events of {}",
            count(trial.total),
            count(trial.events),
            clip(&run.name, screen.width)
        ))?;
        for firing in trial.firings.iter().take(MAX_LISTED) {
            let source = firing.step.map_or_else(|| "run".to_owned(), count);
            screen.line(format!("{}  {}", right(&source, 7), clip(&firing.values, screen.width)))?;
        }
        let more = trial.total.saturating_sub(MAX_LISTED.min(trial.firings.len()) as u64);
        if more > 0 {
            screen.line(paint(DIM, format!("and {} more; --json has 1,000 of them", count(more))))?;
        }
        Ok(())
    }
}

/// The address of a project's monitors.
fn of_project(url: &str, project: &str) -> String {
    format!("{url}/api/v1/projects/{}/monitors", encode(project))
}

fn print(value: &impl Serialize) -> Result<(), CliError> {
    print_line(&serde_json::to_string(value).map_err(failed)?);
    Ok(())
}

/// A line for each monitor, and one for what its webhook failed with.
fn table(monitors: &[ListedMonitor]) -> Result<(), CliError> {
    let mut screen = Screen::stdout();
    let widest = |of: fn(&ListedMonitor) -> &str, least: usize| {
        monitors.iter().map(|listed| of(listed).width()).max().unwrap_or(0).max(least)
    };
    let names = widest(|listed| &listed.monitor.name, 4).min(40);
    let rules = widest(|listed| &listed.monitor.rule, 4).min(60);
    let heading = [
        left("name", names),
        left("rule", rules),
        left("severity", 8),
        right("cooldown", 9),
        left("action", 6),
    ];
    screen.line(paint(BOLD, format!("{}  webhook", heading.join("  "))))?;
    for ListedMonitor { monitor, webhook_failure } in monitors {
        let style = match monitor.severity {
            Severity::Info => DIM,
            Severity::Warning => WAITS,
            Severity::Error => BAD,
        };
        let row = [
            left(&clip(&monitor.name, names), names),
            left(&clip(&monitor.rule, rules), rules),
            paint(style, left(monitor.severity.as_str(), 8)),
            right(&format!("{} s", count(u64::from(monitor.cooldown_secs))), 9),
            left(monitor.action.map_or("none", MonitorAction::as_str), 6),
            clip(monitor.webhook.as_deref().unwrap_or("none"), 60),
        ];
        screen.line(row.join("  "))?;
        if let Some(failure) = webhook_failure {
            let what = if failure.is_final { "given up" } else { "is tried again" };
            let words =
                format!("the webhook failed: {}; {what}, attempt {}", failure.error, failure.attempts);
            screen.line(format!("  {}", paint(BAD, clip(&words, screen.width))))?;
        }
    }
    Ok(())
}
