//! One span or log record, read and checked, before it has the number of its step.

use std::collections::HashSet;

use gauntlet_model::{EpisodeFinished, EpisodeId, Event, EventId, StepRecorded, Timestamp};

use crate::ids::event_id;
use crate::node::{Node, speaker};
use crate::scores::Evaluation;

/// What a step number belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum StepKey {
    /// A span, by trace and span id.
    Span(String, String),
    /// The trace as a whole: where its root stands.
    Trace(String),
    /// A record that stands for itself, by the id of its event.
    Event(EventId),
}

impl StepKey {
    /// The events that would say which number it has.
    pub fn event_ids(&self) -> Vec<EventId> {
        match self {
            StepKey::Span(trace, span) => vec![step_id(trace, span), self.node_id()],
            StepKey::Trace(trace) => vec![self.node_id(), finished_id(trace, None)],
            StepKey::Event(id) => vec![*id],
        }
    }

    /// The id of the snapshot that draws its node.
    pub fn node_id(&self) -> EventId {
        match self {
            StepKey::Span(trace, span) => event_id(&[b"node", trace.as_bytes(), span.as_bytes()]),
            StepKey::Trace(trace) => event_id(&[b"node", trace.as_bytes()]),
            StepKey::Event(id) => event_id(&[b"node", id.as_bytes()]),
        }
    }

    /// The id of the snapshot that takes the place of one that a message of the call was not known to.
    pub fn message_update_id(message: EventId) -> EventId {
        event_id(&[b"reread", message.as_bytes()])
    }

    /// The id of the snapshot that takes its place when the span comes after what judges it.
    pub fn redrawn_id(&self) -> EventId {
        event_id(&[b"redrawn", self.node_id().as_bytes()])
    }
}

/// The id of a span's `step.recorded`.
pub(crate) fn step_id(trace: &str, span: &str) -> EventId {
    event_id(&[b"step", trace.as_bytes(), span.as_bytes()])
}

/// The id of a trace's `episode.started`.
pub(crate) fn started_id(trace: &str) -> EventId {
    event_id(&[b"started", trace.as_bytes()])
}

/// The id of a trace's `episode.finished`: said by its root, or by a span whose parent is another process's.
pub(crate) fn finished_id(trace: &str, entry: Option<&str>) -> EventId {
    match entry {
        None => event_id(&[b"finished", trace.as_bytes()]),
        Some(span) => event_id(&[b"finished", trace.as_bytes(), span.as_bytes()]),
    }
}

/// Whether something of so many bytes as protobuf may exceed the limit as JSON, where one byte may become six
/// and a number of two bytes twenty.
pub(crate) fn is_large(bytes: usize) -> bool {
    bytes > gauntlet_model::MAX_BODY_BYTES / 16
}

/// An event's id, time and body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventDraft<B> {
    pub id: EventId,
    pub at: Timestamp,
    pub body: B,
}

/// A span or log record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// Names it in messages.
    pub what: String,
    /// Its trace.
    pub episode: Option<EpisodeId>,
    /// Whose number it takes.
    pub place: StepKey,
    /// Whether it is the root of its trace: no parent at all.
    pub is_root: bool,
    /// When it began.
    pub at: Timestamp,
    /// The number it asks for.
    pub step: Option<u64>,
    /// What its episode attempts.
    pub task: Option<String>,
    /// Whether its events may be over the limit of one body, so that they must be measured.
    pub is_large: bool,
    /// Events to append as they are; then there is nothing else.
    pub exact: Option<Vec<Event>>,
    /// The step.
    pub record: Option<EventDraft<StepRecorded>>,
    /// What judges it.
    pub evaluations: Vec<Evaluation>,
    /// Its node.
    pub node: Node,
    /// The end of its episode.
    pub finish: Option<EventDraft<EpisodeFinished>>,
}

impl Item {
    /// Whether it is drawn without regard to what was drawn before.
    pub fn wants_node(&self) -> bool {
        self.episode.is_some()
            && (self.node.is_drawn || !self.evaluations.is_empty() || self.message().is_some())
    }

    /// The message of a call, where it is a log record that holds one and names the call's span.
    pub fn message(&self) -> Option<&EventDraft<StepRecorded>> {
        let is_of_span = matches!(self.place, StepKey::Span(..));
        self.record.as_ref().filter(|record| is_of_span && speaker(&record.body).is_some())
    }

    /// Something else that its evaluations judge, at the same time and from the same place.
    pub fn judging(&self, place: StepKey, evaluations: Vec<Evaluation>) -> Self {
        Self {
            place,
            evaluations,
            is_root: false,
            step: None,
            task: None,
            record: None,
            node: Node::unknown(self.node.at),
            finish: None,
            ..self.clone()
        }
    }

    /// Whether it says anything that the log does not have. What comes again does not.
    pub fn has_new_events(&self, log: &HashSet<EventId>) -> bool {
        self.record.as_ref().is_some_and(|r| !log.contains(&r.id))
            || self.evaluations.iter().any(|e| !log.contains(&e.record_event_id))
    }
}
