//! `gauntlet runs`: the list.

use std::ffi::OsStr;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use gauntlet_model::{FieldError, RunSummary, Status};
use gauntlet_store::{Conditions, Order, RunField, RunQuery};
use tokio::runtime::Runtime;
use unicode_width::UnicodeWidthStr;

use super::CliError;
use super::client::{DataSource, Missing};
use super::reader::{Reader, close};
use super::screen::{BAD, BOLD, DIM, GOOD, Screen, WAITS, clip, count, left, paint, right, score, span};
use gauntlet_engine::clock::now;
use gauntlet_server::config::Config;

/// Most runs a server lists at a time.
const PAGE: u32 = 200;

/// Lists runs, newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet runs                              the newest 20
  gauntlet runs --status running             what is going on
  gauntlet runs --project dipg -q grpo -n 100
  gauntlet runs --json | jq -r .id           for scripts: a run a line

The runs of the server that is running; without one, those of the data folder.")]
pub(super) struct Runs {
    /// Only of this project
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Only those that stand so
    #[arg(long, value_name = "STATUS",
    value_parser = one_of::<Status>(Status::ALL.map(Status::as_str).to_vec()))]
    status: Option<Status>,
    /// Only those with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only those with each of these words in their id, name, project, task, agent, tags or notes
    #[arg(short, long, value_name = "TEXT")]
    query: Option<String>,
    /// Only those that fulfil these conditions, such as "lr < 1e-5 and mean:root > 0.5"
    #[arg(long, value_name = "CONDITIONS")]
    filter: Option<Conditions>,
    /// In which order: created, updated, name, project, status, steps, failing, mean, duration, config:KEY,
    /// mean:PATH, ...
    #[arg(long, default_value = "created", value_name = "COLUMN", value_parser = AnyColumn)]
    sort: Order,
    /// The other way round
    #[arg(long)]
    reverse: bool,
    /// How many at most
    #[arg(short = 'n', long, default_value_t = 20, value_name = "N",
    value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// A JSON object a line
    #[arg(long)]
    json: bool,
}

/// Reads one of these words; a shell can complete them.
pub(super) fn one_of<T>(words: Vec<&'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = FieldError> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

/// Reads any column; a shell completes those that every run has.
#[derive(Clone)]
struct AnyColumn;

impl TypedValueParser for AnyColumn {
    type Value = Order;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Order, clap::Error> {
        StringValueParser::new().try_map(|word| word.parse::<Order>()).parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(RunField::ALL.into_iter().map(|field| PossibleValue::new(field.as_str()))))
    }
}

/// The status of a run, in words.
fn status_words(run: &RunSummary) -> &'static str {
    match run.contact {
        Some(contact) if contact.lost => "lost contact",
        _ => run.status.as_str(),
    }
}

/// The status of a run, in its colour.
pub(super) fn status(run: &RunSummary) -> String {
    let style = match run.status {
        _ if run.contact.is_some_and(|contact| contact.lost) => WAITS,
        Status::Running | Status::Completed => GOOD,
        Status::Failed | Status::TimedOut => BAD,
        Status::Paused => WAITS,
        Status::Pending | Status::Cancelled => DIM,
    };
    paint(style, status_words(run))
}

impl Runs {
    /// Prints the list.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let source = DataSource::find(config, runtime, Missing::Refuse)?;
        let printed =
            self.read(&Reader { source: &source, runtime }).and_then(|(runs, more)| self.print(&runs, more));
        close(source, runtime);
        printed
    }

    /// The runs, and whether there are more.
    fn read(&self, reader: &Reader<'_>) -> Result<(Vec<RunSummary>, bool), CliError> {
        let (mut runs, mut cursor) = (Vec::new(), None);
        loop {
            let left = self.limit - u32::try_from(runs.len()).unwrap_or(self.limit).min(self.limit);
            let page = reader.runs(&RunQuery {
                cursor,
                limit: left.min(PAGE),
                project: self.project.clone(),
                status: self.status,
                q: self.query.clone(),
                tag: self.tag.clone(),
                filter: self.filter.clone().unwrap_or_default(),
                group: None,
                order: Order { is_reversed: self.reverse, ..self.sort.clone() },
                columns: Vec::new(),
            })?;
            runs.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() || runs.len() >= self.limit as usize {
                return Ok((runs, cursor.is_some()));
            }
        }
    }

    fn print(&self, runs: &[RunSummary], more: bool) -> Result<(), CliError> {
        let mut screen = Screen::stdout();
        if self.json {
            for run in runs {
                screen.line(serde_json::to_string(run).map_err(super::reader::failed)?)?;
            }
            return Ok(());
        }
        if runs.is_empty() {
            let is_narrowed = self.project.is_some()
                || self.status.is_some()
                || self.tag.is_some()
                || self.filter.is_some();
            super::print_error(match is_narrowed || self.query.is_some() {
                true => "no runs match",
                false => "there are no runs yet; `gauntlet demo` makes one",
            });
            return Ok(());
        }
        table(&mut screen, runs)?;
        if more {
            super::print_error(&format!("the first {}; there are more (-n)", runs.len()));
        }
        Ok(())
    }
}

fn table(screen: &mut Screen, runs: &[RunSummary]) -> Result<(), CliError> {
    let ids = widest(runs, |run| run.id.as_str().width(), 2);
    let statuses = widest(runs, |run| status_words(run).len(), 6);
    // What the other columns and the gaps between them leave.
    let rest = ids + statuses + 9 + 8 + 8 + 7 + 6 * 2;
    let names = widest(runs, |run| run.name.width(), 4).min(screen.width.saturating_sub(rest).max(12));
    let heading = [
        left("name", names),
        left("id", ids),
        left("status", statuses),
        right("steps", 9),
        right("mean", 8),
        right("failing", 8),
        right("age", 7),
    ];
    screen.line(paint(BOLD, heading.join("  ")))?;
    for run in runs {
        let failing = right(&count(run.failing), 8);
        let row = [
            left(&clip(&run.name, names), names),
            left(run.id.as_str(), ids),
            format!("{}{}", status(run), " ".repeat(statuses - status_words(run).len())),
            right(&count(run.steps), 9),
            right(&run.mean_root.map_or("–".to_owned(), score), 8),
            if run.failing > 0 { paint(BAD, failing) } else { failing },
            right(&span(now().micros() - run.created_at.micros()), 7),
        ];
        screen.line(row.join("  "))?;
    }
    Ok(())
}

fn widest(runs: &[RunSummary], of: impl Fn(&RunSummary) -> usize, least: usize) -> usize {
    runs.iter().map(of).max().unwrap_or(0).max(least)
}
