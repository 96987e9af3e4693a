//! A span becomes a step: its kind, typed payload, error, and everything else as metadata.

use gauntlet_model::{
    EpisodeFinished, EpisodeId, Event, Object, Status, StepError, StepKind, StepRecorded, Timestamp,
    decode_one,
};
use gauntlet_values::{Decimal, Reading};
use prost::Message;
use serde_json::{Value, json};

use crate::attributes::{MappedAttributes, gather, read};
use crate::error::{Exception, take_text};
use crate::ids::{hex, named};
use crate::item::{EventDraft, Item, StepKey, finished_id, is_large, step_id};
use crate::node::{Node, with_role};
use crate::proto::{Span, SpanEvent, SpanLink, SpanStatus};
use crate::scores::{Evaluation, Judged, RESULT, is_evaluation};
use crate::source::{Source, note};
use crate::table::{CHOICE, JUDGEMENT, JUDGEMENTS, KINDS, MESSAGES};
use crate::times::{instant, is_plain};
use crate::value::{label, object, parse_json};

/// The words of span kinds, by their number.
pub(crate) const SPAN_KINDS: [&str; 6] =
    ["unspecified", "internal", "server", "client", "producer", "consumer"];
/// Bits of a span's flags: it says whether its parent is remote, and it is.
const REMOTE_PARENT: u32 = 0x300;

