//! A log record becomes an evaluation, a message of the model call it names, or a step of its own.

use gauntlet_model::{EpisodeId, Object, StepError, StepKind, StepRecorded, Timestamp};
use prost::Message;
use serde_json::{Value, json};

use crate::attributes::{MappedAttributes, read};
use crate::draft::EventDraft;
use crate::encoding::Refusal;
use crate::error::{Exception, take_text};
use crate::ids::{event_id, named, span_id};
use crate::item::{Item, StepKey, is_large};
use crate::node::{Node, speaker};
use crate::proto::LogRecord;
use crate::scores::{Evaluation, EvaluationContext, RESULT};
use crate::source::{Source, note};
use crate::times::instant;
use crate::value::{label, object, to_json};

/// The lowest severity of an error.
const ERROR: i32 = 17;

/// The item of a log record.
///
/// # Errors
/// Why it is refused: an id that cannot be read.
pub(crate) fn item(record: &LogRecord, source: &Source) -> Result<Item, Refusal> {
    let id = |bytes: &[u8], size: usize, field: &str| match bytes.iter().all(|b| *b == 0) {
        true => Ok(None),
        false => match named(bytes, size) {
            Some(id) => Ok(Some(id)),
            None => Err(Refusal::from(format!("{field} {:?} is not {size} bytes", hex::encode(bytes)))),
        },
    };
    let trace = id(&record.trace_id, 16, "traceId")?;
    let span = id(&record.span_id, 8, "spanId")?.filter(|_| trace.is_some());
    let nanos =
        if record.time_unix_nano == 0 { record.observed_time_unix_nano } else { record.time_unix_nano };
    let at = instant(nanos).unwrap_or(source.received);
    let mut attributes = object(&record.attributes);
    let named = take_text(&mut attributes, "event.name");
    let name =
        if record.event_name.is_empty() { named.unwrap_or_default() } else { record.event_name.clone() };
    let log_id = event_id(&[b"log", &record.encode_to_vec()]);
    let episode = trace.clone().map(EpisodeId::new).transpose()?;
    let mut item = Item {
        what: format!("log record {name:?} at {at}"),
        episode,
        place: match (&trace, &span) {
            (Some(trace), Some(span)) => StepKey::Span(trace.clone(), span.clone()),
            (Some(trace), None) => StepKey::Trace(trace.clone()),
            (None, _) => StepKey::Event(log_id),
        },
        is_root: false,
        at,
        step: None,
        task: None,
        is_large: is_large(record.encoded_len() + source.bytes),
        exact: None,
        record: None,
        evaluations: Vec::new(),
        node: Node::unknown(at),
        finish: None,
    };
    if name == RESULT && attributes.contains_key("gen_ai.evaluation.name") {
        let (trace, span) = (trace.unwrap_or_default(), span.unwrap_or_default());
        let judged = EvaluationContext { trace: &trace, span: &span, source, at, stamp: nanos };
        item.evaluations.push(Evaluation::from_attributes(attributes, leftovers(record, &name), &judged));
        return Ok(item);
    }
    let record =
        EventDraft { id: log_id, at, body: step(record, at, &name, attributes, source, log_id.as_bytes()) };
    // A message of a model call gets the number of the call's span; any other record is a step of its own.
    if speaker(&record.body).is_none() || span.is_none() {
        item.place = StepKey::Event(log_id);
    }
    item.record = Some(record);
    Ok(item)
}

fn step(
    record: &LogRecord,
    at: Timestamp,
    name: &str,
    mut attributes: Object,
    source: &Source,
    log_id: &[u8],
) -> StepRecorded {
    let kind = take_text(&mut attributes, "error.type");
    let exception = Exception::take(&mut attributes);
    let body = record.body.as_ref().map(to_json);
    let error: Option<StepError> = (exception.is_some() || kind.is_some() || record.severity_number >= ERROR)
        .then(|| {
            let fields = body.as_ref().and_then(Value::as_str).unwrap_or_default();
            let severity = Some(record.severity_text.clone()).filter(|t| !t.is_empty());
            exception.unwrap_or_default().into_error(kind.or(severity), fields)
        });
    let MappedAttributes { mut payload, rest } = read(attributes);
    if let Some(body) = body {
        payload.insert("body".to_owned(), body);
    }
    let mut metadata = source.metadata();
    metadata.extend(leftovers(record, name));
    note(&mut metadata, "attributes", rest);
    let names = [name, &record.severity_text].map(label);
    StepRecorded {
        step_kind: if error.is_some() { StepKind::Error } else { StepKind::Message },
        name: names.into_iter().find(|n| !n.is_empty()),
        span_id: hex::encode(span_id(&[b"log", log_id])),
        parent_span_id: named(&record.span_id, 8),
        started_at: at,
        ended_at: None,
        payload,
        error,
        metadata,
    }
}

/// The fields of a record that no field of the step holds.
fn leftovers(record: &LogRecord, name: &str) -> Object {
    let mut fields = Object::new();
    let mut set = |key: &str, value: Value| drop(fields.insert(key.to_owned(), value));
    if !name.is_empty() {
        set("event_name", json!(name));
    }
    if record.severity_number != 0 {
        set("severity_number", json!(record.severity_number));
    }
    if !record.severity_text.is_empty() {
        set("severity_text", json!(record.severity_text));
    }
    if record.observed_time_unix_nano != 0 {
        set("observed_time_unix_nano", json!(record.observed_time_unix_nano.to_string()));
    }
    if record.flags != 0 {
        set("flags", json!(record.flags));
    }
    if record.dropped_attributes_count != 0 {
        set("dropped_attributes_count", json!(record.dropped_attributes_count));
    }
    let mut metadata = Object::new();
    note(&mut metadata, "log", fields);
    metadata
}
