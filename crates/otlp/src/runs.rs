//! Which run a span or log record belongs to, and what that run is.

use std::collections::HashMap;

use gauntlet_model::{FailureRules, MAX_TAGS, Object, RunId, RunSpec};
use serde_json::{Value, json};

use crate::encoding::Refusal;
use crate::ids::event_id;
use crate::item::Item;
use crate::parts::REPAIRED;
use crate::source::Source;
use crate::table;
use crate::value::{cut, label};

/// What names a run, the highest precedence last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Precedence {
    Service,
    Session,
    Conversation,
}

/// The name of a run, as a span or log record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunName {
    pub precedence: Precedence,
    /// What the run's id is made of.
    pub id: String,
    /// The name as it was sent.
    pub name: String,
    /// Whether it is a service whose processes cannot be distinguished: only the caller knows which of its
    /// runs is current.
    pub is_open_ended: bool,
}

impl RunName {
    /// The run. `services` has the current run of each open-ended name.
    pub(crate) fn run(&self, services: &HashMap<String, RunId>) -> Result<RunId, Refusal> {
        match services.get(&self.id).filter(|_| self.is_open_ended) {
            Some(run) => Ok(run.clone()),
            None => run_id(&self.id),
        }
    }
}

/// The run that the resource names explicitly.
///
/// # Errors
/// Why the name cannot be the id of a run.
pub(crate) fn explicit(source: &Source) -> Result<Option<RunId>, Refusal> {
    let Some(value) = source.gauntlet.get("gauntlet.run.id") else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| format!("gauntlet.run.id {value} is not a text"))?;
    RunId::new(text).map(Some).map_err(|e| format!("gauntlet.run.id: {}", e.message).into())
}

/// The run that an item's conversation, session or service names. A generated conversation id names no run:
/// such a run would hold a single trace.
pub(crate) fn implied(item: &Item, source: &Source) -> RunName {
    let record = item
        .record
        .as_ref()
        .map(|r| &r.body)
        .or_else(|| item.evaluations.iter().find_map(|e| e.record.as_ref()).map(|r| &r.body));
    let text =
        |field: &str| record.and_then(|r| r.payload.get(field)?.as_str()).filter(|t| !t.trim().is_empty());
    let of = |precedence, name: &str| RunName {
        precedence,
        id: name.to_owned(),
        name: name.to_owned(),
        is_open_ended: false,
    };
    let named = |attribute: &str, field: &str| {
        source.text(attribute).or_else(|| text(field)).filter(|name| !is_generated(name)).map(str::to_owned)
    };
    if let Some(name) = named("gen_ai.conversation.id", "conversation") {
        return of(Precedence::Conversation, &name);
    }
    if let Some(name) = named("session.id", "session") {
        return of(Precedence::Session, &name);
    }
    from_service(source)
}

/// The run that a resource names by its service: one per process, as far as the resource identifies
/// processes.
pub(crate) fn from_service(source: &Source) -> RunName {
    let service = source.text("service.name").unwrap_or("unknown_service");
    let plain = |key: &str| source.resource.get(key).filter(|value| !value.is_null()).map(Value::to_string);
    let pid = plain("process.pid");
    let start = plain("process.creation.time").or_else(|| plain("process.start_time"));
    let host = plain("host.id").or_else(|| plain("host.name")).or_else(|| plain("container.id"));
    let namespace = plain("service.namespace");
    let process: Option<Vec<String>> = match (plain("service.instance.id"), pid, start) {
        (Some(instance), _, _) => Some([Some(instance), namespace].into_iter().flatten().collect()),
        (None, Some(pid), start) => Some([Some(pid), start, host].into_iter().flatten().collect()),
        (None, None, _) => None,
    };
    // The operating system uses a process number again: without a start time it is not unique.
    let is_known = plain("service.instance.id").is_some()
        || plain("process.creation.time").or_else(|| plain("process.start_time")).is_some();
    let id = match &process {
        None => service.to_owned(),
        Some(parts) => {
            let parts: Vec<&[u8]> =
                [b"process".as_slice()].into_iter().chain(parts.iter().map(String::as_bytes)).collect();
            let digest = hex::encode(event_id(&parts).as_bytes());
            format!("{}-{}", cut(service.trim(), 180).trim_end(), cut(&digest, 8))
        }
    };
    RunName {
        precedence: Precedence::Service,
        id,
        name: service.to_owned(),
        is_open_ended: process.is_none() || !is_known,
    }
}

