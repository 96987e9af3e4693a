//! An episode as people read it: what was thought, said and done, each tool's call together with its result.

use std::collections::HashMap;
use std::ops::Range;

use gauntlet_api::{ElidedRange, EpisodeTimeline, RecordedError, SpanTime, TimelineEntry};
use gauntlet_model::{
    AnnotationAdded, ArtifactAdded, Body, EpisodeFinished, EpisodeId, Object, Record, RunId, ScoreAdded,
    StepKind, StepRecorded,
};
use gauntlet_store::Store;
use serde_json::Value;

use crate::{Error, images};

/// Events read from each end of an episode; those in the middle are read when they are asked for.
const END_EVENTS: u32 = 120;
/// Characters of a text that are sent; the log has all of it.
const MAX_CHARS: usize = 6_000;
/// Bytes of recorded images that are sent with an episode, as base64.
const MAX_IMAGE_BYTES: usize = 4 << 20;

/// Makes HTML that runs nothing of what was recorded. What the HTML looks like is decided by who shows it.
#[derive(Debug, Clone, Copy)]
pub struct ToHtml {
    /// Of the Markdown of a message.
    pub markdown: fn(&str) -> String,
    /// Of a value with members; `None` for one without.
    pub value_tree: fn(&Value) -> Option<String>,
    /// Of a run's artifact.
    pub artifact: fn(&RunId, &ArtifactAdded) -> String,
    /// Of data URLs of images.
    pub images: fn(&[String]) -> String,
}

/// What happened in an episode, of these sequence numbers.
///
/// # Errors
///
/// [`Error::Unavailable`] where the log cannot be read.
pub async fn read(
    store: &Store,
    run: &RunId,
    episode: &EpisodeId,
    seqs: Range<u64>,
    to_html: ToHtml,
) -> Result<EpisodeTimeline, Error> {
    let found = store.episode(run, episode, seqs, END_EVENTS, END_EVENTS).await?;
    let elided = match (found.first.last(), found.last.first()) {
        (Some(before), Some(after)) if found.skipped > 0 => {
            Some(ElidedRange { from: before.seq + 1, to: after.seq, events: found.skipped })
        }
        _ => None,
    };
    let mut left = MAX_IMAGE_BYTES;
    let mut entries = |records: &[Record]| entries(run, records, to_html, &mut left);
    let (mut first, mut last) = (entries(&found.first), entries(&found.last));
    let spans = || first.iter().chain(&last).filter_map(|entry| entry.span);
    let began = spans().map(|span| span.start_ms).fold(f64::INFINITY, f64::min);
    for span in first.iter_mut().chain(&mut last).filter_map(|entry| entry.span.as_mut()) {
        span.start_ms -= began;
    }
    Ok(EpisodeTimeline { first, elided, last })
}

