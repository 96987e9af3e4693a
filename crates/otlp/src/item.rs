//! One span or log record, read and checked, before it has the number of its step.

use std::collections::HashSet;

use gauntlet_model::{EpisodeFinished, EpisodeId, Event, EventId, StepRecorded, Timestamp};

use crate::draft::EventDraft;
use crate::ids::event_id;
use crate::node::{Node, speaker};
use crate::scores::Evaluation;

/// What a step number is assigned to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum StepKey {
    /// A span, by trace and span id.
    Span(String, String),
    /// A trace: the step of its root.
    Trace(String),
    /// A log record that is a step of its own, by the id of its event.
    Event(EventId),
}

impl StepKey {
    /// The events in the log that would have this key's step number.
    pub(crate) fn event_ids(&self) -> Vec<EventId> {
        match self {
            StepKey::Span(trace, span) => vec![step_id(trace, span), self.node_id()],
            StepKey::Trace(trace) => vec![self.node_id(), finished_id(trace, None)],
            StepKey::Event(id) => vec![*id],
        }
    }

    /// The id of the first snapshot of its node.
    pub(crate) fn node_id(&self) -> EventId {
        match self {
            StepKey::Span(trace, span) => event_id(&[b"node", trace.as_bytes(), span.as_bytes()]),
            StepKey::Trace(trace) => event_id(&[b"node", trace.as_bytes()]),
            StepKey::Event(id) => event_id(&[b"node", id.as_bytes()]),
        }
    }

    /// The id of the snapshot that replaces one made before this message of the call was known.
    pub(crate) fn message_update_id(message: EventId) -> EventId {
        event_id(&[b"reread", message.as_bytes()])
    }

    /// The id of the snapshot that replaces the first one when the span arrives after its evaluations.
    pub(crate) fn redrawn_id(&self) -> EventId {
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

/// The id of a trace's `episode.finished`. `entry` is the span that ended it where that is not the root: its
/// parent is in another process.
pub(crate) fn finished_id(trace: &str, entry: Option<&str>) -> EventId {
    match entry {
        None => event_id(&[b"finished", trace.as_bytes()]),
        Some(span) => event_id(&[b"finished", trace.as_bytes(), span.as_bytes()]),
    }
}

/// Whether protobuf of this size may exceed the limit of an event's body as JSON, where one byte may become
/// six and a number of two bytes twenty.
pub(crate) fn is_large(bytes: usize) -> bool {
    bytes > gauntlet_model::MAX_BODY_BYTES / 16
}

/// A span or log record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// Its name in messages.
    pub what: String,
    /// Its trace.
    pub episode: Option<EpisodeId>,
    /// The key that its step number is assigned to.
    pub place: StepKey,
    /// Whether it is the root of its trace: no parent at all.
    pub is_root: bool,
    /// When it began.
    pub at: Timestamp,
    /// The step number that it sets explicitly.
    pub step: Option<u64>,
    /// What its episode attempts.
    pub task: Option<String>,
    /// Whether its events may exceed the limit of a body, so that they must be measured.
    pub is_large: bool,
    /// Events to append unchanged; everything else is ignored then.
    pub exact: Option<Vec<Event>>,
    /// The step.
    pub record: Option<EventDraft<StepRecorded>>,
    /// The evaluations of its step.
    pub evaluations: Vec<Evaluation>,
    /// Its node.
    pub node: Node,
    /// The end of its episode.
    pub finish: Option<EventDraft<EpisodeFinished>>,
}

impl Item {
    /// Whether it makes a node if its step has none.
    pub(crate) fn makes_node(&self) -> bool {
        self.episode.is_some()
            && (self.node.is_drawn || !self.evaluations.is_empty() || self.message().is_some())
    }

    /// The message of a model call, where it is a log record with the id of the call's span.
    pub(crate) fn message(&self) -> Option<&EventDraft<StepRecorded>> {
        let is_of_span = matches!(self.place, StepKey::Span(..));
        self.record.as_ref().filter(|record| is_of_span && speaker(&record.body).is_some())
    }

    /// An item for another step that it judges, with the same time and source.
    pub(crate) fn judging(&self, place: StepKey, evaluations: Vec<Evaluation>) -> Self {
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

    /// Whether it makes an event that the log does not have. A retry does not.
    pub(crate) fn has_new_events(&self, log: &HashSet<EventId>) -> bool {
        self.record.as_ref().is_some_and(|r| !log.contains(&r.id))
            || self.evaluations.iter().any(|e| !log.contains(&e.record_event_id))
    }
}
