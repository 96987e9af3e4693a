//! The layer: spans and events as they open, change and close.

use std::sync::Arc;

use ::tracing::span::{Attributes, Id, Record};
use ::tracing::{Event, Level, Subscriber};
use gauntlet_model::{
    EpisodeId, EpisodeStarted, FieldError, Gap, Object, Score, ScoreAdded, ScoreTarget, Scores,
    SnapshotScored, Status, StepKind, StepRecorded, Timestamp,
};
use gauntlet_telemetry::is_delivering;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::fields::Fields;
use crate::episode::object;
use crate::{Episode, ObservabilityProvider, Outcome, failure};

/// Records spans and events of episodes into a run.
pub struct Layer {
    provider: ObservabilityProvider,
    refused: Arc<std::sync::atomic::AtomicU64>,
}

impl Layer {
    /// A layer over a run.
    pub fn new(provider: ObservabilityProvider) -> Self {
        Self { provider, refused: Arc::default() }
    }

    /// How many records broke a rule and were left out (a text beyond 1 MiB, a score that is not finite),
    /// as a live counter; a `gap` event reports each. Take it before the layer goes into a subscriber.
    pub fn refused(&self) -> Arc<std::sync::atomic::AtomicU64> {
        Arc::clone(&self.refused)
    }

    fn count(&self, recorded: Result<(), FieldError>) {
        if let Err(refusal) = recorded {
            self.refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let reason = failure::label(&format!("a record of the tracing layer was refused: {refusal}"));
            // A line of text breaks no rule.
            let _ = self.provider.log_body(None, None, Gap { lost: 1, reason });
        }
    }
}

/// What a span is to the run. Spans outside of episodes have none of these.
enum Part {
    Episode(Episode, Fields),
    Step(Span),
}

struct Span {
    span_id: String,
    parent: Option<String>,
    /// Whether a `tool_call` was recorded when it opened.
    is_call: bool,
    started_at: Timestamp,
    fields: Fields,
}

impl Part {
    fn fields(&mut self) -> &mut Fields {
        match self {
            Part::Episode(_, fields) => fields,
            Part::Step(step) => &mut step.fields,
        }
    }
}

type Slot = Arc<Mutex<Option<Part>>>;

/// The episode a span belongs to: the slot of the nearest one that began an episode.
#[derive(Clone)]
struct EpisodeSlot(Slot);

impl<S: Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Layer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|_| !is_delivering()) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if fields.episode.is_some() {
            self.open_episode(&span, fields);
        } else if let Some(home) = episode_slot_of(span.parent()) {
            self.open_step(&span, home, fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let Some(slot) = span.extensions().get::<Slot>().cloned() else { return };
        if let Some(part) = &mut *lock(&slot) {
            values.record(part.fields());
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event).filter(|_| !is_delivering()) else { return };
        let parent = span_id_of(&span);
        let slot = span.extensions().get::<Slot>().cloned();
        let Some(home) = episode_slot_of(Some(span)) else { return };
        let mut fields = Fields::default();
        event.record(&mut fields);
        if slot.is_some_and(|slot| lock(&slot).as_mut().is_some_and(|part| part.fields().conclude(&fields))) {
            return;
        }
        let home = lock(&home.0);
        let Some(Part::Episode(episode, of_episode)) = &*home else { return };
        let step = fields.step.or(of_episode.step);
        self.score(episode, step, &fields, false);
        if fields.message.is_none() && fields.payload.is_empty() && fields.error().is_none() {
            return;
        }
        let level = *event.metadata().level();
        let mut error = fields.error();
        if level == Level::ERROR && error.is_none() {
            error = Some(failure::from_message(
                event.metadata().target(),
                fields.message.clone().unwrap_or_default(),
            ));
        }
        let kind = fields.kind.unwrap_or(match level {
            Level::ERROR => StepKind::Error,
            Level::WARN | Level::INFO => StepKind::Message,
            _ => StepKind::Thought,
        });
        let mut payload = fields.payload;
        let is_in_error = |text: &String| error.as_ref().is_some_and(|error| error.message == *text);
        if let Some(text) = fields.message.filter(|text| !is_in_error(text)) {
            payload.insert("text".to_owned(), Value::from(text));
        }
        let mut metadata = Object::new();
        metadata.insert("level".to_owned(), Value::from(level.as_str()));
        metadata.insert("target".to_owned(), Value::from(event.metadata().target()));
        self.count(episode.step(StepRecorded {
            step_kind: kind,
            name: None,
            span_id: episode.new_span_id(),
            parent_span_id: parent,
            started_at: episode.now(),
            ended_at: None,
            payload,
            error,
            metadata,
        }));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(slot) = span.extensions().get::<Slot>().cloned() else { return };
        let part = lock(&slot).take();
        match part {
            Some(Part::Episode(episode, fields)) => self.close_episode(episode, &fields),
            Some(Part::Step(step)) => {
                let Some(home) = episode_slot_of(Some(span)) else { return };
                let home = lock(&home.0);
                // An episode whose span closed before its children's takes no more steps.
                if let Some(Part::Episode(episode, of_episode)) = &*home {
                    let name = context.metadata(&id).map(|metadata| metadata.name());
                    let at = step.fields.step.or(of_episode.step);
                    self.close_step(episode, name.unwrap_or_default(), at, step);
                }
            }
            None => {}
        }
    }
}