/// The items a span becomes: itself, and what it judges where it is an evaluation. Says why it is refused.
pub(crate) fn items(span: &Span, source: &Source) -> Result<Vec<Item>, String> {
    let trace = named(&span.trace_id, 16)
        .ok_or_else(|| format!("traceId {:?} is not 16 bytes, not all zero", hex(&span.trace_id)))?;
    let id = named(&span.span_id, 8)
        .ok_or_else(|| format!("spanId {:?} is not 8 bytes, not all zero", hex(&span.span_id)))?;
    let parent = match span.parent_span_id.iter().all(|b| *b == 0) {
        true => None,
        false => Some(
            named(&span.parent_span_id, 8)
                .ok_or_else(|| format!("parentSpanId {:?} is not 8 bytes", hex(&span.parent_span_id)))?,
        ),
    };
    let episode = EpisodeId::new(trace.clone()).map_err(|e| e.to_string())?;
    let mut attributes = object(&span.attributes);
    let ended = instant(span.end_time_unix_nano);
    let started_at = instant(span.start_time_unix_nano).or(ended).unwrap_or(source.received);
    let ended_at = ended.filter(|ended| *ended >= started_at);
    let mut item = Item {
        what: format!("span {id} of trace {trace}"),
        episode: Some(episode),
        place: StepKey::Span(trace.clone(), id.clone()),
        is_root: parent.is_none(),
        at: started_at,
        step: step_number(attributes.shift_remove("gauntlet.step"))?,
        task: take_text(&mut attributes, "gauntlet.task"),
        is_large: is_large(span.encoded_len() + source.bytes),
        exact: exact(attributes.shift_remove("gauntlet.events"))?,
        record: None,
        evaluations: Vec::new(),
        node: Node::default(),
        finish: None,
    };
    if item.exact.is_some() {
        return Ok(vec![item]);
    }
    let asked_kind = attributes.shift_remove("gauntlet.step.kind").map(step_kind).transpose()?;

    let (mut events, evaluations) = events(span, &trace, &id, source, started_at);
    item.evaluations = evaluations;
    let at = ended_at.unwrap_or(started_at);
    let stamp = span.end_time_unix_nano.max(span.start_time_unix_nano);
    let judgements_found =
        judgements(&mut attributes, &Judged { trace: &trace, span: &id, source, at, stamp });
    item.evaluations.extend(judgements_found.of_span);
    let mut error_type = take_text(&mut attributes, "error.type");
    let mut status = span.status.clone().unwrap_or_default();
    // Langfuse has a level and a message of its own instead of a status.
    if attributes.get("langfuse.observation.level").is_some_and(|level| level == "ERROR") {
        error_type.get_or_insert_with(|| "error".to_owned());
        let message = attributes.get("langfuse.observation.status_message").and_then(Value::as_str);
        if status.message.is_empty() {
            status.message = message.unwrap_or_default().to_owned();
        }
    }
    let error = error(&status, error_type, &mut events);
    let MappedAttributes { mut payload, rest } = read(attributes);
    messages_of_events(&events, &mut payload);
    let kind = asked_kind.unwrap_or_else(|| kind(&payload, error.is_some(), parent.is_none()));
    let tool = payload.get("tool").and_then(Value::as_str).filter(|_| is_tool(kind));
    let name = Some(label(tool.unwrap_or(&span.name))).filter(|n| !n.is_empty());

    let mut metadata = source.metadata();
    note(
        &mut metadata,
        "span",
        leftovers(span, &status, name.as_deref(), error.as_ref(), ended_at.is_none()),
    );
    note(&mut metadata, "attributes", rest);
    for (key, list) in [("events", events), ("links", span.links.iter().map(link).collect())] {
        if !list.is_empty() {
            metadata.insert(key.to_owned(), Value::Array(list));
        }
    }

    let is_entry = parent.is_none() || span.flags & REMOTE_PARENT == REMOTE_PARENT;
    if is_entry {
        let id = finished_id(&trace, parent.as_ref().map(|_| id.as_str()));
        item.finish =
            Some(EventDraft { id, at, body: finish(started_at, ended_at, &payload, error.as_ref()) });
    }
    let judges = (is_evaluation(&payload)).then(|| {
        let judged = Judged { trace: &trace, span: parent.as_deref().unwrap_or(&id), source, at, stamp };
        let mut evaluation = Evaluation::from_payload(&payload, error.is_some(), &judged);
        // A span's own id is firmer than what it says.
        evaluation.score_id = crate::ids::event_id(&[b"score", trace.as_bytes(), id.as_bytes()]);
        evaluation.record_event_id = step_id(&trace, &id);
        evaluation
    });
    let body = StepRecorded {
        step_kind: if judges.is_some() && asked_kind.is_none() { StepKind::Reward } else { kind },
        name,
        span_id: id.clone(),
        parent_span_id: parent.clone(),
        started_at,
        ended_at,
        payload,
        error,
        metadata,
    };
    item.node = Node::from_step(&body, is_entry);
    item.record = Some(EventDraft { id: step_id(&trace, &id), at: started_at, body });

    let mut others: Vec<(StepKey, Vec<Evaluation>)> = Vec::new();
    match (judges, parent) {
        (Some(evaluation), Some(parent)) => {
            others.push((StepKey::Span(trace.clone(), parent), vec![evaluation]))
        }
        (Some(evaluation), None) => item.evaluations.push(evaluation),
        (None, _) => {}
    }
    if item.is_root {
        item.evaluations.extend(judgements_found.of_trace);
    } else if !judgements_found.of_trace.is_empty() {
        others.push((StepKey::Trace(trace), judgements_found.of_trace));
    }
    let others: Vec<Item> = others.into_iter().map(|(place, said)| item.judging(place, said)).collect();
    Ok(std::iter::once(item).chain(others).collect())
}

/// Judgements that stand in a span's attributes.
#[derive(Default)]
struct SpanEvaluations {
    of_span: Vec<Evaluation>,
    of_trace: Vec<Evaluation>,
}

/// Takes them out of the attributes.
fn judgements(attributes: &mut Object, judged: &Judged<'_>) -> SpanEvaluations {
    let mut judgements_found = SpanEvaluations::default();
    for (list, prefix, is_of_trace) in JUDGEMENTS {
        // One that has no name judges nothing: it stays among the attributes.
        let name = format!("{prefix}.name");
        let is_named = |key: &String| key.starts_with(list) && key.ends_with(&name);
        if !attributes.keys().any(is_named) {
            continue;
        }
        for item in gather(attributes, list).into_iter().flatten() {
            let Some(fields) = item.get(*prefix).and_then(Value::as_object) else { continue };
            let key = |field: &str| {
                let known = JUDGEMENT.iter().find(|(name, _)| *name == field);
                known.map_or_else(|| format!("{prefix}.{field}"), |(_, attribute)| (*attribute).to_owned())
            };
            let said = fields.iter().map(|(field, value)| (key(field), value.clone())).collect();
            let evaluation = Evaluation::from_attributes(said, Object::new(), judged);
            if *is_of_trace {
                judgements_found.of_trace.push(evaluation)
            } else {
                judgements_found.of_span.push(evaluation)
            }
        }
    }
    judgements_found
}

