//! `gauntlet show RUN [STEP]`: a run at a glance, or everything about one of its steps.

use gauntlet_api::{StepDetails, StepQuery};
use gauntlet_film::{Film, State, is_measurement};
use gauntlet_model::{EpisodeId, RunSummary};
use serde_json::json;
use tokio::runtime::Runtime;

use super::CliError;
use super::client::{DataSource, Missing};
use super::find::find;
use super::reader::{Reader, close, failed};
use super::runs::status;
use super::screen::{BAD, BOLD, DIM, Screen, WAITS, clip, count, left, lines, paint, right, score, span};
use super::step;
use gauntlet_engine::clock::now;
use gauntlet_server::config::Config;

/// Columns of the reward curve at most.
const CURVE_COLUMNS: usize = 80;
/// Rubrics named at most.
const MAX_RUBRICS: usize = 8;

/// Shows a run, or a step of it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet show my-run              the reward curve, the worst rubrics
  gauntlet show 0199c 312           step 312: rubrics, action, observation, what the agent did
  gauntlet show my-run 0 --episode e7
  gauntlet show my-run 312 --json | jq '.events[0].body.scores'

RUN is an id, the beginning of one, or a name.")]
pub(super) struct Show {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// The step
    #[arg(value_name = "STEP")]
    step: Option<u64>,
    /// Only this episode's, where several have a step of that number
    #[arg(long, value_name = "ID", requires = "step")]
    episode: Option<EpisodeId>,
    /// In JSON
    #[arg(long)]
    json: bool,
    /// Texts in full, however long
    #[arg(long)]
    full: bool,
}

impl Show {
    /// Prints what was asked for.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let source = DataSource::find(config, runtime, Missing::Refuse)?;
        let shown = self.show(&Reader { source: &source, runtime });
        close(source, runtime);
        shown
    }

    fn show(&self, reader: &Reader<'_>) -> Result<(), CliError> {
        let run = find(reader, &self.run)?;
        let mut screen = Screen::stdout();
        let Some(number) = self.step else {
            let film = reader.film(&run.id, run.rules)?;
            return if self.json {
                Ok(screen.line(in_json(&run, &film)?)?)
            } else {
                print_overview(&mut screen, &run, &film)
            };
        };
        let mut asked = StepQuery { episode: self.episode.clone().into(), ..StepQuery::default() };
        let Some(mut first) = reader.step(&run.id, number, &asked)? else {
            return Err(match &self.episode {
                None => no_step(&run, number, &reader.film(&run.id, run.rules)?),
                Some(episode) => CliError::Failed(format!(
                    "run {:?} has no step {number} in the episode {episode}",
                    run.name
                )),
            });
        };
        if self.json {
            return step_in_json(&mut screen, reader, &run, first, asked);
        }
        while let Some(cursor) = first.next_cursor.take() {
            asked.cursor = Some(cursor.clone());
            if step::is_enough(&first.events) {
                first.next_cursor = Some(cursor);
                break;
            }
            let Some(more) = reader.step(&run.id, number, &asked)? else { break };
            first.events.extend(more.events);
            first.next_cursor = more.next_cursor;
        }
        step::show(&mut screen, &run, &first, self.full)
    }
}

/// Prints every event of a step as one document on one line, a part at a time.
fn step_in_json(
    screen: &mut Screen,
    reader: &Reader<'_>,
    run: &RunSummary,
    first: StepDetails,
    mut asked: StepQuery,
) -> Result<(), CliError> {
    let number = first.step;
    screen.part(format!("{{\"run\":{},\"step\":{number},\"events\":[", json!(run.id)))?;
    let (mut separator, mut next) = ("", Some(first));
    while let Some(part) = next.take() {
        for event in &part.events {
            screen.part(format!("{separator}{}", serde_json::to_string(event).map_err(failed)?))?;
            separator = ",";
        }
        asked.cursor = part.next_cursor;
        if asked.cursor.is_some() {
            next = reader.step(&run.id, number, &asked)?;
        }
    }
    Ok(screen.line("]}")?)
}

fn no_step(run: &RunSummary, number: u64, film: &Film) -> CliError {
    let ends = film.node(0).zip(film.len().checked_sub(1).and_then(|last| film.node(last)));
    let has = ends.map_or("it has no scored steps yet".to_owned(), |(first, last)| {
        format!("its scored steps run from {} to {}", first.step, last.step)
    });
    CliError::Failed(format!("run {:?} has no step {number}; {has}", run.name))
}

/// How a rubric did over the whole run.
struct Record<'a> {
    path: &'a str,
    evaluated: u64,
    failed: u64,
    mean: Option<f64>,
}

fn records(film: &Film) -> Vec<Record<'_>> {
    let paths = film.paths().iter();
    let mut records: Vec<_> = paths
        .map(|path| {
            let scores = (0..film.len()).filter_map(|node| film.score(node, path.id));
            let (evaluated, sum) = scores.fold((0, 0.0), |(n, sum), score| (n + 1, sum + score));
            let failed =
                (0..film.len()).filter(|node| film.state(*node, path.id) == State::Failed).count() as u64;
            let mean = (evaluated > 0).then(|| sum / evaluated as f64);
            Record { path: &path.path, evaluated, failed, mean }
        })
        .collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.failed));
    records
}

