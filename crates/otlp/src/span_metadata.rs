//! The metadata of a span's step: what no field of the step holds.

use gauntlet_model::{Object, StepError};
use serde_json::{Value, json};

use crate::proto::{Span, SpanEvent, SpanLink, SpanStatus};
use crate::source::{Source, note};
use crate::times::is_plain;
use crate::value::object;

/// The names of span kinds, by their number.
pub(crate) const SPAN_KINDS: [&str; 6] =
    ["unspecified", "internal", "server", "client", "producer", "consumer"];
/// The metadata of a span's step: where it comes from, and everything that no field of the step takes.
pub(crate) fn metadata(
    source: &Source,
    unmapped: Object,
    rest: Object,
    events: Vec<Value>,
    span: &Span,
) -> Object {
    let mut metadata = source.metadata();
    note(&mut metadata, "span", unmapped);
    note(&mut metadata, "attributes", rest);
    for (key, list) in [("events", events), ("links", span.links.iter().map(link).collect())] {
        if !list.is_empty() {
            metadata.insert(key.to_owned(), Value::Array(list));
        }
    }
    metadata
}

/// An event of a span as a value of the metadata.
pub(crate) fn plain_event(event: &SpanEvent, attributes: Object) -> Value {
    let mut fields = Object::new();
    fields.insert("name".to_owned(), json!(event.name));
    fields.insert("time_unix_nano".to_owned(), json!(event.time_unix_nano.to_string()));
    if event.dropped_attributes_count != 0 {
        fields.insert("dropped_attributes_count".to_owned(), json!(event.dropped_attributes_count));
    }
    note(&mut fields, "attributes", attributes);
    Value::Object(fields)
}

fn link(link: &SpanLink) -> Value {
    let mut fields = Object::new();
    fields.insert("trace_id".to_owned(), json!(hex::encode(&link.trace_id)));
    fields.insert("span_id".to_owned(), json!(hex::encode(&link.span_id)));
    if !link.trace_state.is_empty() {
        fields.insert("trace_state".to_owned(), json!(link.trace_state));
    }
    for (key, number) in [("flags", link.flags), ("dropped_attributes_count", link.dropped_attributes_count)]
    {
        if number != 0 {
            fields.insert(key.to_owned(), json!(number));
        }
    }
    note(&mut fields, "attributes", object(&link.attributes));
    Value::Object(fields)
}

/// The fields of a span that no field of the step holds.
pub(crate) fn leftovers(
    span: &Span,
    status: &SpanStatus,
    name: Option<&str>,
    error: Option<&StepError>,
    is_open: bool,
) -> Object {
    let mut fields = Object::new();
    let mut set = |key: &str, value: Value| drop(fields.insert(key.to_owned(), value));
    if name != Some(span.name.as_str()) {
        set("name", json!(span.name));
    }
    if span.kind != 0 {
        let word = usize::try_from(span.kind).ok().and_then(|k| SPAN_KINDS.get(k));
        set("kind", word.map_or_else(|| json!(span.kind), |word| json!(word)));
    }
    if status.code != if error.is_some() { 2 } else { 0 } {
        set("status_code", json!(status.code));
    }
    if !status.message.is_empty() && error.is_none_or(|e| e.message != status.message) {
        set("status_message", json!(status.message));
    }
    let has_odd_time = !is_plain(span.start_time_unix_nano);
    if has_odd_time {
        set("start_time_unix_nano", json!(span.start_time_unix_nano.to_string()));
    }
    if (is_open || has_odd_time) && span.end_time_unix_nano != 0 {
        set("end_time_unix_nano", json!(span.end_time_unix_nano.to_string()));
    }
    if !span.trace_state.is_empty() {
        set("trace_state", json!(span.trace_state));
    }
    if span.flags != 0 {
        set("flags", json!(span.flags));
    }
    for (key, count) in [
        ("dropped_attributes_count", span.dropped_attributes_count),
        ("dropped_events_count", span.dropped_events_count),
        ("dropped_links_count", span.dropped_links_count),
    ] {
        if count != 0 {
            set(key, json!(count));
        }
    }
    fields
}
