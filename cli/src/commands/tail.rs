//! `gauntlet tail RUN`: the newest steps, then each as it comes.

use std::collections::VecDeque;
use std::time::Duration;

use gauntlet_film::{Evidence, failure_of, path_failure};
use gauntlet_model::{
    Body, Contact, Event, FailureKind, FailureRule, FailureRules, Record, RuleInForce, RunId, RunSummary,
    ScoreTarget, Severity, SnapshotScored, Status, TrialFinished,
};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use unicode_width::UnicodeWidthStr;

use super::CliError;
use super::client::{DataSource, Missing, endpoint};
use super::find::find;
use super::reader::{Reader, close, failed};
use super::screen::{BAD, BOLD, DIM, Screen, WAITS, clip, colour, left, paint, right, score};
use super::step::words;
use gauntlet_server::config::Config;
use gauntlet_server::serve::signals;

/// Events between the connection and the terminal.
const QUEUED_EVENTS: usize = 256;
/// How often it is asked whether the run's writers are still heard of.
const CONTACT_INTERVAL: Duration = Duration::from_secs(5);
/// Events looked at for one line, to begin with.
const PER_LINE: u64 = 8;

/// Follows a run in the terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet tail my-run                    the last 10 lines, then live until the run ends
  gauntlet tail my-run --failing          failing steps only
  gauntlet tail my-run -n 0 --json | jq 'select(.kind == \"snapshot.scored\") | .body.scores.root'
  gauntlet tail my-run --after 4711       everything after event 4711

RUN is an id, the beginning of one, or a name. A restart of the server is waited out; nothing is missed
or said twice.")]
pub(super) struct Tail {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// How many lines of the past
    #[arg(short = 'n', long, default_value_t = 10, value_name = "N", conflicts_with = "after")]
    lines: u32,
    /// Begin after this sequence number
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// Failing steps and errors only
    #[arg(long)]
    failing: bool,
    /// Go on after the run has ended
    #[arg(short, long)]
    follow: bool,
    /// An event a line, in JSON
    #[arg(long)]
    json: bool,
}