fn entries(run: &RunId, records: &[Record], to_html: ToHtml, image_bytes: &mut usize) -> Vec<TimelineEntry> {
    let mut all: Vec<TimelineEntry> = Vec::with_capacity(records.len());
    // The index of each call that has no result yet, by its span.
    let mut calls: HashMap<String, usize> = HashMap::new();
    // The number of spans that each span is inside of.
    let mut depths: HashMap<&str, u32> = HashMap::new();
    let events: Vec<_> = records.iter().map(Record::event).collect();
    for (record, event) in records.iter().zip(&events) {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(seq = record.seq, %error, "a stored event breaks the rules");
                continue;
            }
        };
        match event.body() {
            Body::StepRecorded(step) => {
                let is_result = step.step_kind == StepKind::ToolResult;
                let call = calls.remove(&step.span_id).filter(|_| is_result);
                match call.and_then(|at| all.get_mut(at)) {
                    Some(call) => {
                        let depth = depths.get(step.span_id.as_str()).copied().unwrap_or_default();
                        add_result(call, step, depth, to_html, image_bytes);
                    }
                    None => {
                        let parent = step.parent_span_id.as_deref().and_then(|id| depths.get(id));
                        let depth = parent.map_or(0, |depth| depth + 1);
                        depths.insert(&step.span_id, depth);
                        if step.step_kind == StepKind::ToolCall {
                            calls.insert(step.span_id.clone(), all.len());
                        }
                        all.push(from_step(record, step, depth, to_html, image_bytes));
                    }
                }
            }
            Body::EpisodeStarted(body) => all.push(TimelineEntry {
                text: cut(body.task.clone().unwrap_or_default()),
                more: other_members(&body.metadata, &[]),
                ..plain(record, "began")
            }),
            Body::EpisodeFinished(body) => all.push(from_end(record, body)),
            Body::ArtifactAdded(artifact) => all.push(TimelineEntry {
                name: Some(artifact.name.clone()),
                text: format!("{}, {} bytes", artifact.mime_type, artifact.size_bytes),
                html: Some((to_html.artifact)(run, artifact)),
                ..plain(record, &artifact.role)
            }),
            Body::ScoreAdded(score) => all.push(from_score(record, score)),
            Body::AnnotationAdded(note) => all.push(from_note(record, note)),
            _ => {
                let body: Object = serde_json::from_str(&record.body).unwrap_or_default();
                let kind = record.kind.as_str().replace(['.', '_'], " ");
                all.push(TimelineEntry { more: other_members(&body, &[]), ..plain(record, &kind) });
            }
        }
    }
    all
}

/// An entry of which only the place is known.
fn plain(record: &Record, kind: &str) -> TimelineEntry {
    TimelineEntry {
        seq: record.seq,
        step: record.step,
        at: record.at,
        kind: kind.to_owned(),
        name: None,
        text: String::new(),
        is_message: false,
        html: None,
        result: None,
        result_html: None,
        span: None,
        duration_ms: None,
        error: None,
        more: Vec::new(),
    }
}

fn from_step(
    record: &Record,
    step: &StepRecorded,
    depth: u32,
    to_html: ToHtml,
    image_bytes: &mut usize,
) -> TimelineEntry {
    let role = step.role();
    let kind = role.map_or_else(|| step.step_kind.as_str().replace('_', " "), str::to_owned);
    let text = step.text();
    let result = step.result().filter(|_| step.is_tool());
    let mut known: Vec<&str> = [text, result].into_iter().flatten().map(|(key, _)| key).collect();
    known.extend(role.map(|_| "role"));
    let mut more = other_members(&step.payload, &known);
    more.extend(other_members(&step.metadata, &[]));
    let member = text.map(|(_, value)| Member::new(value, to_html, image_bytes)).unwrap_or_default();
    let result = result.map(|(_, value)| Member::new(value, to_html, image_bytes));
    let is_message = role.is_some() && !member.text.is_empty();
    TimelineEntry {
        name: step.name.clone(),
        is_message,
        html: if is_message { Some(member.prose(to_html)) } else { member.tree(to_html) },
        text: member.text,
        result_html: result.as_ref().and_then(|result| result.tree(to_html)),
        result: result.map(|result| result.text),
        span: span(step, depth),
        duration_ms: duration_ms(step),
        error: step_error(step),
        more,
        ..plain(record, &kind)
    }
}

/// Adds a tool's result to its call.
fn add_result(
    call: &mut TimelineEntry,
    step: &StepRecorded,
    depth: u32,
    to_html: ToHtml,
    image_bytes: &mut usize,
) {
    let result = step.result();
    let known: Vec<&str> = result.iter().map(|(key, _)| *key).collect();
    call.more.extend(other_members(&step.payload, &known));
    call.more.extend(other_members(&step.metadata, &[]));
    let result = result.map(|(_, value)| Member::new(value, to_html, image_bytes));
    call.result_html = result.as_ref().and_then(|result| result.tree(to_html));
    call.result = result.map(|result| result.text);
    call.span = span(step, depth);
    call.duration_ms = duration_ms(step);
    call.error = step_error(step);
}