/// Whether a name was generated: a UUID, or 16 letters and digits in a row of which at least four are digits.
fn is_generated(name: &str) -> bool {
    let is_uuid = name.len() == 36
        && name.char_indices().all(|(i, c)| match i {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        });
    let is_random = |word: &str| word.len() >= 16 && word.bytes().filter(u8::is_ascii_digit).count() >= 4;
    is_uuid || name.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
}

/// The id of a run with this name: the name with characters replaced that ids must not contain.
pub(crate) fn run_id(name: &str) -> Result<RunId, Refusal> {
    let plain: String =
        name.chars().map(|c| if c.is_control() || matches!(c, '/' | '\\') { '-' } else { c }).collect();
    let plain = match cut(plain.trim(), 200).trim_end() {
        "" => "unknown_service",
        "." | ".." => "-",
        plain => plain,
    };
    Ok(RunId::new(plain)?)
}

/// The id of the nth run of a service whose processes cannot be distinguished, from 1.
pub fn service_run(service: &str, nth: u32) -> Result<RunId, Refusal> {
    let first = run_id(service)?;
    if nth <= 1 {
        return Ok(first);
    }
    run_id(&format!("{}-{nth}", cut(first.as_str(), 180).trim_end()))
}

/// The rules that a resource asks for: a word ([`FailureRules`] from text), or `{"root_below": number}` as a
/// map or as JSON. Where it asks for something else, why that is none.
pub(crate) fn rules(source: &Source) -> Result<FailureRules, Refusal> {
    let Some(value) = source.gauntlet.get("gauntlet.rules") else { return Ok(FailureRules::Auto) };
    let error = match value.as_str().map(str::parse::<FailureRules>) {
        Some(Ok(rules)) => return Ok(rules),
        Some(Err(error)) => error.message,
        None => format!("{value} is not a rule; it must be auto, dipg or root_below:NUMBER"),
    };
    let rules = serde_json::from_value(crate::value::parse_json(value.clone())).ok();
    let why = || format!("gauntlet.rules: {error}; a run that begins with this is judged by auto");
    rules.ok_or_else(|| why().into())
}

/// The spec of a run that begins with these items.
pub(crate) fn spec(run: &RunId, name: &str, source: &Source, items: &[Item]) -> RunSpec {
    let gauntlet_attribute = |key: &str| source.gauntlet.get(key);
    let text =
        |key: &str| gauntlet_attribute(key).and_then(Value::as_str).map(label).filter(|t| !t.is_empty());
    let service = source.text("service.name").map(label).filter(|t| !t.is_empty());
    let agent = || {
        let mut records = items.iter().filter_map(|i| i.record.as_ref());
        records.find_map(|r| r.body.payload.get("agent")?.as_str()).map(label).filter(|t| !t.is_empty())
    };
    let object = |key: &str| match gauntlet_attribute(key).cloned().map(crate::value::parse_json) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    };
    let mut metadata = Object::new();
    metadata.insert("otlp_mapping".to_owned(), json!(table::VERSION));
    if !source.resource.is_empty() {
        metadata.insert("resource".to_owned(), Value::Object(source.resource.clone()));
    }
    if let Some(count) = gauntlet_attribute(REPAIRED) {
        metadata.insert("repaired_texts".to_owned(), count.clone());
    }
    let tags = gauntlet_attribute("gauntlet.run.tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    RunSpec {
        id: Some(run.clone()),
        name: text("gauntlet.run.name")
            .or_else(|| Some(label(name)).filter(|n| !n.is_empty()))
            .unwrap_or_else(|| run.to_string()),
        project: text("gauntlet.project").or(service),
        kind: text("gauntlet.run.kind").or_else(|| Some("agent".to_owned())),
        agent: if gauntlet_attribute("gauntlet.run.agent").is_some() {
            text("gauntlet.run.agent")
        } else {
            agent()
        },
        task: text("gauntlet.run.task"),
        tags: tags.map(label).filter(|t| !t.is_empty()).take(MAX_TAGS).collect(),
        config: object("gauntlet.run.config").unwrap_or_default(),
        metadata: object("gauntlet.run.metadata").unwrap_or(metadata),
        rules: rules(source).unwrap_or_default(),
    }
}
