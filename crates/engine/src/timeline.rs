//! An episode as people read it: what was thought, said and done, each tool's call together with its result.

use std::collections::HashMap;
use std::ops::Range;

use gauntlet_api::{ElidedRange, EpisodeTimeline, RecordedError, SpanTime, TimelineEntry};
use gauntlet_model::{
    ArtifactAdded, Body, EpisodeFinished, EpisodeId, Object, Record, RunId, StepKind, StepRecorded,
};
use gauntlet_store::Store;
use serde_json::Value;

use crate::Error;

/// Events read from each end of an episode; those in the middle are read when they are asked for.
const END: u32 = 120;
/// Characters of a text that are sent; the log has all of it.
const MAX_CHARS: usize = 6_000;

/// Makes HTML that runs nothing of what was recorded. What the HTML looks like is decided by who shows it.
#[derive(Debug, Clone, Copy)]
pub struct ToHtml {
    /// Of the Markdown of a message.
    pub markdown: fn(&str) -> String,
    /// Of a value with members; `None` for one without.
    pub value_tree: fn(&Value) -> Option<String>,
    /// Of a run's artifact.
    pub artifact: fn(&RunId, &ArtifactAdded) -> String,
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
    let found = store.episode(run, episode, seqs, END, END).await?;
    let elided = match (found.first.last(), found.last.first()) {
        (Some(before), Some(after)) if found.skipped > 0 => {
            Some(ElidedRange { from: before.seq + 1, to: after.seq, events: found.skipped })
        }
        _ => None,
    };
    let entries = |records: &[Record]| entries(run, records, to_html);
    let (mut first, mut last) = (entries(&found.first), entries(&found.last));
    let spans = || first.iter().chain(&last).filter_map(|entry| entry.span);
    let began = spans().map(|span| span.start_ms).fold(f64::INFINITY, f64::min);
    for span in first.iter_mut().chain(&mut last).filter_map(|entry| entry.span.as_mut()) {
        span.start_ms -= began;
    }
    Ok(EpisodeTimeline { first, elided, last })
}

fn entries(run: &RunId, records: &[Record], to_html: ToHtml) -> Vec<TimelineEntry> {
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
                        add_result(call, step, depth, to_html);
                    }
                    None => {
                        let parent = step.parent_span_id.as_deref().and_then(|id| depths.get(id));
                        let depth = parent.map_or(0, |depth| depth + 1);
                        depths.insert(&step.span_id, depth);
                        if step.step_kind == StepKind::ToolCall {
                            calls.insert(step.span_id.clone(), all.len());
                        }
                        all.push(from_step(record, step, depth, to_html));
                    }
                }
            }
            Body::EpisodeStarted(body) => {
                let text = body.task.clone().unwrap_or_default();
                all.push(TimelineEntry {
                    text: cut(text),
                    more: other_members(&body.metadata, &[]),
                    ..plain(record, "began")
                });
            }
            Body::EpisodeFinished(body) => all.push(from_end(record, body)),
            Body::ArtifactAdded(artifact) => all.push(TimelineEntry {
                name: Some(artifact.name.clone()),
                text: format!("{}, {} bytes", artifact.mime_type, artifact.size_bytes),
                html: Some((to_html.artifact)(run, artifact)),
                ..plain(record, &artifact.role)
            }),
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

fn from_step(record: &Record, step: &StepRecorded, depth: u32, to_html: ToHtml) -> TimelineEntry {
    let role = step.role();
    let kind = role.map_or_else(|| step.step_kind.as_str().replace('_', " "), str::to_owned);
    let text = step.text();
    let result = step.result().filter(|_| step.is_tool());
    let mut known: Vec<&str> = [text, result].into_iter().flatten().map(|(key, _)| key).collect();
    known.extend(role.map(|_| "role"));
    let mut more = other_members(&step.payload, &known);
    more.extend(other_members(&step.metadata, &[]));
    let arguments = text.and_then(|member| member_tree(member, to_html));
    let text = text.map(member_text).unwrap_or_default();
    let is_message = role.is_some() && !text.is_empty();
    TimelineEntry {
        name: step.name.clone(),
        is_message,
        html: if is_message { Some((to_html.markdown)(&text)) } else { arguments },
        text,
        result: result.map(member_text),
        result_html: result.and_then(|member| member_tree(member, to_html)),
        span: span(step, depth),
        duration_ms: duration_ms(step),
        error: step_error(step),
        more,
        ..plain(record, &kind)
    }
}

/// Adds a tool's result to its call.
fn add_result(call: &mut TimelineEntry, step: &StepRecorded, depth: u32, to_html: ToHtml) {
    let result = step.result();
    let known: Vec<&str> = result.iter().map(|(key, _)| *key).collect();
    call.more.extend(other_members(&step.payload, &known));
    call.more.extend(other_members(&step.metadata, &[]));
    call.result = result.map(member_text);
    call.result_html = result.and_then(|member| member_tree(member, to_html));
    call.span = span(step, depth);
    call.duration_ms = duration_ms(step);
    call.error = step_error(step);
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

/// The text of a member, ready to be read.
fn member_text((_, value): (&str, &Value)) -> String {
    cut(indented(gauntlet_otlp::message_text(value)))
}

/// A member as a tree, where it has members of its own, be it as JSON in a text.
fn member_tree((_, value): (&str, &Value), to_html: ToHtml) -> Option<String> {
    match value {
        Value::String(text) => (to_html.value_tree)(&serde_json::from_str(text).ok()?),
        value => (to_html.value_tree)(value),
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
fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        None => text,
        Some((at, _)) => {
            let left = text[at..].chars().count();
            format!("{}… and {left} characters more, in the log", &text[..at])
        }
    }
}
