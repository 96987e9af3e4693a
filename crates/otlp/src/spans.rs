//! A span becomes a step: its kind, typed payload, error, and everything else as metadata.

use gauntlet_model::{
    EpisodeFinished, EpisodeId, Event, Object, Status, StepError, StepKind, StepRecorded, Timestamp,
    decode_one,
};
use gauntlet_values::{Decimal, Reading};
use prost::Message;
use serde_json::{Value, json};

use crate::attributes::{MappedAttributes, gather, read};
use crate::draft::EventDraft;
use crate::encoding::Refusal;
use crate::error::{Exception, take_text};
use crate::ids::named;
use crate::item::{Item, StepKey, finished_id, is_large, step_id};
use crate::node::{Node, has_content, with_role};
use crate::proto::{Span, SpanStatus};
use crate::scores::{Evaluation, EvaluationContext, RESULT, is_evaluation};
use crate::source::Source;
use crate::span_metadata;
use crate::table::{CHOICE, JUDGEMENT, JUDGEMENTS, KINDS, MESSAGES};
use crate::times::instant;
use crate::value::{label, object, parse_json};

/// Bits of a span's flags: whether its parent is remote is known (0x100), and it is (0x200).
const REMOTE_PARENT: u32 = 0x300;

/// The items that a span becomes: itself, and what it judges where it is an evaluation.
///
/// # Errors
/// Why the span is refused: an id, a step number or a list of events that cannot be read.
pub(crate) fn items(span: &Span, source: &Source) -> Result<Vec<Item>, Refusal> {
    let ids = SpanIds::read(span)?;
    let times = SpanTimes::read(span, source);
    let mut attributes = object(&span.attributes);
    let mut item = bare_item(span, source, &ids, times.started, &mut attributes)?;
    // A span that our own exporter wrote carries its events as they were: nothing is derived from it.
    if item.exact.is_some() {
        return Ok(vec![item]);
    }
    let explicit_kind = attributes.shift_remove("gauntlet.step.kind").map(step_kind).transpose()?;

    // What judges this span: events, and attributes in the forms of other conventions. Attributes may judge
    // the whole trace instead.
    let judged =
        EvaluationContext { trace: &ids.trace, span: &ids.span, source, at: times.at, stamp: times.stamp };
    let (mut events, evaluations) = split_events(span, &judged, times.started);
    let from_attributes = attribute_evaluations(&mut attributes, &judged);
    item.evaluations = evaluations;
    item.evaluations.extend(from_attributes.of_span);

    // The exception of an event moves into the error before the events become metadata.
    let (status, error_type) = status(span, &mut attributes);
    let error = error(&status, error_type, &mut events);
    let MappedAttributes { mut payload, rest } = read(attributes);
    add_event_messages(&events, &mut payload);
    let kind = explicit_kind.unwrap_or_else(|| kind(&payload, error.is_some(), ids.parent.is_none()));
    let tool = payload.get("tool").and_then(Value::as_str).filter(|_| is_tool(kind));
    let name = Some(label(tool.unwrap_or(&span.name))).filter(|n| !n.is_empty());

    let unmapped =
        span_metadata::leftovers(span, &status, name.as_deref(), error.as_ref(), times.ended.is_none());
    let metadata = span_metadata::metadata(source, unmapped, rest, events, span);

    // A span whose parent is in another process is the entry of the trace into this one: it may be the only
    // span that is sent here, so it ends the episode like a root.
    let is_entry = ids.parent.is_none() || span.flags & REMOTE_PARENT == REMOTE_PARENT;
    if is_entry {
        let id = finished_id(&ids.trace, ids.parent.as_ref().map(|_| ids.span.as_str()));
        let body = episode_finished(&times, &payload, error.as_ref());
        item.finish = Some(EventDraft { id, at: times.at, body });
    }
    let judgement = is_evaluation(&payload).then(|| judgement(&payload, error.is_some(), &ids, &judged));
    // A span that judges is a reward, unless it names its own kind.
    let is_reward = judgement.is_some() && explicit_kind.is_none();
    let body = StepRecorded {
        step_kind: if is_reward { StepKind::Reward } else { kind },
        name,
        span_id: ids.span.clone(),
        parent_span_id: ids.parent.clone(),
        started_at: times.started,
        ended_at: times.ended,
        payload,
        error,
        metadata,
    };
    item.node = Node::from_step(&body, is_entry);
    item.record = Some(EventDraft { id: step_id(&ids.trace, &ids.span), at: times.started, body });
    Ok(with_judged(item, ids, judgement, from_attributes.of_trace))
}