fn step_number(value: Option<Value>) -> Result<Option<u64>, String> {
    let Some(value) = value else { return Ok(None) };
    let most = gauntlet_model::MAX_STEP;
    let refuse = || format!("gauntlet.step {value} is not a whole number from 0 to {most}");
    match gauntlet_values::step(&value, Decimal::Point) {
        Reading::Value(step) => Ok(Some(step)),
        Reading::NotEvaluated => Ok(None),
        Reading::Invalid => Err(refuse()),
    }
}

fn step_kind(value: Value) -> Result<StepKind, String> {
    serde_json::from_value(value.clone())
        .map_err(|_| format!("gauntlet.step.kind {value} is no kind of step"))
}

/// Events of an export, to be appended as they were.
fn exact(value: Option<Value>) -> Result<Option<Vec<Event>>, String> {
    let Some(value) = value else { return Ok(None) };
    let list = value.as_array().ok_or("gauntlet.events is not a list of texts")?;
    let read = |(i, text): (usize, &Value)| {
        let text = text.as_str().ok_or_else(|| format!("gauntlet.events[{i}] is not a text"))?;
        decode_one(text).map_err(|e| format!("gauntlet.events[{i}].{e}"))
    };
    list.iter().enumerate().map(read).collect::<Result<_, _>>().map(Some)
}

/// What a payload says a step is. A failed call of a tool is its result; an agent called by nobody decides.
fn kind(payload: &Object, failed: bool, is_root: bool) -> StepKind {
    let said = KINDS.iter().find_map(|(field, values)| {
        let word = payload.get(*field)?.as_str()?.to_ascii_lowercase();
        values.iter().find(|(value, _)| *value == word).map(|(_, kind)| *kind)
    });
    match said {
        Some(StepKind::ToolCall) if failed => StepKind::ToolResult,
        Some(StepKind::Handoff) if is_root => StepKind::Decision,
        Some(kind) => kind,
        None if failed => StepKind::Error,
        None => StepKind::Observation,
    }
}

pub(crate) fn is_tool(kind: StepKind) -> bool {
    matches!(kind, StepKind::ToolCall | StepKind::ToolResult)
}

/// A span's events as metadata keeps them, and the evaluations among them.
fn events(
    span: &Span,
    trace: &str,
    id: &str,
    source: &Source,
    started_at: Timestamp,
) -> (Vec<Value>, Vec<Evaluation>) {
    let mut plain_events = Vec::new();
    let mut evaluations = Vec::new();
    for event in &span.events {
        let attributes = object(&event.attributes);
        if event.name == RESULT && attributes.contains_key("gen_ai.evaluation.name") {
            let at = instant(event.time_unix_nano).unwrap_or(started_at);
            let judged = Judged { trace, span: id, source, at, stamp: event.time_unix_nano };
            evaluations.push(Evaluation::from_attributes(attributes, Object::new(), &judged));
        } else {
            plain_events.push(plain_event(event, attributes));
        }
    }
    (plain_events, evaluations)
}

/// Messages that stand in events of the span, as instrumentations before log records wrote them.
fn messages_of_events(events: &[Value], payload: &mut Object) {
    // What the span's own attributes say is not said twice.
    let known = ["input", "output"].map(|field| payload.contains_key(field));
    for event in events {
        let Some(name) = event["name"].as_str() else { continue };
        let Some((_, speaker)) = MESSAGES.iter().find(|(known, _)| *known == name) else { continue };
        let attributes = &event["attributes"];
        let said = ["gen_ai.event.content", "message", "content"].iter().find_map(|key| attributes.get(*key));
        let Some(said) = said.cloned().map(parse_json) else { continue };
        let (field, is_known, message) = match *speaker {
            CHOICE => ("output", known[1], said.get("message").cloned().unwrap_or(said)),
            speaker => ("input", known[0], with_role(speaker, said)),
        };
        if is_known {
            continue;
        }
        if let Value::Array(list) = payload.entry(field).or_insert_with(|| json!([])) {
            list.push(message);
        }
    }
}

