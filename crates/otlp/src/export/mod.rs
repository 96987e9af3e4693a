//! A run as OTLP: one `ExportTraceServiceRequest` in JSON a line, for any backend, and for `/v1/traces`
//! again.
//!
//! Each step is a span, each score a `gen_ai.evaluation.result` event of it, each episode an `invoke_agent`
//! span above its steps unless the run has its root already. Where reading a span back would not give exactly
//! the events it was made from, they are in its `gauntlet.events`; events without a step (commands, notes,
//! status) are in spans named `gauntlet.log`. So an imported export is the same run.

mod span;

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use gauntlet_model::{Body, EpisodeId, Event, Object, RunId, RunSummary, ScoreTarget, Timestamp};
use serde_json::{Value, json};

use crate::batch::Batch;
use crate::ids::{span_id, trace_id, unhex};
use crate::proto::{
    AnyValue, ArrayValue, ExportTraceServiceRequest, InstrumentationScope, KeyValue, Resource, ResourceSpans,
    ScopeSpans, Span, any_value,
};
use crate::proto::{attributes, from_json};
use crate::source::Source;
use crate::value::text_attribute;
use crate::{runs, spans};

/// Spans of a line, at most.
const LINE_SPANS: usize = 256;
/// Bytes after which a line ends: far below what a receiver takes.
const LINE_BYTES: usize = 2 << 20;

/// A step of an episode: what one group of events is about.
type Key = (u64, Option<EpisodeId>);

/// Writes a run. `events` is called twice for the run's complete log, in order. Memory grows with the number
/// of steps, not with their texts.
pub fn write_otlp<W, I>(out: W, run: &RunSummary, mut events: impl FnMut() -> I) -> io::Result<()>
where
    W: Write,
    I: IntoIterator<Item = io::Result<Event>>,
{
    let plan = Plan::from_events(events())?;
    let mut export =
        Export { run, plan, pending: HashMap::new(), loose: Vec::new(), page: Page::default(), out };
    for (index, event) in (0_u64..).zip(events()) {
        export.take(index, event?)?;
    }
    export.finish()
}

/// What a first pass over the log finds, before a span is written.
#[derive(Default)]
struct Plan {
    /// The index of the last event of each step.
    last: HashMap<Key, u64>,
    episodes: BTreeMap<EpisodeId, Episode>,
}

/// An episode as a span.
#[derive(Default, Clone)]
struct Episode {
    /// Whether one of its steps is its root.
    has_root: bool,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// Its begin and end in the log.
    bounds: Vec<Event>,
}

/// The step an event is about, if it is about one.
fn key(event: &Event) -> Option<Key> {
    match event.body() {
        Body::StepRecorded(_) | Body::SnapshotScored(_) => {}
        Body::ScoreAdded(added) if added.target == ScoreTarget::Step => {}
        _ => return None,
    }
    Some((event.step()?, event.episode().cloned()))
}

impl Plan {
    fn from_events<I: IntoIterator<Item = io::Result<Event>>>(events: I) -> io::Result<Self> {
        let mut plan = Self::default();
        for (index, event) in (0_u64..).zip(events) {
            let event = event?;
            if let Some(key) = key(&event) {
                plan.last.insert(key, index);
            }
            let Some(id) = event.episode() else { continue };
            let episode = plan.episodes.entry(id.clone()).or_default();
            let (from, to) = match event.body() {
                Body::StepRecorded(step) => {
                    episode.has_root |= step.parent_span_id.is_none();
                    (step.started_at, step.ended_at.unwrap_or(step.started_at))
                }
                _ => (event.at(), event.at()),
            };
            episode.from = Some(episode.from.map_or(from, |known| known.min(from)));
            episode.to = Some(episode.to.map_or(to, |known| known.max(to)));
        }
        Ok(plan)
    }
}

struct Export<'a, W> {
    run: &'a RunSummary,
    plan: Plan,
    /// Events of steps whose last event is still to come.
    pending: HashMap<Key, Vec<Event>>,
    /// Events that belong to no step.
    loose: Vec<Event>,
    page: Page,
    out: W,
}

