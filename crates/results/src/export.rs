//! Writes a results report: the twice nested shape that viewers of reports open, with `name` and `snapshots`
//! beside it, and everything else under `gauntlet`. An import of it gives the same run.

use std::io::{self, Write};

use gauntlet_model::{Body, Event, FailureKind, Object, Record, RunSummary, SnapshotScored};
use serde::Serialize;
use serde_json::{Value, json};

use crate::detailed::METRICS;
use crate::jsonl::spec;
use crate::native::EXPORT_VERSION;
use crate::scored_steps::ScoredSteps;
use crate::summary::Totals;

/// Keys of a detailed result that are in the metadata of its step, in the order they are written.
const METADATA_KEYS: [&str; 5] = ["ground_truth", "context", "question", "expected_answer", "parsed"];

/// Writes a run as a results report. `records` is called three times for the run's complete log, in order,
/// and never held: memory does not grow with the texts of the run. Detailed results are the steps as `steps`
/// has them; the snapshots and the events after them are the log's own.
pub fn write_results<W, I>(
    out: W,
    run: &RunSummary,
    steps: &ScoredSteps,
    mut records: impl FnMut() -> I,
) -> io::Result<()>
where
    W: Write,
    I: IntoIterator<Item = io::Result<Record>>,
{
    let mut out = Json { out, first: true };
    let participants = run.metadata.get("participants").cloned().unwrap_or_else(|| json!({}));
    out.text("{\"name\":")?;
    out.value(&run.name)?;
    out.text(",\"participants\":")?;
    out.value(&participants)?;
    out.text(",\n\"results\":[{\"participants\":")?;
    out.value(&participants)?;
    out.text(",\"results\":[{\"detailed_results\":[")?;
    let totals = write_detailed(&mut out, run, steps, records())?;
    out.text("],\n\"summary\":")?;
    out.value(&totals.into_summary(run.metadata.get("summary").and_then(Value::as_object)))?;
    out.text("}]}],\n\"snapshots\":[")?;
    out.first = true;
    for record in records() {
        let record = record?;
        let seq = record.seq;
        let event = record.event().map_err(io::Error::other)?;
        if let Body::SnapshotScored(scored) = event.body() {
            out.item(&snapshot(run, seq, &event, scored))?;
        }
    }
    out.text("],\n\"gauntlet\":")?;
    write_native(&mut out, run, records())?;
    out.text("}\n")?;
    out.out.flush()
}

/// Writes the detailed results; returns what they add up to.
fn write_detailed<W: Write>(
    out: &mut Json<W>,
    run: &RunSummary,
    steps: &ScoredSteps,
    records: impl IntoIterator<Item = io::Result<Record>>,
) -> io::Result<Totals> {
    let mut totals = Totals::default();
    let mut count = 0_u64;
    for record in records {
        let record = record?;
        let Some(node) = steps.node(record.seq) else { continue };
        let event = record.event().map_err(io::Error::other)?;
        let Body::SnapshotScored(scored) = event.body() else { continue };
        let step = Step { event: &event, scored, steps, node, failures: steps.failures(node, scored) };
        totals.add(step.reward(), &step.failures);
        out.item(&step.detailed(run, count))?;
        count += 1;
    }
    Ok(totals)
}

/// Writes what viewers of reports do not know: the run as it was created, its notes, its other events.
fn write_native<W: Write>(
    out: &mut Json<W>,
    run: &RunSummary,
    records: impl IntoIterator<Item = io::Result<Record>>,
) -> io::Result<()> {
    out.text("{\"version\":")?;
    out.value(&EXPORT_VERSION)?;
    out.text(",\"run\":")?;
    out.value(&spec(run))?;
    out.text(",\"notes\":")?;
    out.value(&run.notes)?;
    out.text(",\"events\":[")?;
    out.first = true;
    for record in records {
        let record = record?;
        let seq = record.seq;
        let event = record.event().map_err(io::Error::other)?;
        if !matches!(event.body(), Body::SnapshotScored(_) | Body::RunStarted(_)) {
            out.item(&event.record(seq, event.at()))?;
        }
    }
    out.text("]}")
}

/// Writes JSON part by part, with one element of a list per line.
struct Json<W> {
    out: W,
    first: bool,
}

impl<W: Write> Json<W> {
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    fn value<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value).map_err(io::Error::from)
    }

    fn item<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        self.text(if self.first { "\n" } else { ",\n" })?;
        self.first = false;
        self.value(value)
    }
}

