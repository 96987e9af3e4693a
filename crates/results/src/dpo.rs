//! Preference pairs for direct preference optimisation: `{prompt, chosen, rejected, chosen_score,
//! rejected_score, source}`, one a line.
//!
//! The pairs:
//! - **rollouts**: answers of one run to one prompt (the same `metadata.task_id` and the same observation).
//!   The answer with the highest root score is chosen, the one with the lowest is rejected.
//! - **runs**: with a second run, the best answer of each run to the prompt; the higher root score is chosen.
//!   This replaces the first rule.
//! - **human**: a person's answer to a challenge is chosen over each other option. An answer that was marked
//!   as wrong makes no pair. These pairs have no scores.
//!
//! A score is the current one of the step: later scores overlay it, and a step that was scored again counts
//! once. Equal scores, equal answers and answers without a prompt or without a root score make no pair, and
//! neither do rollouts of an evaluation (`metadata.split` is `eval` or the like). A prompt that is a
//! conversation is written as its messages, and so are the answers.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};

use gauntlet_film::{Fact, Film};
use gauntlet_model::{Action, Body, EpisodeId, Event, Record, RunSummary, SnapshotScored};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};

use crate::messages::{is_conversation, parse_conversation};

/// A run's log with sequential and random access. Texts are read when a pair is written: memory holds only
/// the sequence numbers of answers.
pub trait Log {
    /// Every record, in order.
    fn records(&self) -> Box<dyn Iterator<Item = io::Result<Record>> + '_>;

    /// The record of that sequence number.
    fn record(&self, seq: u64) -> io::Result<Record>;
}

/// A run to take answers from.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The run.
    pub run: &'a RunSummary,
    /// Its log.
    pub log: &'a dyn Log,
}

#[derive(Serialize)]
struct Pair {
    /// A text, or a conversation as its messages; so are the answers to it.
    prompt: Value,
    chosen: Value,
    rejected: Value,
    chosen_score: Option<f64>,
    rejected_score: Option<f64>,
    source: String,
}

/// Writes the pairs of a run, or of two, and those of people's answers in the first; returns their number.
pub fn write_dpo<W: Write>(mut out: W, side: Side<'_>, with: Option<Side<'_>>) -> io::Result<u64> {
    let found = Candidates::collect(side)?;
    let mut pairs = 0;
    match with {
        None => {
            for (best, worst) in found.prompts.values() {
                pairs += preferred(&mut out, "rollouts", (side, *best), (side, *worst))?;
            }
        }
        Some(other) => {
            let theirs = Candidates::collect(other)?.prompts;
            for (prompt, (ours, _)) in &found.prompts {
                let Some((theirs, _)) = theirs.get(prompt) else { continue };
                let (first, second) = ((side, *ours), (other, *theirs));
                let better = if ours.root >= theirs.root { (first, second) } else { (second, first) };
                pairs += preferred(&mut out, "runs", better.0, better.1)?;
            }
        }
    }
    for (seq, answer) in &found.decisions {
        pairs += decided(&mut out, side, *seq, answer)?;
    }
    out.flush()?;
    Ok(pairs)
}

/// An answer: its snapshot and root score.
#[derive(Debug, Clone, Copy)]
struct Answer {
    seq: u64,
    root: f64,
}

/// The current root score of each step, by the sequence number of its current snapshot.
fn roots(log: &dyn Log) -> io::Result<HashMap<u64, f64>> {
    let mut film = Film::new();
    for record in log.records() {
        film.apply(&Fact::of_record(&record?).map_err(io::Error::other)?);
    }
    let nodes = (0..film.len()).filter_map(|i| film.node(i));
    Ok(nodes.filter_map(|node| Some((node.seq, node.root?))).collect())
}

/// The answers in the log of a run.
#[derive(Default)]
struct Candidates {
    /// The best and the worst answer to each prompt, in the order of first appearance.
    prompts: IndexMap<(u64, u64), (Answer, Answer)>,
    /// People's answers, by the sequence number of the snapshot with the challenge.
    decisions: BTreeMap<u64, String>,
}

