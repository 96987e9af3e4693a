//! The events of one step as spans: the table applied backwards.

use gauntlet_model::{
    Body, Event, Object, RunSummary, ScoreAdded, SnapshotScored, StepKind, StepRecorded, Timestamp,
};
use serde_json::{Value, json};

use super::part;
use crate::attributes::write;
use crate::ids::{span_id, unhex};
use crate::proto::{AnyValue, KeyValue, Span, SpanEvent, SpanLink, SpanStatus};
use crate::proto::{attributes, from_json};
use crate::scores::RESULT;
use crate::source::Source;
use crate::span_metadata::SPAN_KINDS;
use crate::spans::is_tool;
use crate::table::{has_kind, operation};
use crate::value::text_attribute;

/// A time of the protocol.
pub(super) fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.micros()).unwrap_or(0).saturating_mul(1000)
}

/// The spans of one step of one episode, each with where it comes from. `root` is the parent of what has
/// none.
pub(super) fn group(
    run: &RunSummary,
    group: &[Event],
    step: u64,
    trace: [u8; 16],
    root: Option<[u8; 8]>,
) -> Vec<(Source, Span)> {
    let mut drawn: Vec<(Source, Span)> = Vec::new();
    let mut judged: Vec<&StepRecorded> = Vec::new();
    for event in group {
        let Body::StepRecorded(body) = event.body() else { continue };
        if body.step_kind == StepKind::Reward
            && body.payload.contains_key("evaluation")
            && body.ended_at.is_none()
        {
            judged.push(body);
        } else {
            drawn.push((source(body), step_span(body, trace, root)));
        }
    }
    let snapshot = group.iter().rev().find_map(|e| match e.body() {
        Body::SnapshotScored(scored) => Some((e, scored)),
        _ => None,
    });
    if drawn.is_empty() {
        let at =
            snapshot.map_or_else(|| group.first().map(Event::at), |(e, _)| Some(e.at())).unwrap_or_default();
        drawn.push((Source::default(), snapshot_span(run, snapshot.map(|s| s.1), at, step, trace, root)));
    }
    let added = group.iter().filter_map(|e| match e.body() {
        Body::ScoreAdded(added) => Some((e.at(), added)),
        _ => None,
    });
    let events = evaluations(&judged, snapshot.map(|(e, s)| (e.at(), s)), added);
    for (index, (_, span)) in drawn.iter_mut().enumerate() {
        span.attributes.push(KeyValue::new("gauntlet.step", from_json(&json!(step))));
        let span_id = hex::encode(&span.span_id);
        let its_events = events.iter().filter(|(parent, _)| match parent {
            Some(parent) => *parent == span_id,
            None => index == 0,
        });
        span.events.extend(its_events.map(|(_, event)| event.clone()));
    }
    // A judgement of a span that is not in this group stays with the first.
    let known: Vec<String> = drawn.iter().map(|(_, s)| hex::encode(&s.span_id)).collect();
    let unassigned =
        events.into_iter().filter(|(parent, _)| parent.as_ref().is_some_and(|p| !known.contains(p)));
    if let Some((_, first)) = drawn.first_mut() {
        first.events.extend(unassigned.map(|(_, event)| event));
    }
    drawn
}

fn source(body: &StepRecorded) -> Source {
    let part = |key: &str| part(&body.metadata, key).cloned().unwrap_or_default();
    Source { resource: part("resource"), gauntlet: Object::new(), scope: part("scope"), ..Source::default() }
}