fn from_score(record: &Record, score: &ScoreAdded) -> TimelineEntry {
    let words = [score.label.clone(), score.explanation.clone()].into_iter().flatten();
    let words = words.fold(score.value.get().to_string(), |text, more| format!("{text}: {more}"));
    TimelineEntry {
        name: Some(score.path.clone()),
        text: cut(words),
        more: vec![("source".to_owned(), score.source.clone())],
        ..plain(record, "score")
    }
}

fn from_note(record: &Record, note: &AnnotationAdded) -> TimelineEntry {
    TimelineEntry { name: Some(note.author.clone()), text: cut(note.text.clone()), ..plain(record, "note") }
}

fn from_end(record: &Record, body: &EpisodeFinished) -> TimelineEntry {
    let numbers = [("return", body.return_.map(|r| r.get())), ("cost", body.cost)];
    let numbers = numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_string())));
    TimelineEntry {
        text: body.status.as_str().replace('_', " "),
        duration_ms: body.latency_ms,
        error: body.error.clone().map(|message| RecordedError { message: cut(message), traceback: None }),
        more: numbers.collect(),
        ..plain(record, "ended")
    }
}

fn duration_ms(step: &StepRecorded) -> Option<f64> {
    Some((step.ended_at?.micros() - step.started_at.micros()) as f64 / 1000.0).filter(|ms| *ms >= 0.0)
}

/// The place of a span that has ended, in milliseconds since 1970; [`read`] makes it relative.
fn span(step: &StepRecorded, depth: u32) -> Option<SpanTime> {
    let start_ms = step.started_at.micros() as f64 / 1000.0;
    duration_ms(step).map(|_| SpanTime { start_ms, depth })
}

fn step_error(step: &StepRecorded) -> Option<RecordedError> {
    let error = step.error.as_ref()?;
    let message = cut(format!("{}: {}", error.kind, error.message));
    Some(RecordedError { message, traceback: error.traceback.clone().map(cut) })
}

/// A member of a step's payload, ready to be read.
#[derive(Debug, Default)]
struct Member {
    text: String,
    /// Its own members as a tree, where it has any, be it as JSON in a text.
    tree: Option<String>,
    /// Data URLs.
    images: Vec<String>,
}

impl Member {
    fn new(value: &Value, to_html: ToHtml, image_bytes: &mut usize) -> Self {
        let parsed = value.as_str().and_then(|text| serde_json::from_str(text).ok());
        let parsed = parsed.filter(|value: &Value| value.is_object() || value.is_array());
        let mut images = Vec::new();
        let value = images::take(parsed.as_ref().unwrap_or(value), image_bytes, &mut images);
        let text = match parsed {
            Some(_) => value.to_string(),
            None => gauntlet_otlp::message_text(&value),
        };
        Self { text: cut(indented(text)), tree: (to_html.value_tree)(&value), images }
    }

    /// Its text as Markdown, then its images.
    fn prose(&self, to_html: ToHtml) -> String {
        (to_html.markdown)(&self.text) + &(to_html.images)(&self.images)
    }

    /// Its tree and its images; `None` where its text is all there is.
    fn tree(&self, to_html: ToHtml) -> Option<String> {
        match &self.tree {
            Some(tree) => Some(format!("{tree}{}", (to_html.images)(&self.images))),
            None => (!self.images.is_empty()).then(|| self.prose(to_html)),
        }
    }
}

/// A JSON object or array over several lines; any other text as it is.
fn indented(text: String) -> String {
    match serde_json::from_str::<Value>(&text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => {
            serde_json::to_string_pretty(&value).unwrap_or(text)
        }
        _ => text,
    }
}

/// The members that are not among the `known` ones, by name.
fn other_members(object: &Object, known: &[&str]) -> Vec<(String, String)> {
    let left = object.iter().filter(|(key, value)| !known.contains(&key.as_str()) && !value.is_null());
    left.map(|(key, value)| (key.clone(), text(value))).collect()
}

/// A text as it is; anything else as JSON.
fn text(value: &Value) -> String {
    cut(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// A text without what is too long to be sent, and how much that is.
pub(crate) fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        None => text,
        Some((at, _)) => {
            let left = text[at..].chars().count();
            format!("{}… and {left} characters more, in the log", &text[..at])
        }
    }
}
