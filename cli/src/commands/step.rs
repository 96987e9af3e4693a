//! Everything about one step, for people: the rubric tree, the texts, what the agent did.

use std::collections::{HashMap, HashSet};

use gauntlet_api::StepDetails;
use gauntlet_film::{Base, is_measurement, overlay, path_failure};
use gauntlet_model::{
    Body, Event, FailureRule, Object, Record, RunSummary, ScoreAdded, ScoreTarget, SnapshotScored,
    StepRecorded,
};

use serde_json::Value;

use super::CliError;
use super::reader::failed;
use super::screen::{BAD, BOLD, DIM, GOOD, Screen, WAITS, clip, colour, count, left, lines, paint, score};

/// Lines of a text, unless it is wanted in full.
const MAX_LINES: usize = 24;
/// Events of a step shown at most.
const MAX_EVENTS: usize = 5000;
/// Episodes of a step shown in full at most.
const MAX_EPISODES: usize = 8;
/// Episodes of a step named at most.
const MAX_NAMED: usize = 50;

/// Whether so many events of a step are read that no more of them are shown.
pub(super) fn is_enough(events: &[Record]) -> bool {
    events.len() >= MAX_EVENTS || by_episode(events).count() > MAX_EPISODES
}

/// The events of a step by the episode they belong to; those of one follow those of another.
fn by_episode(events: &[Record]) -> impl Iterator<Item = &[Record]> {
    events.chunk_by(|a, b| a.episode == b.episode)
}

/// Prints a step from the first of its events.
pub(super) fn show(
    screen: &mut Screen,
    run: &RunSummary,
    step: &StepDetails,
    full: bool,
) -> Result<(), CliError> {
    let (number, episodes) = (step.step, step.episodes_total);
    let several = if episodes > 1 { format!(", in {} episodes", count(episodes)) } else { String::new() };
    screen.line(format!(
        "{} {}",
        paint(BOLD, format!("step {number}")),
        paint(DIM, format!("of {}{several}", run.name))
    ))?;
    let mut shown = 0;
    for records in by_episode(&step.events).take(MAX_EPISODES) {
        let episode = records.first().and_then(|record| record.episode.as_ref());
        shown += records.len();
        let events: Result<Vec<Event>, _> = records.iter().map(|record| record.event()).collect();
        let events = events.map_err(failed)?;
        if episode.is_some() || episodes > 1 {
            let name = episode.map_or("no episode".to_owned(), |episode| format!("episode {episode}"));
            screen.line(paint(BOLD, name))?;
        }
        match last_snapshot(&events) {
            Some(snapshot) => judged(screen, &events, snapshot, run.failure_rule.rule, full)?,
            None => added(screen, &events, run.failure_rule.rule)?,
        }
        recorded(screen, &events)?;
        for event in &events {
            if let Some(line) = other(event.body()) {
                screen.line(line)?;
            }
        }
    }
    rest(screen, step, shown)
}

/// Names what is not shown: the events of the last episode that is shown, and the episodes after it.
fn rest(screen: &mut Screen, step: &StepDetails, shown: usize) -> Result<(), CliError> {
    let number = step.step;
    let of_shown: u64 = step.episodes.iter().take(MAX_EPISODES).map(|episode| episode.events).sum();
    let left = of_shown.saturating_sub(shown as u64);
    if left > 0 {
        let line = format!("{} more events of these are not shown; --json prints all", count(left));
        screen.line(paint(DIM, line))?;
    }
    let others = step.episodes.get(MAX_EPISODES..).unwrap_or_default();
    if others.is_empty() {
        return Ok(());
    }
    let more = count(step.episodes_total.saturating_sub(MAX_EPISODES as u64));
    screen.line(paint(DIM, format!("{more} more episodes have a step {number}; --episode ID shows one:")))?;
    for other in others.iter().take(MAX_NAMED) {
        let name = other.episode.as_ref().map_or("no episode".to_owned(), ToString::to_string);
        screen.line(paint(DIM, format!("  {name}  {} events", count(other.events))))?;
    }
    if others.len() > MAX_NAMED {
        screen.line(paint(DIM, "  …"))?;
    }
    Ok(())
}

/// The snapshot that counts: of an episode's the last one.
fn last_snapshot(events: &[Event]) -> Option<&SnapshotScored> {
    events.iter().rev().find_map(|event| match event.body() {
        Body::SnapshotScored(snapshot) => Some(snapshot),
        _ => None,
    })
}