/// A recorded step as the span it was, or would have been.
fn step_span(body: &StepRecorded, trace: [u8; 16], root: Option<[u8; 8]>) -> Span {
    let metadata = &body.metadata;
    let fields = part(metadata, "span").cloned().unwrap_or_default();
    let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| number(&fields, key);
    let start = nanos(body.started_at);
    let end = body.ended_at.map(nanos).or_else(|| text("end_time_unix_nano")?.parse().ok());
    let kind = match fields.get("kind") {
        Some(Value::String(kind)) => SPAN_KINDS.iter().position(|k| k == kind).unwrap_or(0) as i32,
        Some(other) => other.as_i64().and_then(|k| i32::try_from(k).ok()).unwrap_or(0),
        None => 0,
    };
    let parent = body.parent_span_id.as_deref().and_then(unhex);
    let mut span = Span {
        trace_id: trace.to_vec(),
        span_id: unhex(&body.span_id).unwrap_or_default(),
        parent_span_id: parent.or_else(|| root.map(|r| r.to_vec())).unwrap_or_default(),
        trace_state: text("trace_state").unwrap_or_default(),
        flags: number("flags"),
        name: text("name")
            .or_else(|| body.name.clone())
            .unwrap_or_else(|| body.step_kind.as_str().to_owned()),
        kind,
        start_time_unix_nano: start,
        end_time_unix_nano: end.unwrap_or(start),
        attributes: step_attributes(body),
        dropped_attributes_count: number("dropped_attributes_count"),
        events: list(metadata, "events").map(event).collect(),
        dropped_events_count: number("dropped_events_count"),
        links: list(metadata, "links").map(link).collect(),
        dropped_links_count: number("dropped_links_count"),
        status: None,
    };
    fail(&mut span, body, text("status_message"));
    if let Some(code) = fields.get("status_code").and_then(Value::as_i64) {
        span.status.get_or_insert_default().code = i32::try_from(code).unwrap_or(0);
    }
    span
}

/// Payload and metadata as attributes. Steps that did not come as OTLP also
/// get the attributes of the conventions that tell what they are.
fn step_attributes(body: &StepRecorded) -> Vec<KeyValue> {
    let mut fields = write(&body.payload);
    let is_foreign = body.metadata.contains_key("resource") || body.metadata.contains_key("scope");
    if !is_foreign {
        if let Some(operation) = operation(body.step_kind).filter(|_| !has_kind(&body.payload)) {
            fields.push(KeyValue::new("gen_ai.operation.name", AnyValue::text(operation)));
        }
        if let Some(name) =
            body.name.as_ref().filter(|_| is_tool(body.step_kind) && !body.payload.contains_key("tool"))
        {
            fields.push(KeyValue::new("gen_ai.tool.name", AnyValue::text(name.clone())));
        }
        fields.push(KeyValue::new("gauntlet.step.kind", AnyValue::text(body.step_kind.as_str())));
    }
    fields.extend(part(&body.metadata, "attributes").map(attributes).unwrap_or_default());
    fields
}

