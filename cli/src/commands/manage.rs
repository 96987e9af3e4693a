//! `gauntlet rename`, `tag` and `rm`: changes of what people wrote about a run, and its end.

use std::io::{BufRead, IsTerminal, Write};

use gauntlet_engine::clock::now;
use gauntlet_model::{RunPatch, RunSummary};
use gauntlet_server::config::Config;
use tokio::runtime::Runtime;

use super::CliError;
use super::client::{DataSource, Missing, agent, encode, refusal};
use super::find::find;
use super::print_line;
use super::reader::{Reader, close, failed};

/// Gives a run another name.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet rename 0199 \"grpo, high kl\"
  gauntlet rename my-run baseline --json")]
pub(super) struct Rename {
    /// The run: its id, the beginning of one, or its name
    #[arg(value_name = "RUN")]
    run: String,
    /// The new name
    #[arg(value_name = "NAME")]
    name: String,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

/// Adds and removes tags of a run, or lists them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet tag my-run                        its tags, one a line
  gauntlet tag my-run sweep good             adds two
  gauntlet tag my-run good --remove sweep")]
pub(super) struct Tag {
    /// The run: its id, the beginning of one, or its name
    #[arg(value_name = "RUN")]
    run: String,
    /// Tags to add
    #[arg(value_name = "TAG")]
    add: Vec<String>,
    /// A tag to remove; may be given several times
    #[arg(long, value_name = "TAG")]
    remove: Vec<String>,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

/// Deletes runs with their events and files. Asks first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet rm my-run
  gauntlet rm 0199a 0199b --yes              for scripts: does not ask")]
pub(super) struct Remove {
    /// The runs: each an id, the beginning of one, or a name
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Print a JSON object for each deleted run
    #[arg(long)]
    json: bool,
}

impl Rename {
    /// Renames the run.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        with_source(config, runtime, |source| {
            let run = find(&Reader { source, runtime }, &self.run)?;
            let patch = RunPatch { name: Some(self.name.clone()), ..RunPatch::default() };
            let changed = change(source, runtime, &run, patch)?;
            match self.json {
                true => print(&changed),
                false => {
                    print_line(&format!("{} is now called {:?}", changed.id, changed.name));
                    Ok(())
                }
            }
        })
    }
}

impl Tag {
    /// Changes the tags, where any are named.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        with_source(config, runtime, |source| {
            let mut run = find(&Reader { source, runtime }, &self.run)?;
            let mut tags = run.tags.clone();
            tags.retain(|tag| !self.remove.contains(tag));
            for tag in &self.add {
                if !tags.contains(tag) {
                    tags.push(tag.clone());
                }
            }
            if tags != run.tags {
                let patch = RunPatch { tags: Some(tags), ..RunPatch::default() };
                run = change(source, runtime, &run, patch)?;
            }
            match self.json {
                true => print(&run)?,
                false => run.tags.iter().for_each(|tag| print_line(tag)),
            }
            Ok(())
        })
    }
}

impl Remove {
    /// Deletes the runs. All are found before the first is deleted.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        with_source(config, runtime, |source| {
            let reader = Reader { source, runtime };
            let runs = self.runs.iter().map(|wanted| find(&reader, wanted)).collect::<Result<Vec<_>, _>>()?;
            if !self.yes && !is_confirmed(&runs)? {
                return Err(CliError::Failed("nothing was deleted".to_owned()));
            }
            for run in &runs {
                delete(source, runtime, run)?;
                match self.json {
                    true => print_line(&serde_json::json!({ "run": run.id, "deleted": true }).to_string()),
                    false => print_line(&format!("deleted {} {:?}", run.id, run.name)),
                }
            }
            Ok(())
        })
    }
}

/// Asks at the terminal. Without a terminal nobody can be asked, which is an error.
fn is_confirmed(runs: &[RunSummary]) -> Result<bool, CliError> {
    let named: Vec<String> =
        runs.iter().map(|run| format!("{} {:?} ({} steps)", run.id, run.name, run.steps)).collect();
    let what = named.join("\n  ");
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Failed(format!(
            "deleting asks first; --yes deletes without asking:\n  {what}"
        )));
    }
    let mut out = std::io::stderr();
    write!(out, "Delete with all events and files?\n  {what}\n[y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Does something with the source that holds the runs, and closes it.
pub(super) fn with_source(
    config: &Config,
    runtime: &Runtime,
    work: impl FnOnce(&DataSource) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let source = DataSource::find(config, runtime, Missing::Refuse)?;
    let done = work(&source);
    close(source, runtime);
    done
}

fn change(
    source: &DataSource,
    runtime: &Runtime,
    run: &RunSummary,
    patch: RunPatch,
) -> Result<RunSummary, CliError> {
    match source {
        DataSource::Folder(store, _) => {
            runtime.block_on(store.patch_run(&run.id, patch, now())).map_err(failed)
        }
        DataSource::Server(url) => {
            let body = serde_json::to_string(&patch).map_err(failed)?;
            let request = agent(None)
                .patch(format!("{url}/api/v1/runs/{}", encode(run.id.as_str())))
                .header("content-type", "application/json");
            let answer = answered(request.send(body).map_err(failed)?)?;
            serde_json::from_str(&answer).map_err(failed)
        }
    }
}

fn delete(source: &DataSource, runtime: &Runtime, run: &RunSummary) -> Result<(), CliError> {
    match source {
        DataSource::Folder(store, _) => runtime.block_on(store.delete_run(&run.id, now())).map_err(failed),
        DataSource::Server(url) => {
            let (id, name) = (encode(run.id.as_str()), encode(&run.name));
            let request = agent(None).delete(format!("{url}/api/v1/runs/{id}?name={name}"));
            answered(request.call().map_err(failed)?).map(drop)
        }
    }
}

/// The text of an answer; a refusal is an error with the server's words.
pub(super) fn answered(answer: ureq::http::Response<ureq::Body>) -> Result<String, CliError> {
    let (parts, mut body) = answer.into_parts();
    let text = body.read_to_string().map_err(failed)?;
    match parts.status.is_success() {
        true => Ok(text),
        false => Err(CliError::Failed(refusal(parts.status.as_u16(), &text))),
    }
}

fn print(run: &RunSummary) -> Result<(), CliError> {
    print_line(&serde_json::to_string(run).map_err(failed)?);
    Ok(())
}