impl Tail {
    /// Prints until the run ends, the reader goes away, or Ctrl-C.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        // From the first line on: its reader may press Ctrl-C.
        let interrupted = runtime.block_on(async { signals() })?;
        let source = DataSource::find(config, runtime, Missing::Refuse)?;
        let printed = self.print(&Reader { source: &source, runtime }, interrupted);
        close(source, runtime);
        printed
    }

    fn print(&self, reader: &Reader<'_>, interrupted: CancellationToken) -> Result<(), CliError> {
        let run = find(reader, &self.run)?;
        let mut printer = Printer {
            screen: Screen::stdout(),
            rules: run.rules,
            evidence: Evidence::of_rule(run.failure_rule.rule),
            json: self.json,
            failing: self.failing,
            shown_rule: run.failure_rule.rule,
            status: run.status,
            interrupted,
        };
        if !self.json {
            let line = format!("{}  {}", run.name, paint(DIM, &run.id));
            printer.screen.line(paint(BOLD, line))?;
            let rule = clip(&run.failure_rule.text, printer.screen.width);
            printer.screen.line(paint(DIM, rule))?;
        }
        let position = match self.after {
            Some(after) => self.everything(reader, &run, after, &mut printer)?,
            None => self.last_lines(reader, &run, &mut printer)?,
        };
        if printer.status.is_final() && !self.follow {
            return Ok(());
        }
        match reader.source {
            DataSource::Server(url) => self.live(reader.runtime, url, run.id, position, &mut printer),
            DataSource::Folder(..) => {
                super::print_error("no server is running, so nothing more can come");
                Ok(())
            }
        }
    }

    /// Prints what is past `after`; where it ends.
    fn everything(
        &self,
        reader: &Reader<'_>,
        run: &RunSummary,
        after: u64,
        printer: &mut Printer,
    ) -> Result<Option<u64>, CliError> {
        let mut position = Some(after);
        loop {
            let stretch = reader.events(&run.id, position)?;
            for record in &stretch.events {
                printer.print(record)?;
                position = Some(record.seq);
            }
            if stretch.events.is_empty() {
                return Ok(position);
            }
        }
    }

    /// Prints the last lines there are; where the log ends.
    fn last_lines(
        &self,
        reader: &Reader<'_>,
        run: &RunSummary,
        printer: &mut Printer,
    ) -> Result<Option<u64>, CliError> {
        let wanted = self.lines as usize;
        let mut window = (u64::from(self.lines) * PER_LINE).max(64);
        loop {
            let from = run.head.saturating_sub(window);
            let mut last: VecDeque<Record> = VecDeque::new();
            let mut position = from.checked_sub(1);
            loop {
                let stretch = reader.events(&run.id, position)?;
                let Some(end) = stretch.events.last().map(|record| record.seq) else { break };
                position = Some(end);
                for record in stretch.events {
                    printer.look(&record);
                    if printer.shows(&record)? {
                        last.push_back(record);
                    }
                    if last.len() > wanted {
                        last.pop_front();
                    }
                }
            }
            if last.len() >= wanted || from == 0 {
                for record in &last {
                    printer.print(record)?;
                }
                return Ok(position);
            }
            window = window.saturating_mul(8);
        }
    }

    fn live(
        &self,
        runtime: &Runtime,
        url: &str,
        run: RunId,
        position: Option<u64>,
        printer: &mut Printer,
    ) -> Result<(), CliError> {
        let endpoint = endpoint(url)?;
        let name = run.to_string();
        let mut subscription = gauntlet_sdk::subscribe(endpoint, run, position);
        let stopper = subscription.stopper();
        let (sender, mut events) = mpsc::channel(QUEUED_EVENTS);
        std::thread::Builder::new().name("tail".to_owned()).spawn(move || {
            for event in &mut subscription {
                if sender.blocking_send(event).is_err() {
                    return;
                }
            }
        })?;
        let mut position = position;
        let mut is_lost = false;
        let ended = runtime.block_on(async {
            let interrupted = printer.interrupted.clone();
            let mut asks = tokio::time::interval(CONTACT_INTERVAL);
            loop {
                tokio::select! {
                    () = interrupted.cancelled() => {
                        let at = position.map(|seq| format!(" at event {seq}; --after {seq} goes on"));
                        let at = at.unwrap_or_default();
                        super::print_error(&format!("stopped{at}"));
                        return Ok(());
                    }
                    _ = asks.tick() => {
                        let asked = ask(url, &name).await;
                        if let Some(run) = &asked {
                            printer.take_rules(run.rules)?;
                        }
                        print_contact(&mut is_lost, asked.and_then(|run| run.contact));
                    }
                    event = events.recv() => match event {
                        Some(Ok(record)) => {
                            printer.print(&record)?;
                            position = Some(record.seq);
                            if printer.status.is_final() && !self.follow {
                                return Ok(());
                            }
                        }
                        Some(Err(error)) => return Err(failed(error)),
                        None => return Ok(()),
                    },
                }
            }
        });
        stopper.stop();
        ended
    }
}

/// Says when contact to the run's writers is lost, and when they are heard of again.
fn print_contact(is_lost: &mut bool, contact: Option<Contact>) {
    let was_lost = std::mem::replace(is_lost, contact.is_some_and(|it| it.lost));
    match (was_lost, *is_lost) {
        (false, true) => super::print_error("lost contact: nobody who writes it is heard of; waiting"),
        (true, false) => super::print_error("it is heard of again"),
        _ => {}
    }
}

/// The run as the server describes it now. What cannot be asked is asked again soon.
async fn ask(url: &str, run: &str) -> Option<RunSummary> {
    let (url, run) = (url.to_owned(), run.to_owned());
    tokio::task::spawn_blocking(move || super::reader::run_at(&url, &run)).await.ok()?.ok()?
}