fn plain_event(event: &SpanEvent, attributes: Object) -> Value {
    let mut said = Object::new();
    said.insert("name".to_owned(), json!(event.name));
    said.insert("time_unix_nano".to_owned(), json!(event.time_unix_nano.to_string()));
    if event.dropped_attributes_count != 0 {
        said.insert("dropped_attributes_count".to_owned(), json!(event.dropped_attributes_count));
    }
    note(&mut said, "attributes", attributes);
    Value::Object(said)
}

fn link(link: &SpanLink) -> Value {
    let mut said = Object::new();
    said.insert("trace_id".to_owned(), json!(hex(&link.trace_id)));
    said.insert("span_id".to_owned(), json!(hex(&link.span_id)));
    if !link.trace_state.is_empty() {
        said.insert("trace_state".to_owned(), json!(link.trace_state));
    }
    for (key, number) in [("flags", link.flags), ("dropped_attributes_count", link.dropped_attributes_count)]
    {
        if number != 0 {
            said.insert(key.to_owned(), json!(number));
        }
    }
    note(&mut said, "attributes", object(&link.attributes));
    Value::Object(said)
}

/// The error of a span, where its status, `error.type` or an exception says that it failed. The words of the
/// last exception move from its event into the error.
fn error(status: &SpanStatus, kind: Option<String>, events: &mut [Value]) -> Option<StepError> {
    const OK: i32 = 1;
    const ERROR: i32 = 2;
    let last = events.iter_mut().rev().find(|e| e["name"] == "exception");
    let failed = status.code == ERROR || kind.is_some() || (status.code != OK && last.is_some());
    if !failed {
        return None;
    }
    let taken = last.and_then(|event| event.get_mut("attributes")?.as_object_mut()).and_then(Exception::take);
    Some(taken.unwrap_or_default().into_error(kind, &status.message))
}

/// What of a span has no other place.
fn leftovers(
    span: &Span,
    status: &SpanStatus,
    name: Option<&str>,
    error: Option<&StepError>,
    is_open: bool,
) -> Object {
    let mut said = Object::new();
    let mut say = |key: &str, value: Value| drop(said.insert(key.to_owned(), value));
    if name != Some(span.name.as_str()) {
        say("name", json!(span.name));
    }
    if span.kind != 0 {
        let word = usize::try_from(span.kind).ok().and_then(|k| SPAN_KINDS.get(k));
        say("kind", word.map_or_else(|| json!(span.kind), |word| json!(word)));
    }
    if status.code != if error.is_some() { 2 } else { 0 } {
        say("status_code", json!(status.code));
    }
    if !status.message.is_empty() && error.is_none_or(|e| e.message != status.message) {
        say("status_message", json!(status.message));
    }
    let has_odd_time = !is_plain(span.start_time_unix_nano);
    if has_odd_time {
        say("start_time_unix_nano", json!(span.start_time_unix_nano.to_string()));
    }
    if (is_open || has_odd_time) && span.end_time_unix_nano != 0 {
        say("end_time_unix_nano", json!(span.end_time_unix_nano.to_string()));
    }
    if !span.trace_state.is_empty() {
        say("trace_state", json!(span.trace_state));
    }
    if span.flags != 0 {
        say("flags", json!(span.flags));
    }
    for (key, count) in [
        ("dropped_attributes_count", span.dropped_attributes_count),
        ("dropped_events_count", span.dropped_events_count),
        ("dropped_links_count", span.dropped_links_count),
    ] {
        if count != 0 {
            say(key, json!(count));
        }
    }
    said
}

fn finish(
    started: Timestamp,
    ended: Option<Timestamp>,
    payload: &Object,
    error: Option<&StepError>,
) -> EpisodeFinished {
    let micros = ended.map(|end| end.micros().saturating_sub(started.micros()));
    let cost = payload.get("cost").and_then(|cost| gauntlet_values::number(cost, Decimal::Point).value());
    let cost = cost.filter(|cost| *cost >= 0.0);
    EpisodeFinished {
        status: if error.is_some() { Status::Failed } else { Status::Completed },
        return_: None,
        latency_ms: micros.map(|m| m as f64 / 1e3),
        cost,
        error: error.map(|e| if e.message.is_empty() { e.kind.clone() } else { e.message.clone() }),
    }
}