impl Layer {
    fn open_episode<S: for<'a> LookupSpan<'a>>(&self, span: &SpanRef<'_, S>, fields: Fields) {
        let task = Some(failure::label(span.name()));
        let mut metadata = fields.payload.clone();
        let named = fields.episode.clone().filter(|id| !id.is_empty()).map(EpisodeId::new);
        let id = named.unwrap_or_else(|| self.provider.new_trace_id()).or_else(|_| {
            // An id that breaks a rule does not cost the episode.
            metadata.insert("episode".to_owned(), Value::from(fields.episode.clone()));
            self.provider.new_trace_id()
        });
        let begun =
            id.and_then(|id| self.provider.start_episode_as(id, None, EpisodeStarted { task, metadata }));
        match begun {
            Ok(episode) => {
                let slot: Slot = Arc::new(Mutex::new(Some(Part::Episode(episode, fields))));
                let mut extensions = span.extensions_mut();
                extensions.insert(EpisodeSlot(Arc::clone(&slot)));
                extensions.insert(slot);
            }
            Err(refusal) => self.count(Err(refusal)),
        }
    }

    fn open_step<S: for<'a> LookupSpan<'a>>(
        &self,
        span: &SpanRef<'_, S>,
        home: EpisodeSlot,
        mut fields: Fields,
    ) {
        let parent = span.parent().and_then(|parent| span_id_of(&parent));
        let step = {
            let home = lock(&home.0);
            let Some(Part::Episode(episode, _)) = &*home else { return };
            let (span_id, started_at) = (episode.new_span_id(), episode.now());
            let is_tool = fields.operation.as_deref() == Some("execute_tool");
            if is_tool {
                // Fields that are recorded later are not arguments but results.
                let arguments = Value::Object(std::mem::take(&mut fields.payload));
                self.count(episode.step(StepRecorded {
                    step_kind: StepKind::ToolCall,
                    name: Some(name_of(&fields, span.name())),
                    span_id: span_id.clone(),
                    parent_span_id: parent.clone(),
                    started_at,
                    ended_at: None,
                    payload: object([("arguments", arguments)]),
                    error: None,
                    metadata: Object::new(),
                }));
            }
            Span { span_id, parent, is_call: is_tool, started_at, fields }
        };
        let mut extensions = span.extensions_mut();
        extensions.insert::<Slot>(Arc::new(Mutex::new(Some(Part::Step(step)))));
        extensions.insert(home);
    }