struct Printer {
    screen: Screen,
    rules: FailureRules,
    evidence: Evidence,
    /// The rule that was printed last.
    shown_rule: FailureRule,
    json: bool,
    failing: bool,
    /// The status of the run, as far as it was read.
    status: Status,
    interrupted: CancellationToken,
}

impl Printer {
    fn print(&mut self, record: &Record) -> Result<(), CliError> {
        if self.interrupted.is_cancelled() {
            return Err(CliError::Closed);
        }
        self.look(record);
        self.print_changed_rule()?;
        let event = record.event().map_err(failed)?;
        if self.failing && !self.fails(&event) {
            return Ok(());
        }
        if self.json {
            return Ok(self.screen.line(serde_json::to_string(record).map_err(failed)?)?);
        }
        match self.words(&event) {
            Some(line) => Ok(self.screen.line(line)?),
            None => Ok(()),
        }
    }

    /// Whether a record makes a line.
    fn shows(&self, record: &Record) -> Result<bool, CliError> {
        if self.interrupted.is_cancelled() {
            return Err(CliError::Closed);
        }
        let event = record.event().map_err(failed)?;
        Ok((!self.failing || self.fails(&event)) && (self.json || self.words(&event).is_some()))
    }

    /// The rule in force, as far as the lines go.
    fn rule(&self) -> FailureRule {
        self.evidence.rule(self.rules)
    }

    /// Judges by the rules that the run asks for now.
    fn take_rules(&mut self, rules: FailureRules) -> Result<(), CliError> {
        self.rules = rules;
        self.print_changed_rule()
    }

    /// Prints the rule in force where it is another one than was printed last.
    fn print_changed_rule(&mut self) -> Result<(), CliError> {
        let rule = self.rule();
        if rule == self.shown_rule || self.json {
            return Ok(());
        }
        self.shown_rule = rule;
        let text = format!("Another rule is in force now. {}", RuleInForce::of(self.rules, rule).text);
        Ok(self.screen.line(paint(WAITS, clip(&text, self.screen.width)))?)
    }

    /// Learns the status of the run, and which rule fits.
    fn look(&mut self, record: &Record) {
        match record.event().as_ref().map(Event::body) {
            Ok(Body::SnapshotScored(s)) => {
                self.evidence = self.evidence.join(Evidence::of(&s.scores, &s.not_evaluated));
            }
            Ok(Body::ScoreAdded(s)) if s.target == ScoreTarget::Step => {
                self.evidence = self.evidence.join(Evidence::of_later(&s.path, s.value.get()));
            }
            Ok(Body::RunStatus(status)) => self.status = status.status,
            Ok(Body::RunFinished(finished)) => self.status = finished.status,
            _ => {}
        }
    }

    fn failure_of(&self, snapshot: &SnapshotScored) -> Option<FailureKind> {
        failure_of(self.rule(), snapshot.scores.iter(), snapshot.failures.iter().copied())
    }

    fn fails(&self, event: &Event) -> bool {
        match event.body() {
            Body::SnapshotScored(s) => self.failure_of(s).is_some(),
            Body::ScoreAdded(s) => path_failure(self.rule(), &s.path, s.value.get()).is_some(),
            Body::StepRecorded(s) => s.error.is_some(),
            Body::EpisodeFinished(f) => f.status.is_failure(),
            Body::RunFinished(f) => f.status != Status::Completed,
            Body::TrialFinished(trial) => trial.status.is_failure(),
            Body::Gap(_) => true,
            _ => false,
        }
    }