fn list<'a>(metadata: &'a Object, key: &str) -> impl Iterator<Item = &'a Object> {
    metadata.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn text(object: &Object, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn event(fields: &Object) -> SpanEvent {
    SpanEvent {
        time_unix_nano: text(fields, "time_unix_nano").parse().unwrap_or(0),
        name: text(fields, "name"),
        attributes: part(fields, "attributes").map(attributes).unwrap_or_default(),
        dropped_attributes_count: number(fields, "dropped_attributes_count"),
    }
}

fn number(fields: &Object, key: &str) -> u32 {
    fields.get(key).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

fn link(fields: &Object) -> SpanLink {
    SpanLink {
        trace_id: unhex(&text(fields, "trace_id")).unwrap_or_default(),
        span_id: unhex(&text(fields, "span_id")).unwrap_or_default(),
        trace_state: text(fields, "trace_state"),
        attributes: part(fields, "attributes").map(attributes).unwrap_or_default(),
        dropped_attributes_count: number(fields, "dropped_attributes_count"),
        flags: number(fields, "flags"),
    }
}

/// The step's error as status, `error.type` and exception.
fn fail(span: &mut Span, body: &StepRecorded, status_message: Option<String>) {
    let Some(error) = &body.error else {
        if let Some(message) = status_message {
            span.status = Some(SpanStatus { code: 0, message });
        }
        return;
    };
    let mut words = vec![
        KeyValue::new("exception.type", AnyValue::text(error.kind.clone())),
        KeyValue::new("exception.message", AnyValue::text(error.message.clone())),
    ];
    if let Some(traceback) = &error.traceback {
        words.push(KeyValue::new("exception.stacktrace", AnyValue::text(traceback.clone())));
    }
    let has_exception = |e: &SpanEvent| e.attributes.iter().any(|kv| kv.key == "exception.type");
    let last = span.events.iter_mut().rev().find(|e| e.name == "exception" && !has_exception(e));
    let mut message = status_message.unwrap_or_default();
    match last {
        Some(event) => event.attributes.splice(0..0, words).for_each(drop),
        None => {
            if message.is_empty() {
                message.clone_from(&error.message);
            }
            span.attributes.push(KeyValue::new("error.type", AnyValue::text(error.kind.clone())));
            if error.traceback.is_some() {
                let time_unix_nano = span.end_time_unix_nano;
                let name = "exception".to_owned();
                span.events.push(SpanEvent {
                    time_unix_nano,
                    name,
                    attributes: words,
                    dropped_attributes_count: 0,
                });
            }
        }
    }
    span.status = Some(SpanStatus { code: 2, message });
}

/// A rollout that was scored, and of which nothing else is known, as a call of a model.
fn snapshot_span(
    run: &RunSummary,
    scored: Option<&SnapshotScored>,
    at: Timestamp,
    step: u64,
    trace: [u8; 16],
    root: Option<[u8; 8]>,
) -> Span {
    let message = |role: &str, text: &str| {
        text_attribute(&json!([{ "role": role, "parts": [{ "type": "text", "content": text }] }]))
    };
    let mut fields = vec![KeyValue::new("gen_ai.operation.name", AnyValue::text("chat"))];
    if let Some(agent) = &run.agent {
        fields.push(KeyValue::new("gen_ai.agent.name", AnyValue::text(agent.clone())));
    }
    let texts = scored.map(|s| {
        [
            ("gen_ai.input.messages", "user", &s.observation),
            ("gen_ai.output.messages", "assistant", &s.action),
        ]
    });
    for (key, role, text) in texts.into_iter().flatten().filter(|(_, _, text)| !text.is_empty()) {
        fields.push(KeyValue::new(key, message(role, text)));
    }
    Span {
        trace_id: trace.to_vec(),
        span_id: span_id(&[b"step", &trace, &step.to_be_bytes()]).to_vec(),
        parent_span_id: root.map(|r| r.to_vec()).unwrap_or_default(),
        name: "chat".to_owned(),
        kind: 1,
        start_time_unix_nano: nanos(at),
        end_time_unix_nano: nanos(at),
        attributes: fields,
        ..Span::default()
    }
}

/// The judgements of a step as events, each with the span it names.
fn evaluations<'a>(
    judged: &[&StepRecorded],
    snapshot: Option<(Timestamp, &SnapshotScored)>,
    added: impl Iterator<Item = (Timestamp, &'a ScoreAdded)>,
) -> Vec<(Option<String>, SpanEvent)> {
    let result = |at: Timestamp, attributes: Vec<KeyValue>| SpanEvent {
        time_unix_nano: nanos(at),
        name: RESULT.to_owned(),
        attributes,
        dropped_attributes_count: 0,
    };
    let mut events = Vec::new();
    for body in judged {
        let mut fields = write(&body.payload);
        if let Some(error) = &body.error {
            fields.push(KeyValue::new("error.type", AnyValue::text(error.kind.clone())));
        }
        fields.extend(part(&body.metadata, "attributes").map(attributes).unwrap_or_default());
        events.push((body.parent_span_id.clone(), result(body.started_at, fields)));
    }
    let is_judged =
        |path: &str| judged.iter().any(|b| b.payload.get("evaluation").and_then(Value::as_str) == Some(path));
    let score = |path: &str, value: f64| {
        vec![
            KeyValue::new("gen_ai.evaluation.name", AnyValue::text(path)),
            KeyValue::new("gen_ai.evaluation.score.value", from_json(&json!(value))),
        ]
    };
    if let Some((at, scored)) = snapshot {
        // A root that repeats the only evaluation is left out: reading adds it again.
        let one = judged.len() == 1;
        for (path, value) in
            scored.scores.iter().filter(|(path, _)| !(is_judged(path) || one && *path == "root"))
        {
            events.push((None, result(at, score(path, value))));
        }
    }
    for (at, added) in added.filter(|(_, added)| !is_judged(&added.path)) {
        let mut fields = score(&added.path, added.value.get());
        for (key, text) in [("score.label", &added.label), ("explanation", &added.explanation)] {
            if let Some(text) = text {
                fields.push(KeyValue::new(format!("gen_ai.evaluation.{key}"), AnyValue::text(text.clone())));
            }
        }
        events.push((None, result(at, fields)));
    }
    events
}