fn in_json(run: &RunSummary, film: &Film) -> Result<String, CliError> {
    let rubrics: Vec<_> = records(film)
        .into_iter()
        .map(|r| json!({ "path": r.path, "evaluated": r.evaluated, "failed": r.failed, "mean": r.mean }))
        .collect();
    let mut value = serde_json::to_value(run).map_err(failed)?;
    value["rubrics"] = rubrics.into();
    Ok(value.to_string())
}

fn print_overview(screen: &mut Screen, run: &RunSummary, film: &Film) -> Result<(), CliError> {
    let width = screen.width;
    screen.line(format!("{}  {}", paint(BOLD, clip(&run.name, width)), status(run)))?;
    let mut about = vec![run.id.to_string(), format!("project {}", run.project), run.kind.clone()];
    about.extend(run.agent.iter().map(|agent| format!("agent {agent}")));
    about.extend(run.task.iter().map(|task| format!("task {task}")));
    about.extend((!run.tags.is_empty()).then(|| format!("tags {}", run.tags.join(", "))));
    screen.line(paint(DIM, clip(&about.join(" · "), width)))?;
    let lasted = run.updated_at.micros() - run.created_at.micros();
    let mut facts = vec![
        format!("{} steps", count(run.steps)),
        format!("{} events", count(run.head)),
        format!(
            "begun {} ago, last event after {}",
            span(now().micros() - run.created_at.micros()),
            span(lasted)
        ),
    ];
    if run.episodes > 0 {
        facts.insert(1, format!("{} episodes", count(run.episodes)));
    }
    screen.line(facts.join(" · "))?;
    if let Some(contact) = run.contact.filter(|contact| contact.lost) {
        let ago = span(now().micros() - contact.last_at.micros());
        screen.line(paint(WAITS, format!("lost contact: nothing was heard of it for {ago}")))?;
    }
    if let Some(mean) = run.mean_root {
        let share = run.failing as f64 / run.steps.max(1) as f64 * 100.0;
        screen.line(format!(
            "mean reward {} · {} failing ({share:.1} %)",
            score(mean),
            count(run.failing)
        ))?;
        for line in lines(&run.failure_rule.text) {
            screen.line(paint(DIM, clip(&line, width)))?;
        }
    }
    if !film.is_empty() {
        screen.line("")?;
        curve(screen, film)?;
        worst(screen, film)?;
    }
    if !run.notes.is_empty() {
        screen.line("")?;
        for line in lines(&run.notes) {
            screen.line(line)?;
        }
    }
    Ok(())
}

/// The mean root score over the run, red where a step failed.
fn curve(screen: &mut Screen, film: &Film) -> Result<(), CliError> {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let columns = film.len().min(CURVE_COLUMNS).min(screen.width.saturating_sub(30).max(10));
    let part = |at: usize| at * film.len() / columns..(at + 1) * film.len() / columns;
    let mean = |at: usize| {
        let roots: Vec<f64> = part(at).filter_map(|node| film.root(node)).collect();
        (!roots.is_empty()).then(|| roots.iter().sum::<f64>() / roots.len() as f64)
    };
    let means: Vec<Option<f64>> = (0..columns).map(mean).collect();
    let low = means.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return Ok(());
    }
    let bar = |(at, mean): (usize, &Option<f64>)| {
        let Some(mean) = mean else { return " ".to_owned() };
        let height = if high > low { (mean - low) / (high - low) } else { 0.5 };
        let bar = BARS[((height * 7.0).round() as usize).min(7)];
        let has_failed = part(at).any(|node| film.failure(node).is_some());
        if has_failed { paint(BAD, bar) } else { bar.to_string() }
    };
    let bars: String = means.iter().enumerate().map(bar).collect();
    Ok(screen.line(format!("reward {bars} {} to {}", score(low), score(high)))?)
}

fn worst(screen: &mut Screen, film: &Film) -> Result<(), CliError> {
    let records = records(film);
    let failing: Vec<_> =
        records.iter().filter(|r| r.failed > 0 && r.path != "root").take(MAX_RUBRICS).collect();
    if failing.is_empty() {
        let judged = records.iter().filter(|r| !is_measurement(r.path)).count();
        return Ok(screen.line(format!("no rubric failed ({judged} judged)"))?);
    }
    let names = failing.iter().map(|r| r.path.chars().count()).max().unwrap_or(0).clamp(6, 40);
    let heading =
        [left("rubric", names), right("failed", 9), right("of", 9), right("share", 8), right("mean", 8)];
    screen.line(paint(BOLD, heading.join("  ")))?;
    for record in failing {
        let share = format!("{:.1} %", record.failed as f64 / record.evaluated.max(1) as f64 * 100.0);
        let row = [
            left(&clip(record.path, names), names),
            paint(BAD, right(&count(record.failed), 9)),
            right(&count(record.evaluated), 9),
            right(&share, 8),
            right(&record.mean.map_or("–".to_owned(), score), 8),
        ];
        screen.line(row.join("  "))?;
    }
    Ok(())
}