/// A scored step.
struct Step<'a> {
    event: &'a Event,
    scored: &'a SnapshotScored,
    steps: &'a ScoredSteps,
    node: usize,
    failures: Vec<FailureKind>,
}

impl Step<'_> {
    /// Its reward in the imported report, else its root score.
    fn reward(&self) -> Option<f64> {
        self.scored.metadata.get("reward").and_then(Value::as_f64).or_else(|| self.steps.root(self.node))
    }

    /// The step as reports write it; `number` is its index where it was not imported with one.
    fn detailed(&self, run: &RunSummary, number: u64) -> Value {
        let metadata = &self.scored.metadata;
        let mut record = Object::new();
        let mut set = |key: &str, value: Value| record.insert(key.to_owned(), value);
        set("index", metadata.get("index").filter(|i| i.is_u64()).cloned().unwrap_or_else(|| json!(number)));
        set("reward", json!(self.reward()));
        let recorded = metadata.get("metrics").filter(|m| m.is_object()).cloned();
        set("metrics", recorded.unwrap_or_else(|| metrics(&self.failures)));
        let scores = self.steps.paths().zip(self.steps.scores(self.node));
        let scores: Object =
            scores.filter_map(|(path, score)| Some((path.to_owned(), json!(score?)))).collect();
        if scores.keys().any(|path| path != "root") {
            let recorded = metadata.get("snapshot").and_then(|s| s.get("metadata")).cloned();
            set(
                "snapshot",
                json!({
                    "session_id": run.id.as_str(),
                    "step": self.event.step(),
                    "scores": scores,
                    "timestamp": time(self.event, self.scored),
                    "metadata": recorded.unwrap_or_else(|| json!({})),
                }),
            );
        }
        set("response", json!(self.scored.action));
        let mut has_truth = false;
        for key in METADATA_KEYS {
            if let Some(value) = metadata.get(key) {
                has_truth |= key != "parsed";
                set(key, value.clone());
            }
        }
        if !has_truth {
            set(
                "ground_truth",
                json!({
                    "context": self.scored.observation,
                    "question": "",
                    "expected_answer": {"final": "", "proof": ""},
                }),
            );
        }
        Value::Object(record)
    }
}

fn metrics(failures: &[FailureKind]) -> Value {
    let named = METRICS.iter().map(|(name, kind)| ((*name).to_owned(), json!(failures.contains(kind))));
    Value::Object(named.chain([("safe".to_owned(), json!(failures.is_empty()))]).collect())
}

/// The client's time as it was sent, else that of the event.
fn time(event: &Event, scored: &SnapshotScored) -> String {
    scored.timestamp.clone().unwrap_or_else(|| event.at().to_string())
}

/// A step as hubs write it, with the other fields of its event under `event`.
#[derive(Serialize)]
struct FullSnapshot<'a> {
    session_id: &'a str,
    step: Option<u64>,
    timestamp: String,
    #[serde(flatten)]
    body: Untimed<'a>,
    event: Value,
}

/// The body without its `timestamp`, which is a field of the snapshot.
#[derive(Serialize)]
struct Untimed<'a> {
    scores: &'a gauntlet_model::Scores,
    action: &'a str,
    observation: &'a str,
    is_paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<&'a gauntlet_model::Challenge>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_evaluated: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failures: &'a [FailureKind],
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<f64>,
    metadata: &'a Object,
}

fn snapshot<'a>(
    run: &'a RunSummary,
    seq: u64,
    event: &'a Event,
    scored: &'a SnapshotScored,
) -> FullSnapshot<'a> {
    let mut envelope = Object::new();
    envelope.insert("seq".to_owned(), json!(seq));
    envelope.insert("id".to_owned(), json!(event.id()));
    envelope.insert("at".to_owned(), json!(event.at()));
    if let Some(episode) = event.episode() {
        envelope.insert("episode".to_owned(), json!(episode));
    }
    if !scored.posted.is_empty() {
        envelope.insert("posted".to_owned(), json!(scored.posted));
    }
    envelope.insert("timed".to_owned(), json!(scored.timestamp.is_some()));
    FullSnapshot {
        session_id: run.id.as_str(),
        step: event.step(),
        timestamp: time(event, scored),
        body: Untimed {
            scores: &scored.scores,
            action: &scored.action,
            observation: &scored.observation,
            is_paused: scored.is_paused,
            challenge: scored.challenge.as_ref(),
            not_evaluated: &scored.not_evaluated,
            failures: &scored.failures,
            duration_ms: scored.duration_ms,
            metadata: &scored.metadata,
        },
        event: Value::Object(envelope),
    }
}