impl<W: Write> Export<'_, W> {
    fn take(&mut self, index: u64, event: Event) -> io::Result<()> {
        if let Some(key) = key(&event) {
            let is_last = self.plan.last.get(&key) == Some(&index);
            let group = self.pending.entry(key.clone()).or_default();
            group.push(event);
            if is_last {
                let group = self.pending.remove(&key).unwrap_or_default();
                self.step(&key, &group)?;
            }
            return Ok(());
        }
        match event.body() {
            Body::RunStarted(_) => {}
            Body::EpisodeStarted(_) | Body::EpisodeFinished(_) => {
                let episode = event.episode().and_then(|id| self.plan.episodes.get_mut(id));
                match episode.filter(|e| !e.has_root) {
                    Some(episode) => episode.bounds.push(event),
                    None => self.loose.push(event),
                }
            }
            _ => self.loose.push(event),
        }
        if self.loose.len() >= LINE_SPANS { self.log() } else { Ok(()) }
    }

    fn finish(mut self) -> io::Result<()> {
        for (id, episode) in std::mem::take(&mut self.plan.episodes) {
            if !episode.has_root {
                self.episode(&id, &episode)?;
            }
        }
        self.log()?;
        self.flush()?;
        self.out.flush()
    }

    /// One step of one episode.
    fn step(&mut self, key: &Key, group: &[Event]) -> io::Result<()> {
        let trace = trace(&self.run.id, key.1.as_ref());
        let root = key.1.as_ref().filter(|id| self.plan.episodes.get(*id).is_some_and(|e| !e.has_root));
        let root = root.map(|id| root_span(&self.run.id, id));
        let mut drawn = span::group(self.run, group, key.0, trace, root);
        for (source, _) in &mut drawn {
            // Other backends need a service name. It is set before the check below, as reading back finds it
            // in the step.
            source.resource.entry("service.name").or_insert_with(|| json!(self.run.project));
        }
        if !reads_back(&drawn, group) {
            for (i, (_, span)) in drawn.iter_mut().enumerate() {
                span.attributes.push(exact(if i == 0 { group } else { &[] }));
            }
        }
        drawn.into_iter().try_for_each(|(source, span)| self.push(&source, span))
    }

    /// The root span of an episode that has none among its steps.
    fn episode(&mut self, id: &EpisodeId, episode: &Episode) -> io::Result<()> {
        let nanos = |at: Option<Timestamp>| span::nanos(at.unwrap_or_default());
        let name = self.run.agent.as_deref().unwrap_or(&self.run.name);
        let mut root = Span {
            trace_id: trace(&self.run.id, Some(id)).to_vec(),
            span_id: root_span(&self.run.id, id).to_vec(),
            name: format!("invoke_agent {name}"),
            kind: 1,
            start_time_unix_nano: nanos(episode.from),
            end_time_unix_nano: nanos(episode.to),
            attributes: vec![
                KeyValue::new("gen_ai.operation.name", AnyValue::text("invoke_agent")),
                KeyValue::new("gen_ai.agent.name", AnyValue::text(name)),
                KeyValue::new("gauntlet.episode", AnyValue::text(id.as_str())),
            ],
            ..Span::default()
        };
        for event in &episode.bounds {
            if let Body::EpisodeFinished(end) = event.body()
                && let Some(error) = &end.error
            {
                root.status = Some(crate::proto::SpanStatus { code: 2, message: error.clone() });
            }
        }
        root.attributes.push(exact(&episode.bounds));
        self.push(&self.gauntlet_source(), root)
    }

    /// The events that belong to no step.
    fn log(&mut self) -> io::Result<()> {
        let loose = std::mem::take(&mut self.loose);
        let (Some(first), Some(last)) = (loose.first(), loose.last()) else { return Ok(()) };
        let span = Span {
            trace_id: trace_id(&[b"log", self.run.id.as_str().as_bytes()]).to_vec(),
            span_id: span_id(&[b"log", first.id().as_bytes()]).to_vec(),
            name: "gauntlet.log".to_owned(),
            kind: 1,
            start_time_unix_nano: span::nanos(first.at()),
            end_time_unix_nano: span::nanos(last.at().max(first.at())),
            attributes: vec![exact(&loose)],
            ..Span::default()
        };
        self.push(&self.gauntlet_source(), span)
    }

    /// The source of spans that were not recorded as such.
    fn gauntlet_source(&self) -> Source {
        let service = ("service.name".to_owned(), json!(self.run.project));
        Source { resource: Object::from_iter([service]), ..Source::default() }
    }

    fn push(&mut self, source: &Source, span: Span) -> io::Result<()> {
        self.page.push(self.run, source, span);
        if self.page.spans >= LINE_SPANS || self.page.bytes >= LINE_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let page = std::mem::take(&mut self.page);
        if page.spans == 0 {
            return Ok(());
        }
        serde_json::to_writer(&mut self.out, &page.request)?;
        self.out.write_all(b"\n")
    }
}