    fn close_step(&self, episode: &Episode, name: &str, at: Option<u64>, step: Span) {
        let Span { span_id, parent, is_call, started_at, fields } = step;
        self.score(episode, at, &fields, false);
        let kind = match (fields.kind, is_call, fields.operation.as_deref()) {
            (Some(kind), ..) => kind,
            (None, true, _) => StepKind::ToolResult,
            (None, false, Some("chat" | "text_completion" | "generate_content")) => StepKind::Message,
            (None, false, _) if fields.error().is_some() => StepKind::Error,
            _ => StepKind::Decision,
        };
        let mut payload = fields.payload.clone();
        if let Some(operation) = fields.operation.as_ref().filter(|_| !is_call) {
            payload.insert("gen_ai.operation.name".to_owned(), Value::from(operation.as_str()));
        }
        self.count(episode.step(StepRecorded {
            step_kind: kind,
            name: Some(name_of(&fields, name)),
            // A call and its result are two steps of one span.
            span_id,
            parent_span_id: parent,
            started_at,
            ended_at: Some(episode.now().max(started_at)),
            payload,
            error: fields.error(),
            metadata: Object::new(),
        }));
    }

    fn close_episode(&self, episode: Episode, fields: &Fields) {
        self.score(&episode, fields.step, fields, true);
        let error = fields.error().map(|error| match error.message.is_empty() {
            true => error.kind,
            false => error.message,
        });
        let status = if error.is_some() { Status::Failed } else { Status::Completed };
        let outcome = Outcome { status, return_: fields.return_, cost: None, error };
        self.count(episode.end(outcome).map(drop).map_err(|not| not.refusal));
    }

    /// The step of the episode's next node.
    fn next_step(&self, episode: &Episode) -> u64 {
        let (mut nodes, id) = (self.provider.nodes(), episode.id());
        if nodes.is_drawn(id) { nodes.reserve(id) } else { nodes.place(id) }
    }

    /// Records the scores among the fields: of a rollout, or later scores of one.
    fn score(&self, episode: &Episode, step: Option<u64>, fields: &Fields, is_episode: bool) {
        if fields.scores.is_empty() {
            return;
        }
        let provider = &self.provider;
        if fields.scores.iter().any(|(path, _)| path == "root") {
            let scores = Scores::new(fields.scores.iter().map(|(path, value)| (path.as_str(), *value)));
            let (output, observation) = episode.last_texts(None);
            let action = fields.message.clone().unwrap_or(output);
            let snapshot = scores.map(|scores| SnapshotScored {
                scores,
                action,
                observation,
                ..SnapshotScored::default()
            });
            let step = step.or(episode.at).unwrap_or_else(|| self.next_step(episode));
            return self.count(snapshot.and_then(|snapshot| episode.scored(step, snapshot)));
        }
        let target = if is_episode && step.is_none() { ScoreTarget::Episode } else { ScoreTarget::Step };
        let step = (target == ScoreTarget::Step).then(|| step.unwrap_or_else(|| episode.place()));
        for (path, value) in &fields.scores {
            let added = Score::new(*value).map(|value| ScoreAdded {
                target,
                path: path.clone(),
                value,
                label: None,
                explanation: fields.message.clone(),
                source: "tracing".to_owned(),
            });
            self.count(added.and_then(|added| provider.score(Some(episode.id().clone()), step, added)));
        }
    }
}

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Part>> {
    slot.lock()
}

/// The episode a span belongs to.
fn episode_slot_of<S: for<'a> LookupSpan<'a>>(span: Option<SpanRef<'_, S>>) -> Option<EpisodeSlot> {
    span?.extensions().get::<EpisodeSlot>().cloned()
}

/// A span's own id, if it is a step.
fn span_id_of<S: for<'a> LookupSpan<'a>>(span: &SpanRef<'_, S>) -> Option<String> {
    let slot = span.extensions().get::<Slot>().cloned()?;
    match &*lock(&slot) {
        Some(Part::Step(step)) => Some(step.span_id.clone()),
        _ => None,
    }
}

fn name_of(fields: &Fields, span: &str) -> String {
    failure::label(fields.tool.as_deref().unwrap_or(span))
}