/// Prints how a step of one episode was judged.
fn judged(
    screen: &mut Screen,
    events: &[Event],
    snapshot: &SnapshotScored,
    rule: FailureRule,
    full: bool,
) -> Result<(), CliError> {
    // The events of one episode's step are in the order of the log, which is all that the rule needs.
    let numbered = || (0_u64..).zip(events);
    let snapshots = numbered().filter(|(_, event)| matches!(event.body(), Body::SnapshotScored(_)));
    let Some(base) = snapshots.fold(None, |base, (seq, _)| Some(Base::with(base, seq))) else {
        return Ok(());
    };
    let added = numbered().filter_map(|(seq, event)| match event.body() {
        Body::ScoreAdded(added) if added.target == ScoreTarget::Step && base.takes(seq) => Some((seq, added)),
        _ => None,
    });
    let later: Vec<(u64, &ScoreAdded)> = added.collect();
    let over = later.iter().map(|(seq, added)| (*seq, added.path.as_str(), added.value.get()));
    let counting = overlay(base, snapshot.scores.iter(), over);
    let paths = snapshot.scores.iter().map(|(path, _)| path);
    let paths = paths.chain(later.iter().map(|(_, added)| added.path.as_str()));
    let mut listed = HashSet::new();
    let rows = paths.filter(|path| listed.insert(*path)).map(|path| (path, counting.get(path).copied()));
    let mut rows: Vec<Row<'_>> = rows.collect();
    rows.extend(snapshot.not_evaluated.iter().map(|path| (path.as_str(), None)));
    tree(screen, &rows, rule)?;
    for failure in &snapshot.failures {
        screen.line(paint(colour(*failure), format!("declared: {}", failure.as_str())))?;
    }
    for (_, added) in &later {
        let path = &added.path;
        let why = added.explanation.as_deref().map(|why| format!(": {}", clip(why, 200))).unwrap_or_default();
        screen.line(paint(DIM, format!("{path} was scored later by {}{why}", added.source)))?;
    }
    if snapshot.is_paused {
        screen.line(paint(WAITS, "the run waited here"))?;
    }
    if let Some(asked) = &snapshot.challenge {
        let options = asked.options.join(" / ");
        screen.line(paint(WAITS, clip(&format!("{}: {} {options}", asked.kind, asked.question), 400)))?;
    }
    text(screen, "action", &snapshot.action, full)?;
    text(screen, "observation", &snapshot.observation, full)?;
    object(screen, "metadata", &snapshot.metadata)
}

/// Prints scores that belong to no rollout, such as the measurements of a step: of each path the last one.
fn added(screen: &mut Screen, events: &[Event], rule: FailureRule) -> Result<(), CliError> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for event in events {
        if let Body::ScoreAdded(added) = event.body()
            && added.target == ScoreTarget::Step
        {
            rows.retain(|(path, _)| *path != added.path);
            rows.push((&added.path, Some(added.value.get())));
        }
    }
    tree(screen, &rows, rule)
}

/// A rubric's path, and its score where it was evaluated.
type Row<'a> = (&'a str, Option<f64>);

/// The rubrics as a tree: `root`, below it each dotted path under its parent, in the order they were scored.
fn tree(screen: &mut Screen, rows: &[Row<'_>], rule: FailureRule) -> Result<(), CliError> {
    let ordered = in_tree_order(rows);
    let depth = |path: &str| if path == "root" { 0 } else { 1 + path.matches('.').count() };
    let width = ordered.iter().map(|(path, _)| 2 * depth(path) + path.len()).max().unwrap_or(0).max(8);
    for (path, value) in ordered {
        let name = left(&format!("{}{path}", "  ".repeat(depth(path))), width);
        let line = match value {
            None => paint(DIM, format!("  · {name}  not evaluated")),
            Some(value) => {
                let value_text = super::screen::right(&score(value), 8);
                match path_failure(rule, path, value) {
                    Some(failure) => {
                        paint(colour(failure), format!("  ✗ {name}  {value_text}  {}", failure.as_str()))
                    }
                    None if is_measurement(path) => paint(DIM, format!("  – {name}  {value_text}")),
                    None => format!("  {} {name}  {value_text}", paint(GOOD, "✓")),
                }
            }
        };
        screen.line(line)?;
    }
    Ok(())
}

/// Parents before their children, `root` first; otherwise as they came.
fn in_tree_order<'a>(rows: &[Row<'a>]) -> Vec<Row<'a>> {
    let known: HashSet<&str> = rows.iter().map(|(path, _)| *path).collect();
    let mut below: HashMap<&str, Vec<Row<'a>>> = HashMap::new();
    for row in rows.iter().filter(|(path, _)| *path != "root") {
        below.entry(parent_of(row.0, &known)).or_default().push(*row);
    }
    let mut out: Vec<_> = rows.iter().filter(|(path, _)| *path == "root").copied().collect();
    let mut next: Vec<Row<'a>> = below.remove("").unwrap_or_default();
    next.reverse();
    while let Some(row) = next.pop() {
        out.push(row);
        next.extend(below.remove(row.0).unwrap_or_default().into_iter().rev());
    }
    out
}