/// The trace of an episode: its own id where it is one.
fn trace(run: &RunId, episode: Option<&EpisodeId>) -> [u8; 16] {
    let named = episode.and_then(|id| <[u8; 16]>::try_from(unhex(id.as_str())?).ok());
    let named = named.filter(|bytes| bytes.iter().any(|b| *b != 0));
    let name = episode.map(EpisodeId::as_str).unwrap_or_default();
    named.unwrap_or_else(|| trace_id(&[b"episode", run.as_str().as_bytes(), name.as_bytes()]))
}

fn root_span(run: &RunId, episode: &EpisodeId) -> [u8; 8] {
    span_id(&[b"episode", run.as_str().as_bytes(), episode.as_str().as_bytes()])
}

/// Events to be appended as they are.
fn exact(events: &[Event]) -> KeyValue {
    let texts = events.iter().map(|e| AnyValue::text(serde_json::to_string(e).unwrap_or_default()));
    let list = any_value::Value::ArrayValue(ArrayValue { values: texts.collect() });
    KeyValue::new("gauntlet.events", AnyValue { value: Some(list) })
}

/// Whether reading the spans gives exactly the events of the group.
fn reads_back(drawn: &[(Source, Span)], group: &[Event]) -> bool {
    let mut items = Vec::new();
    for (source, span) in drawn {
        match spans::items(span, source) {
            Ok(read) => items.extend(read),
            Err(_) => return false,
        }
    }
    let Ok(run) = runs::run_id("export") else { return false };
    let batch = Batch::new(run, gauntlet_model::RunSpec::named("export"), items);
    let plan = batch.assign_steps(Vec::new(), None).events(&[]);
    // Begin and end of episodes are exported elsewhere.
    let read = plan.events.iter().filter(|e| key(e).is_some());
    plan.outcome.rejected == 0 && read.eq(group)
}

/// Spans of one line, by where they come from.
#[derive(Default)]
struct Page {
    request: ExportTraceServiceRequest,
    sources: Vec<Source>,
    spans: usize,
    bytes: usize,
}

impl Page {
    fn push(&mut self, run: &RunSummary, source: &Source, span: Span) {
        use prost::Message;
        self.spans += 1;
        self.bytes += span.encoded_len();
        let place = self.sources.iter().position(|known| known == source);
        let place = place.unwrap_or_else(|| {
            self.sources.push(source.clone());
            self.request.resource_spans.push(resource_spans(run, source));
            self.sources.len() - 1
        });
        let spans = self.request.resource_spans.get_mut(place).and_then(|r| r.scope_spans.first_mut());
        if let Some(scope) = spans {
            scope.spans.push(span);
        }
    }
}

/// A resource with the attributes of the run, and the scope.
fn resource_spans(run: &RunSummary, source: &Source) -> ResourceSpans {
    let mut resource = attributes(&source.resource);
    let mut set = |key: &str, value: AnyValue| resource.push(KeyValue::new(key, value));
    set("gauntlet.run.id", AnyValue::text(run.id.as_str()));
    set("gauntlet.run.name", AnyValue::text(run.name.clone()));
    set("gauntlet.project", AnyValue::text(run.project.clone()));
    set("gauntlet.run.kind", AnyValue::text(run.kind.clone()));
    // Written even where there is none: an import would take the agent from the spans.
    set("gauntlet.run.agent", AnyValue::text(run.agent.clone().unwrap_or_default()));
    if let Some(task) = &run.task {
        set("gauntlet.run.task", AnyValue::text(task.clone()));
    }
    if !run.tags.is_empty() {
        set("gauntlet.run.tags", from_json(&json!(run.tags)));
    }
    if !run.rules.is_auto() {
        set("gauntlet.rules", from_json(&json!(run.rules)));
    }
    for (key, object) in [("gauntlet.run.config", &run.config), ("gauntlet.run.metadata", &run.metadata)] {
        set(key, text_attribute(&Value::Object(object.clone())));
    }
    let text = |key: &str| source.scope.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let more = source.scope.get("attributes").and_then(Value::as_object).map(attributes).unwrap_or_default();
    let scope = InstrumentationScope { name: text("name"), version: text("version"), attributes: more };
    ResourceSpans {
        resource: Some(Resource { attributes: resource, dropped_attributes_count: 0 }),
        scope_spans: vec![ScopeSpans { scope: Some(scope), ..ScopeSpans::default() }],
        schema_url: String::new(),
    }
}

/// A part of the metadata that is an object.
fn part<'a>(metadata: &'a Object, key: &str) -> Option<&'a Object> {
    metadata.get(key).and_then(Value::as_object)
}
