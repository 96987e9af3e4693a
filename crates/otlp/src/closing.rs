//! The end of traces whose root never arrives: its process was killed, or is not traced.

use std::collections::HashSet;

use gauntlet_model::{
    Body, EpisodeFinished, EpisodeId, Event, FieldError, Record, Status, StepRecorded, Timestamp,
};

use crate::item::{StepKey, finished_id, step_id};
use crate::node::Node;

/// A trace without new events for a while that has not ended.
#[derive(Debug)]
pub struct QuietTrace {
    trace: EpisodeId,
    /// Its spans whose parent has not arrived, with their steps, in order of start times.
    entries: Vec<(Option<u64>, StepRecorded)>,
    /// The first and last time of its events.
    from: Timestamp,
    to: Timestamp,
    has_ended: bool,
}

impl QuietTrace {
    /// Reads the events of a trace, without snapshots. `None` where there are none.
    pub fn read(trace: &EpisodeId, records: &[Record]) -> Option<Self> {
        let mut spans = Vec::new();
        let mut has_ended = false;
        let (mut from, mut to) = (None::<Timestamp>, None::<Timestamp>);
        for record in records {
            let Ok(event) = record.event() else { continue };
            let (mut first, mut last) = (event.at(), event.at());
            match event.body() {
                Body::EpisodeFinished(_) => has_ended = true,
                Body::StepRecorded(step) => {
                    (first, last) = (step.started_at, step.ended_at.unwrap_or(step.started_at));
                    // Log records and evaluations are steps too, but no spans.
                    if record.id == step_id(trace.as_str(), &step.span_id) {
                        spans.push((record.step, step.clone()));
                    }
                }
                _ => {}
            }
            from = Some(from.map_or(first, |known| known.min(first)));
            to = Some(to.map_or(last, |known| known.max(last)));
        }
        let known: HashSet<String> = spans.iter().map(|(_, span)| span.span_id.clone()).collect();
        let is_entry = |span: &StepRecorded| span.parent_span_id.as_ref().is_some_and(|p| !known.contains(p));
        let mut entries: Vec<_> = spans.into_iter().filter(|(_, span)| is_entry(span)).collect();
        entries.sort_by_key(|(_, span)| span.started_at);
        Some(Self { trace: trace.clone(), entries, from: from?, to: to?, has_ended })
    }

    /// The steps whose snapshots [`Self::events`] needs.
    pub fn lookup_steps(&self) -> Vec<(u64, EpisodeId)> {
        self.entries.iter().filter_map(|(step, _)| Some(((*step)?, self.trace.clone()))).collect()
    }

    /// The events to append: a snapshot for each entry without one, and the end. `history` is that of
    /// [`Self::lookup_steps`].
    pub fn events(self, history: &[Record]) -> Result<Vec<Event>, FieldError> {
        let is_snapshot = |record: &&Record| {
            matches!(record.event().map(|e| e.kind()), Ok(gauntlet_model::Kind::SnapshotScored))
        };
        let drawn: HashSet<Option<u64>> =
            history.iter().filter(is_snapshot).map(|record| record.step).collect();
        let mut events = Vec::new();
        let episode = Some(self.trace.clone());
        for (step, span) in self.entries.iter().filter(|(step, _)| !drawn.contains(step)) {
            let node = Node::from_step(span, true);
            let place = StepKey::Span(self.trace.as_str().to_owned(), span.span_id.clone());
            events.push(Event::new(place.node_id(), node.at, episode.clone(), *step, node.snapshot(&[])?)?);
        }
        if self.has_ended {
            return Ok(events);
        }
        let entry = self.entries.first();
        let error = self.entries.iter().find_map(|(_, span)| span.error.as_ref());
        let body = EpisodeFinished {
            status: if error.is_some() { Status::Failed } else { Status::Completed },
            return_: None,
            latency_ms: Some(self.to.micros().saturating_sub(self.from.micros()) as f64 / 1e3),
            cost: None,
            error: error.map(|e| if e.message.is_empty() { e.kind.clone() } else { e.message.clone() }),
        };
        // Another id than that of the root's end: if the root arrives after all, its own end is appended and
        // counts.
        let name = entry.map_or("none", |(_, span)| span.span_id.as_str());
        let id = finished_id(self.trace.as_str(), Some(name));
        events.push(Event::new(id, self.to, episode, entry.and_then(|(step, _)| *step), body)?);
        Ok(events)
    }
}