/// The item of a span before anything is read but its identity. Takes what it uses from the attributes.
fn bare_item(
    span: &Span,
    source: &Source,
    ids: &SpanIds,
    started: Timestamp,
    attributes: &mut Object,
) -> Result<Item, Refusal> {
    Ok(Item {
        what: format!("span {} of trace {}", ids.span, ids.trace),
        episode: Some(EpisodeId::new(ids.trace.clone())?),
        place: StepKey::Span(ids.trace.clone(), ids.span.clone()),
        is_root: ids.parent.is_none(),
        at: started,
        step: step_number(attributes.shift_remove("gauntlet.step"))?,
        task: take_text(attributes, "gauntlet.task"),
        is_large: is_large(span.encoded_len() + source.bytes),
        exact: exact_events(attributes.shift_remove("gauntlet.events"))?,
        record: None,
        evaluations: Vec::new(),
        node: Node::default(),
        finish: None,
    })
}

/// The ids of a span in hex digits.
struct SpanIds {
    trace: String,
    span: String,
    parent: Option<String>,
}

impl SpanIds {
    fn read(span: &Span) -> Result<Self, Refusal> {
        let trace = named(&span.trace_id, 16).ok_or_else(|| {
            format!("traceId {:?} is not 16 bytes, not all zero", hex::encode(&span.trace_id))
        })?;
        let id = named(&span.span_id, 8)
            .ok_or_else(|| format!("spanId {:?} is not 8 bytes, not all zero", hex::encode(&span.span_id)))?;
        // Zeros mean "no parent", as does an empty id.
        let parent = match span.parent_span_id.iter().all(|b| *b == 0) {
            true => None,
            false => Some(named(&span.parent_span_id, 8).ok_or_else(|| {
                format!("parentSpanId {:?} is not 8 bytes", hex::encode(&span.parent_span_id))
            })?),
        };
        Ok(Self { trace, span: id, parent })
    }
}

/// The times of a span.
struct SpanTimes {
    /// Its start; where that is unknown its end, or else the time of arrival.
    started: Timestamp,
    /// Its end, where that is known and not before the start.
    ended: Option<Timestamp>,
    /// When it was over, as far as is known.
    at: Timestamp,
    /// The later of its times as sent, in nanoseconds: the same in a retry, unlike `at`.
    stamp: u64,
}

impl SpanTimes {
    fn read(span: &Span, source: &Source) -> Self {
        let end = instant(span.end_time_unix_nano);
        let started = instant(span.start_time_unix_nano).or(end).unwrap_or(source.received);
        let ended = end.filter(|end| *end >= started);
        let stamp = span.end_time_unix_nano.max(span.start_time_unix_nano);
        Self { started, ended, at: ended.unwrap_or(started), stamp }
    }
}

/// The judgement that a span of an evaluator is. It judges the span's parent, or itself where there is none.
/// Its ids are made of the span's, which are more reliable than its content.
fn judgement(
    payload: &Object,
    has_failed: bool,
    ids: &SpanIds,
    judged: &EvaluationContext<'_>,
) -> Evaluation {
    let judged = EvaluationContext { span: ids.parent.as_deref().unwrap_or(&ids.span), ..*judged };
    let mut evaluation = Evaluation::from_payload(payload, has_failed, &judged);
    evaluation.score_id = crate::ids::event_id(&[b"score", ids.trace.as_bytes(), ids.span.as_bytes()]);
    evaluation.record_event_id = step_id(&ids.trace, &ids.span);
    evaluation
}

/// The item, and one more for each other step that it judges: its parent, the root of its trace.
fn with_judged(
    mut item: Item,
    ids: SpanIds,
    judgement: Option<Evaluation>,
    of_trace: Vec<Evaluation>,
) -> Vec<Item> {
    let mut others: Vec<(StepKey, Vec<Evaluation>)> = Vec::new();
    match (judgement, ids.parent) {
        (Some(evaluation), Some(parent)) => {
            others.push((StepKey::Span(ids.trace.clone(), parent), vec![evaluation]));
        }
        (Some(evaluation), None) => item.evaluations.push(evaluation),
        (None, _) => {}
    }
    if item.is_root {
        item.evaluations.extend(of_trace);
    } else if !of_trace.is_empty() {
        others.push((StepKey::Trace(ids.trace), of_trace));
    }
    let others: Vec<Item> =
        others.into_iter().map(|(key, evaluations)| item.judging(key, evaluations)).collect();
    std::iter::once(item).chain(others).collect()
}

/// A span's status and `error.type`, both taken out of the attributes. Langfuse has a level and a message
/// among the attributes instead.
fn status(span: &Span, attributes: &mut Object) -> (SpanStatus, Option<String>) {
    let mut error_type = take_text(attributes, "error.type");
    let mut status = span.status.clone().unwrap_or_default();
    if attributes.get("langfuse.observation.level").is_some_and(|level| level == "ERROR") {
        error_type.get_or_insert_with(|| "error".to_owned());
        let message = attributes.get("langfuse.observation.status_message").and_then(Value::as_str);
        if status.message.is_empty() {
            status.message = message.unwrap_or_default().to_owned();
        }
    }
    (status, error_type)
}

