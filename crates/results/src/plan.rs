//! The second reading of a file: what the first has found of it, and the events it becomes.

use std::collections::{BTreeMap, VecDeque};

use gauntlet_model::{EpisodeId, EpisodeStarted, Event, EventId, RunFinished, RunSpec, Status, Timestamp};
use roaring::RoaringTreemap;
use serde_json::json;

use crate::error::ImportError;
use crate::fields::keep;
use crate::item::{Item, understood};
use crate::rows::Rows;

/// How the snapshots of one session are numbered.
#[derive(Debug)]
pub(crate) struct Numbering {
    /// Their episode, where the file holds several sessions.
    pub episode: Option<EpisodeId>,
    /// Whether the file's own step numbers stand: each is there, and different.
    pub own_steps: bool,
}

/// What a file holds, checked to its end.
#[derive(Debug)]
pub struct Plan {
    pub(crate) spec: RunSpec,
    pub(crate) notes: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) steps: u64,
    pub(crate) events: u64,
    pub(crate) sessions: BTreeMap<Option<String>, Numbering>,
    /// Records that make no event.
    pub(crate) skip: RoaringTreemap,
    pub(crate) now: Timestamp,
    /// When the run ended, where no event of the file says that it did.
    pub(crate) end: Option<Timestamp>,
}

impl Plan {
    /// The run to create.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// People's notes, where the file carries any.
    pub fn notes(&self) -> &str {
        &self.notes
    }

    /// What is unusual in the file, in words for the person who opens it.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Scored snapshots.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Events the file becomes, without `run.started` and without the end.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The event that closes the run, where the file has none.
    pub fn end(&self, id: EventId) -> Result<Option<Event>, ImportError> {
        let Some(at) = self.end else { return Ok(None) };
        let body = RunFinished { status: Status::Completed, summary: None };
        Event::new(id, at, None, None, body)
            .map(Some)
            .map_err(|e| ImportError::new(e.field, e.message, "a run that can be closed"))
    }

    /// The second reading: the events in the file's order. `ids` makes ids for snapshots that bring none; asked in
    /// the same order, the same file gives the same events.
    pub(crate) fn replay<'p>(
        &'p self,
        rows: Box<dyn Rows + 'p>,
        ids: &'p mut dyn FnMut() -> EventId,
    ) -> Replay<'p> {
        Replay { plan: self, rows, ids, place: 0, counts: BTreeMap::new(), queue: VecDeque::new() }
    }
}

/// The events of a file, one at a time.
pub struct Replay<'p> {
    plan: &'p Plan,
    rows: Box<dyn Rows + 'p>,
    ids: &'p mut dyn FnMut() -> EventId,
    place: u64,
    /// Snapshots of each session so far.
    counts: BTreeMap<Option<String>, u64>,
    queue: VecDeque<Event>,
}

impl Replay<'_> {
    /// About how many bytes of the file have been read.
    pub fn position_bytes(&self) -> u64 {
        self.rows.position_bytes()
    }

    fn read(&mut self) -> Result<bool, ImportError> {
        let Some(record) = self.rows.next()? else { return Ok(false) };
        let place = self.place;
        self.place += 1;
        if self.plan.skip.contains(place) {
            return Ok(true);
        }
        let mut draft = match understood(record)? {
            Item::Event(event, _) => {
                self.queue.push_back(event);
                return Ok(true);
            }
            Item::Draft(draft) => draft,
        };
        let session = draft.session.take();
        let Some(numbering) = self.plan.sessions.get(&session) else {
            return Err(draft.fields.refuse("session_id", "is new", "the file as it was checked"));
        };
        let at = draft.at.unwrap_or(self.plan.now);
        let count = self.counts.entry(session.clone()).or_default();
        *count = count.saturating_add(1);
        if let (1, Some(episode)) = (*count, &numbering.episode) {
            let metadata = session.iter().map(|session| ("session_id".to_owned(), json!(session))).collect();
            let body = EpisodeStarted { task: None, metadata };
            let started = draft.fields.event((self.ids)(), at, Some(episode.clone()), None, body)?;
            self.queue.push_back(started);
        }
        let step = draft.step.filter(|_| numbering.own_steps).unwrap_or(*count);
        if let (false, Some(own)) = (numbering.own_steps, draft.step) {
            keep(&mut draft.body.metadata, "step", json!(own));
        }
        let body = std::mem::take(&mut draft.body);
        let event = draft.fields.event((self.ids)(), at, numbering.episode.clone(), Some(step), body)?;
        self.queue.push_back(event);
        Ok(true)
    }
}

impl Iterator for Replay<'_> {
    type Item = Result<Event, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(Ok(event));
            }
            match self.read() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