impl Candidates {
    fn collect(side: Side<'_>) -> io::Result<Self> {
        let roots = roots(side.log)?;
        let mut found = Self::default();
        let mut asked: BTreeMap<(Option<EpisodeId>, Option<u64>), u64> = BTreeMap::new();
        let mut waiting = None;
        for record in side.log.records() {
            let record = record?;
            let event = record.event().map_err(io::Error::other)?;
            match event.body() {
                Body::SnapshotScored(scored) => {
                    if scored.challenge.is_some() {
                        waiting = Some(record.seq);
                        asked.insert((event.episode().cloned(), event.step()), record.seq);
                    }
                    if let Some(root) = roots.get(&record.seq) {
                        found.add(Answer { seq: record.seq, root: *root }, scored);
                    }
                }
                Body::ChallengeAnswered(answer) => {
                    let Some(seq) = asked.get(&(event.episode().cloned(), event.step())) else { continue };
                    if answer.correct == Some(false) {
                        found.decisions.remove(seq);
                    } else {
                        found.decisions.insert(*seq, answer.answer.clone());
                    }
                }
                Body::CommandIssued(command) if command.action == Action::Answer => {
                    let answer = command.parameters.get("answer").and_then(Value::as_str);
                    if let (Some(seq), Some(answer)) = (waiting.take(), answer) {
                        found.decisions.entry(seq).or_insert_with(|| answer.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn add(&mut self, this: Answer, scored: &SnapshotScored) {
        if scored.observation.is_empty() || scored.action.is_empty() || is_evaluation(scored) {
            return;
        }
        let (best, worst) = self.prompts.entry(prompt_of(scored)).or_insert((this, this));
        if this.root > best.root {
            *best = this;
        }
        if this.root < worst.root {
            *worst = this;
        }
    }
}

/// Whether an answer belongs to an evaluation, which must not be trained on.
fn is_evaluation(scored: &SnapshotScored) -> bool {
    const SPLITS: [&str; 6] = ["eval", "evaluation", "test", "validation", "valid", "dev"];
    let word = |key: &str| scored.metadata.get(key).and_then(Value::as_str).map(str::to_lowercase);
    ["split", "mode"].iter().filter_map(|key| word(key)).any(|word| SPLITS.contains(&word.as_str()))
}

/// A prompt and the answer to it: as messages where the prompt is a conversation, else as texts.
fn texts(scored: &SnapshotScored) -> (Value, Value) {
    let messages = |keys: &[&str]| {
        let mut found = keys.iter().filter_map(|key| scored.metadata.get(*key));
        found.find(|value| is_conversation(value)).cloned()
    };
    let prompt = messages(&["prompt", "observation"]).or_else(|| parse_conversation(&scored.observation));
    match prompt {
        Some(prompt) => {
            let completion = messages(&["completion", "response", "action"]);
            let completion = completion.or_else(|| parse_conversation(&scored.action));
            (prompt, completion.unwrap_or_else(|| json!([{"role": "assistant", "content": scored.action}])))
        }
        None => (json!(scored.observation), json!(scored.action)),
    }
}

/// A prompt as a hash of 128 bits, so that memory does not grow with its length.
fn prompt_of(scored: &SnapshotScored) -> (u64, u64) {
    let task = scored.metadata.get("task_id").and_then(Value::as_str);
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, task, &scored.observation).hash(&mut hasher);
        hasher.finish()
    };
    (half(0), half(1))
}

fn preferred(
    out: &mut impl Write,
    rule: &str,
    chosen: (Side<'_>, Answer),
    rejected: (Side<'_>, Answer),
) -> io::Result<u64> {
    if chosen.1.root <= rejected.1.root {
        return Ok(0);
    }
    let (better, worse) = (event(chosen.0, chosen.1.seq)?, event(rejected.0, rejected.1.seq)?);
    let (Some(yes), Some(no)) = (scored(&better), scored(&worse)) else { return Ok(0) };
    if yes.action == no.action {
        return Ok(0);
    }
    let source = format!(
        "{rule}: {} over {}",
        label(chosen.0, &better),
        if rule == "rollouts" { step(&worse) } else { label(rejected.0, &worse) }
    );
    let ((prompt, chosen_text), (_, rejected_text)) = (texts(yes), texts(no));
    let pair = Pair {
        prompt,
        chosen: chosen_text,
        rejected: rejected_text,
        chosen_score: Some(chosen.1.root),
        rejected_score: Some(rejected.1.root),
        source,
    };
    write(out, &pair).map(|()| 1)
}

fn decided(out: &mut impl Write, side: Side<'_>, seq: u64, answer: &str) -> io::Result<u64> {
    let event = event(side, seq)?;
    let Some(snapshot) = scored(&event) else { return Ok(0) };
    let Some(challenge) = &snapshot.challenge else { return Ok(0) };
    let parts = [snapshot.observation.as_str(), challenge.question.as_str()];
    let prompt = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    let mut pairs = 0;
    for other in challenge.options.iter().filter(|option| *option != answer) {
        let pair = Pair {
            prompt: json!(prompt),
            chosen: json!(answer),
            rejected: json!(other),
            chosen_score: None,
            rejected_score: None,
            source: format!("human: {}", label(side, &event)),
        };
        write(out, &pair)?;
        pairs += 1;
    }
    Ok(pairs)
}

fn event(side: Side<'_>, seq: u64) -> io::Result<Event> {
    side.log.record(seq)?.event().map_err(io::Error::other)
}

fn scored(event: &Event) -> Option<&SnapshotScored> {
    match event.body() {
        Body::SnapshotScored(scored) => Some(scored),
        _ => None,
    }
}

fn label(side: Side<'_>, event: &Event) -> String {
    format!("{} {}", side.run.id, step(event))
}

fn step(event: &Event) -> String {
    event.step().map_or_else(String::new, |step| format!("step {step}"))
}

fn write(out: &mut impl Write, pair: &Pair) -> io::Result<()> {
    serde_json::to_writer(&mut *out, pair)?;
    out.write_all(b"\n")
}
