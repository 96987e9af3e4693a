//! Which run a span or log record belongs to, and what that run is.

use gauntlet_model::{MAX_TAGS, Object, RunId, RunSpec};
use serde_json::{Value, json};

use crate::item::Item;
use crate::source::Source;
use crate::table;
use crate::value::{cut, label};

/// Who names a run, the firmest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Firmness {
    Service,
    Session,
    Conversation,
}

/// A run as a span or log record names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub firmness: Firmness,
    /// The name as it was written.
    pub name: String,
}

/// The run the resource itself names. Says why it cannot.
pub(crate) fn explicit(source: &Source) -> Result<Option<RunId>, String> {
    let Some(value) = source.own.get("gauntlet.run.id") else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| format!("gauntlet.run.id {value} is not a text"))?;
    RunId::new(text).map(Some).map_err(|e| format!("gauntlet.run.id: {}", e.message))
}

/// The run that an item's conversation, session or service names.
pub(crate) fn implied(item: &Item, source: &Source) -> Named {
    let record = item
        .record
        .as_ref()
        .map(|r| &r.body)
        .or_else(|| item.evaluations.iter().find_map(|e| e.record.as_ref()).map(|r| &r.body));
    let text =
        |field: &str| record.and_then(|r| r.payload.get(field)?.as_str()).filter(|t| !t.trim().is_empty());
    let of = |firmness, name: &str| Named { firmness, name: name.to_owned() };
    if let Some(name) = source.text("gen_ai.conversation.id").or_else(|| text("conversation")) {
        return of(Firmness::Conversation, name);
    }
    if let Some(name) = source.text("session.id").or_else(|| text("session")) {
        return of(Firmness::Session, name);
    }
    of(Firmness::Service, source.text("service.name").unwrap_or("unknown_service"))
}

/// The id of a run that a conversation, session or service names: the name itself, with what no id may contain
/// replaced.
pub(crate) fn run_id(name: &str) -> Result<RunId, String> {
    let plain: String =
        name.chars().map(|c| if c.is_control() || matches!(c, '/' | '\\') { '-' } else { c }).collect();
    let plain = match cut(plain.trim(), 200).trim_end() {
        "" => "unknown_service",
        "." | ".." => "-",
        plain => plain,
    };
    RunId::new(plain).map_err(|e| e.to_string())
}

/// What a run is that begins with this item.
pub(crate) fn spec(run: &RunId, name: &str, source: &Source, items: &[Item]) -> RunSpec {
    let own = |key: &str| source.own.get(key);
    let text = |key: &str| own(key).and_then(Value::as_str).map(label).filter(|t| !t.is_empty());
    let service = source.text("service.name").map(label).filter(|t| !t.is_empty());
    let agent = || {
        let mut records = items.iter().filter_map(|i| i.record.as_ref());
        records.find_map(|r| r.body.payload.get("agent")?.as_str()).map(label).filter(|t| !t.is_empty())
    };
    let object = |key: &str| match own(key).cloned().map(crate::value::opened) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    };
    let mut metadata = Object::new();
    metadata.insert("otlp_mapping".to_owned(), json!(table::VERSION));
    if !source.resource.is_empty() {
        metadata.insert("resource".to_owned(), Value::Object(source.resource.clone()));
    }
    let tags =
        own("gauntlet.run.tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    RunSpec {
        id: Some(run.clone()),
        name: text("gauntlet.run.name")
            .or_else(|| Some(label(name)).filter(|n| !n.is_empty()))
            .unwrap_or_else(|| run.to_string()),
        project: text("gauntlet.project").or(service),
        kind: text("gauntlet.run.kind").or_else(|| Some("agent".to_owned())),
        agent: if own("gauntlet.run.agent").is_some() { text("gauntlet.run.agent") } else { agent() },
        task: text("gauntlet.run.task"),
        tags: tags.map(label).filter(|t| !t.is_empty()).take(MAX_TAGS).collect(),
        config: object("gauntlet.run.config").unwrap_or_default(),
        metadata: object("gauntlet.run.metadata").unwrap_or(metadata),
    }
}