    /// The line of a snapshot: its root, what failed, and the action as far as there is room.
    fn snapshot_words(&self, snapshot: &SnapshotScored, lead: &str, room: usize) -> String {
        let root = right(&snapshot.scores.root().map_or("–".to_owned(), score), 8);
        let style = self.failure_of(snapshot).map(colour);
        let mut failing = Vec::new();
        for (path, value) in snapshot.scores.iter().filter(|(path, _)| *path != "root") {
            if path_failure(self.rule(), path, value).is_some() {
                failing.push(format!("{path} {}", score(value)));
            }
        }
        failing.extend(snapshot.failures.iter().map(|failure| failure.as_str().to_owned()));
        let waits = if snapshot.is_paused { " paused" } else { "" };
        let room = room.saturating_sub(12 + waits.len());
        let failing = clip(&failing.join(", "), room);
        let action = paint(DIM, clip(&snapshot.action, room.saturating_sub(failing.width())));
        let waits = paint(WAITS, waits);
        let judged = match style {
            Some(style) => paint(style, format!("{root}  ✗ {failing}")),
            None => format!("{root}  ✓"),
        };
        format!("{lead}{judged}{waits}  {action}")
    }

    /// The line of an event; `None` for those that say nothing to a person.
    fn words(&self, event: &Event) -> Option<String> {
        let step = right(&event.step().map_or(String::new(), |step| step.to_string()), 7);
        let episode = event.episode().map_or(String::new(), |episode| clip(episode.as_str(), 8));
        let lead = format!("{step}  {}", paint(DIM, left(&episode, 8)));
        let room = self.screen.width.saturating_sub(19);
        let line = |text: String| Some(format!("{lead}  {}", clip(&text, room)));
        let loud = |style, text: String| Some(format!("{lead}  {}", paint(style, clip(&text, room))));
        match event.body() {
            Body::SnapshotScored(snapshot) => Some(self.snapshot_words(snapshot, &lead, room)),
            Body::StepRecorded(step) if step.error.is_some() => loud(BAD, words(step)),
            Body::StepRecorded(step) => line(words(step)),
            Body::ScoreAdded(added) => {
                line(format!("{} {} (by {})", added.path, score(added.value.get()), added.source))
            }
            Body::EpisodeFinished(f) if f.status != Status::Completed => {
                let why = f.error.as_deref().unwrap_or_default();
                loud(BAD, format!("episode {} {why}", f.status.as_str()))
            }
            Body::RunStatus(status) => {
                let why = status.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                loud(WAITS, format!("run {}{why}", status.status.as_str()))
            }
            Body::RunFinished(finished) => {
                let style = if finished.status == Status::Completed { BOLD } else { BAD };
                loud(style, format!("run {}", finished.status.as_str()))
            }
            Body::Gap(gap) => loud(BAD, format!("{} events were lost: {}", gap.lost, gap.reason)),
            Body::CommandIssued(c) => loud(WAITS, format!("{} says {}", c.author, c.action.as_str())),
            Body::CommandApplied(applied) => loud(WAITS, applied.result.clone()),
            Body::AnnotationAdded(note) => line(format!("note by {}: {}", note.author, note.text)),
            Body::AlertRaised(alert) => {
                let style = if alert.severity == Severity::Info { WAITS } else { BAD };
                let monitor = alert.monitor.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
                loud(style, format!("{}: {}{monitor}", alert.severity.as_str(), alert.text))
            }
            Body::ArtifactAdded(file) => line(format!("file {}", file.name)),
            Body::ExperimentRegistered(h) => {
                line(format!("hypothesis {}: {}", h.hypothesis_id, h.prediction))
            }
            Body::ExperimentFinished(end) => {
                let style = if end.status == Status::Completed { BOLD } else { BAD };
                loud(style, format!("experiment {}", end.status.as_str()))
            }
            Body::TrialFinished(trial) => match &trial.error {
                Some(error) => {
                    loud(BAD, format!("trial {}: {}: {}", trial.trial_id, error.kind, error.message))
                }
                None => line(trial_words(trial)),
            },
            _ => None,
        }
    }
}

/// A trial that did not fail: its score and its metrics.
fn trial_words(trial: &TrialFinished) -> String {
    let mut words = vec![format!("trial {} {}", trial.trial_id, trial.status.as_str())];
    words.extend(trial.score.map(|value| format!("score {}", score(value.get()))));
    words.extend(trial.metrics.iter().map(|(name, value)| format!("{name} {}", score(value))));
    words.join("  ")
}