/// Evaluations in a span's attributes.
#[derive(Default)]
struct SpanEvaluations {
    of_span: Vec<Evaluation>,
    of_trace: Vec<Evaluation>,
}

/// Takes the evaluations out of the attributes. One without a name judges nothing and stays.
fn attribute_evaluations(attributes: &mut Object, judged: &EvaluationContext<'_>) -> SpanEvaluations {
    let mut found = SpanEvaluations::default();
    for (list, prefix, is_of_trace) in JUDGEMENTS {
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
            let fields = fields.iter().map(|(field, value)| (key(field), value.clone())).collect();
            let evaluation = Evaluation::from_attributes(fields, Object::new(), judged);
            if *is_of_trace { found.of_trace.push(evaluation) } else { found.of_span.push(evaluation) }
        }
    }
    found
}

fn step_number(value: Option<Value>) -> Result<Option<u64>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    let most = gauntlet_model::MAX_STEP;
    let refuse = || format!("gauntlet.step {value} is not a whole number from 0 to {most}");
    match gauntlet_values::step(&value, Decimal::Point) {
        Reading::Value(step) => Ok(Some(step)),
        Reading::NotEvaluated => Ok(None),
        Reading::Invalid => Err(refuse().into()),
    }
}

fn step_kind(value: Value) -> Result<StepKind, Refusal> {
    serde_json::from_value(value.clone())
        .map_err(|_| format!("gauntlet.step.kind {value} is not a kind of step").into())
}

/// The events of an export of Gauntlet, which are appended unchanged.
fn exact_events(value: Option<Value>) -> Result<Option<Vec<Event>>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    let list = value.as_array().ok_or_else(|| "gauntlet.events is not a list of texts".to_owned())?;
    let read = |(i, text): (usize, &Value)| {
        let text = text.as_str().ok_or_else(|| format!("gauntlet.events[{i}] is not a text"))?;
        decode_one(text).map_err(|e| Refusal::from(format!("gauntlet.events[{i}].{e}")))
    };
    list.iter().enumerate().map(read).collect::<Result<_, _>>().map(Some)
}

/// The kind of a step, by its payload. A tool call that failed is its result; an agent span at the root is a
/// decision: it is not a handoff, since there is no agent before it.
fn kind(payload: &Object, failed: bool, is_root: bool) -> StepKind {
    let by_payload = KINDS.iter().find_map(|(field, values)| {
        let word = payload.get(*field)?.as_str()?.to_ascii_lowercase();
        values.iter().find(|(value, _)| *value == word).map(|(_, kind)| *kind)
    });
    match by_payload {
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

/// A span's events for the metadata, and the evaluations among them.
fn split_events(
    span: &Span,
    judged: &EvaluationContext<'_>,
    started: Timestamp,
) -> (Vec<Value>, Vec<Evaluation>) {
    let mut plain_events = Vec::new();
    let mut evaluations = Vec::new();
    for event in &span.events {
        let attributes = object(&event.attributes);
        if event.name == RESULT && attributes.contains_key("gen_ai.evaluation.name") {
            let at = instant(event.time_unix_nano).unwrap_or(started);
            let judged = EvaluationContext { at, stamp: event.time_unix_nano, ..*judged };
            evaluations.push(Evaluation::from_attributes(attributes, Object::new(), &judged));
        } else {
            plain_events.push(span_metadata::plain_event(event, attributes));
        }
    }
    (plain_events, evaluations)
}

/// Adds messages that a span has as events, as instrumentations before log records wrote them. Where the span
/// has them as attributes too, those count.
fn add_event_messages(events: &[Value], payload: &mut Object) {
    let known = ["input", "output"].map(|field| payload.contains_key(field));
    for event in events {
        let Some(name) = event["name"].as_str() else { continue };
        let Some((_, speaker)) = MESSAGES.iter().find(|(known, _)| *known == name) else { continue };
        let attributes = &event["attributes"];
        let body = ["gen_ai.event.content", "message", "content"].iter().find_map(|key| attributes.get(*key));
        let Some(body) = body.cloned().map(parse_json) else { continue };
        let (field, is_known, message) = match *speaker {
            CHOICE => ("output", known[1], body.get("message").cloned().unwrap_or(body)),
            speaker => ("input", known[0], with_role(speaker, body)),
        };
        if is_known || !has_content(&message) {
            continue;
        }
        if let Value::Array(list) = payload.entry(field).or_insert_with(|| json!([])) {
            list.push(message);
        }
    }
}

/// The error of a span that failed, by its status, its `error.type` or an exception event. The text of the
/// last exception moves from its event into the error.
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

/// The end of the episode that a root or entry span is. `cost` comes from the payload, the rest from the span
/// itself.
fn episode_finished(times: &SpanTimes, payload: &Object, error: Option<&StepError>) -> EpisodeFinished {
    let micros = times.ended.map(|end| end.micros().saturating_sub(times.started.micros()));
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