/// The longest path above `path` that was scored; empty at the top.
fn parent_of<'a>(path: &'a str, known: &HashSet<&str>) -> &'a str {
    let above = std::iter::successors(path.rsplit_once('.'), |(above, _)| above.rsplit_once('.'));
    above.map(|(above, _)| above).find(|above| known.contains(above)).unwrap_or_default()
}

fn text(screen: &mut Screen, heading: &str, text: &str, full: bool) -> Result<(), CliError> {
    if text.trim().is_empty() {
        return Ok(());
    }
    screen.line(paint(BOLD, heading))?;
    let all: Vec<String> = lines(text).collect();
    let shown = if full { all.len() } else { all.len().min(MAX_LINES) };
    for line in &all[..shown] {
        screen.line(format!("  {line}"))?;
    }
    if shown < all.len() {
        screen.line(paint(DIM, format!("  … {} more lines (--full)", all.len() - shown)))?;
    }
    Ok(())
}

fn object(screen: &mut Screen, heading: &str, object: &Object) -> Result<(), CliError> {
    if object.is_empty() {
        return Ok(());
    }
    screen.line(paint(BOLD, heading))?;
    let width = screen.width;
    for (key, value) in object {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        screen.line(format!("  {}", clip(&format!("{key}: {value}"), width.saturating_sub(2))))?;
    }
    Ok(())
}

/// What the agent did, in order. A step inside of another one is indented.
fn recorded(screen: &mut Screen, events: &[Event]) -> Result<(), CliError> {
    let steps: Vec<&StepRecorded> = events
        .iter()
        .filter_map(|event| match event.body() {
            Body::StepRecorded(step) => Some(step),
            _ => None,
        })
        .collect();
    if steps.is_empty() {
        return Ok(());
    }
    screen.line(paint(BOLD, "what the agent did"))?;
    let width = screen.width;
    for step in &steps {
        let indent = "  ".repeat(1 + depth_of(step, &steps));
        screen.line(clip_styled(&format!("{indent}{}", words(step)), step.error.is_some(), width))?;
        for line in step.error.iter().flat_map(|e| e.traceback.iter().flat_map(|t| lines(t))) {
            let room = width.saturating_sub(indent.len() + 2);
            screen.line(paint(DIM, format!("{indent}  {}", clip(&line, room))))?;
        }
    }
    Ok(())
}

/// A recorded step in one line: `tool_call lookup {"query": ...} 250 ms TimeoutError: no answer`.
pub(super) fn words(step: &StepRecorded) -> String {
    let mut words = vec![step.step_kind.as_str().to_owned()];
    words.extend(step.name.clone());
    words.extend(step.error.as_ref().map(|e| format!("{}: {}", e.kind, e.message)));
    let read = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text = step.text().or(step.result()).map(|(_, value)| read(value));
    let payload =
        (!step.payload.is_empty()).then(|| serde_json::to_string(&step.payload).unwrap_or_default());
    words.extend(text.or(payload));
    let took = step.ended_at.map(|end| (end.micros() - step.started_at.micros()) as f64 / 1000.0);
    words.extend(took.map(|ms| format!("({ms:.0} ms)")));
    words.join(" ")
}

fn clip_styled(line: &str, is_bad: bool, width: usize) -> String {
    let indent = line.len() - line.trim_start().len();
    let clipped = format!("{}{}", &line[..indent], clip(line, width.saturating_sub(indent)));
    if is_bad { paint(BAD, clipped) } else { clipped }
}

fn depth_of(step: &StepRecorded, steps: &[&StepRecorded]) -> usize {
    let mut depth = 0;
    let mut at = step;
    // The bound ends the loop where spans are their own ancestors.
    while depth < steps.len() {
        let above = at.parent_span_id.as_ref().and_then(|id| steps.iter().find(|s| s.span_id == *id));
        match above {
            Some(above) => at = above,
            None => break,
        }
        depth += 1;
    }
    depth.min(20)
}

/// Anything else that belongs to the step.
fn other(body: &Body) -> Option<String> {
    match body {
        Body::AnnotationAdded(note) => {
            Some(format!("{} {}", paint(BOLD, format!("note by {}", note.author)), clip(&note.text, 1000)))
        }
        Body::AlertRaised(alert) => {
            let text = format!("{}: {}", alert.severity.as_str(), clip(&alert.text, 1000));
            Some(paint(WAITS, text))
        }
        Body::ChallengeAnswered(answer) => {
            Some(paint(WAITS, format!("{} answered {:?}", answer.author, answer.answer)))
        }
        Body::CommandApplied(applied) => {
            Some(paint(WAITS, format!("command: {}", clip(&applied.result, 400))))
        }
        Body::ArtifactAdded(file) => {
            Some(format!("file {} ({}, {} bytes)", clip(&file.name, 200), file.mime_type, file.size_bytes))
        }
        _ => None,
    }
}
