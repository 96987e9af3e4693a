//! The second pass over a file: the plan that the first pass made, and the events of the file.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gauntlet_model::{EpisodeId, EpisodeStarted, Event, EventId, RunFinished, RunSpec, Status, Timestamp};
use roaring::RoaringTreemap;
use serde_json::json;

use crate::draft::Draft;
use crate::error::ImportError;
use crate::fields::{Step, insert_unique};
use crate::item::{Item, Reader};
use crate::names::ColumnMap;
use crate::rows::Rows;

/// How the snapshots of one session are numbered.
#[derive(Debug)]
pub(crate) struct Numbering {
    /// Their episode, if the file has several sessions.
    pub episode: Option<EpisodeId>,
    /// Whether the file's step numbers are used: every record has one.
    pub keeps_steps: bool,
    /// Whether each record is an episode of its own, as step numbers repeat.
    pub by_row: bool,
}

/// The content of a file that was checked to its end.
#[derive(Debug)]
pub struct Plan {
    pub(crate) spec: RunSpec,
    pub(crate) notes: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) steps: u64,
    /// Records of the file, skipped ones included.
    pub(crate) records: u64,
    pub(crate) events: u64,
    pub(crate) sessions: BTreeMap<Option<String>, Numbering>,
    /// The prefix of names of records' episodes.
    pub(crate) stem: String,
    /// Episodes of sessions.
    pub(crate) episodes: BTreeSet<EpisodeId>,
    /// Indices of records without an event.
    pub(crate) skip: RoaringTreemap,
    pub(crate) now: Timestamp,
    /// When the run ended, if no event of the file ends it.
    pub(crate) end: Option<Timestamp>,
    /// The status it ended with, in that case.
    pub(crate) status: Status,
    pub(crate) map: ColumnMap,
}

impl Plan {
    /// The run to create.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// People's notes, if the file has any.
    pub fn notes(&self) -> &str {
        &self.notes
    }

    /// Warnings for the person who opens the file.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Scored snapshots.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The number of events, without `run.started` and without the end.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The event that ends the run, if the file has none.
    pub fn end(&self, id: EventId) -> Result<Option<Event>, ImportError> {
        let Some(at) = self.end else { return Ok(None) };
        let body = RunFinished { status: self.status, summary: None };
        Event::new(id, at, None, None, body)
            .map(Some)
            .map_err(|e| ImportError::new(e.field, e.message, "a run that can be closed"))
    }

    /// The same, only if the file states that the run did not complete.
    pub(crate) fn stated_end(&self, id: EventId) -> Result<Option<Event>, ImportError> {
        if self.status == Status::Completed { Ok(None) } else { self.end(id) }
    }

    /// The second pass: the events in the order of the file. `ids` makes ids for snapshots without one; given
    /// the same ids, the same file makes the same events.
    pub(crate) fn replay<'p>(
        &'p self,
        rows: Box<dyn Rows + 'p>,
        ids: &'p mut dyn FnMut() -> EventId,
    ) -> Replay<'p> {
        let reader = Reader::new(self.map.clone());
        Replay { plan: self, rows, reader, ids, index: 0, counts: BTreeMap::new(), queue: VecDeque::new() }
    }

    /// The episode of the record at an index.
    fn row_episode(&self, session: Option<&str>, index: u64) -> Result<EpisodeId, ImportError> {
        let stem = session.filter(|session| EpisodeId::new(*session).is_ok()).unwrap_or(&self.stem);
        let mut name = format!("{}-{}", stem.chars().take(40).collect::<String>(), index + 1);
        loop {
            let id = EpisodeId::new(name.clone());
            let id = id.map_err(|e| ImportError::new(e.field, e.message, "a name"))?;
            if !self.episodes.contains(&id) {
                return Ok(id);
            }
            name.push('_');
        }
    }
}

/// The step of the record at an index: steps count from 1.
pub(crate) fn step_at_index(index: u64) -> Step {
    index + 1
}

/// The events of a file, one at a time.
pub struct Replay<'p> {
    plan: &'p Plan,
    rows: Box<dyn Rows + 'p>,
    reader: Reader,
    ids: &'p mut dyn FnMut() -> EventId,
    index: u64,
    /// Snapshots of each session so far.
    counts: BTreeMap<Option<String>, Step>,
    queue: VecDeque<Event>,
}

impl Replay<'_> {
    /// About how many bytes of the file have been read.
    pub fn position_bytes(&self) -> u64 {
        self.rows.position_bytes()
    }

    fn read(&mut self) -> Result<bool, ImportError> {
        let index = self.index;
        if index >= self.plan.records {
            return Ok(false);
        }
        self.index += 1;
        let is_left_out = self.plan.skip.contains(index);
        let record = match self.rows.next() {
            Err(error) if is_left_out => return Ok(!error.is_end),
            other => other?,
        };
        let Some(record) = record else { return Ok(false) };
        if is_left_out {
            return Ok(true);
        }
        match self.reader.read(record)? {
            Item::Event { event, .. } => self.queue.push_back(*event),
            Item::Draft(draft) => {
                let (plan, counts) = (self.plan, &mut self.counts);
                plan.draft(index, *draft, counts, self.ids, &mut self.queue)?;
            }
        }
        Ok(true)
    }
}

impl Plan {
    /// The events of one step.
    fn draft(
        &self,
        index: u64,
        mut draft: Draft<'_>,
        counts: &mut BTreeMap<Option<String>, Step>,
        ids: &mut dyn FnMut() -> EventId,
        queue: &mut VecDeque<Event>,
    ) -> Result<(), ImportError> {
        let session = draft.session.take();
        let Some(numbering) = self.sessions.get(&session) else {
            return Err(draft.fields.refuse("session_id", "is new", "the file as it was checked"));
        };
        let at = draft.at.unwrap_or(self.now);
        let count = counts.entry(session.clone()).or_default();
        *count = count.saturating_add(1);
        if let (1, Some(episode)) = (*count, &numbering.episode) {
            let metadata = session.iter().map(|session| ("session_id".to_owned(), json!(session))).collect();
            let task = draft.is_episode.then(|| self.spec.task.clone()).flatten();
            let body = EpisodeStarted { task, metadata };
            queue.push_back(draft.fields.event(ids(), at, Some(episode.clone()), None, body)?);
        }
        let step = draft.step.or_else(|| draft.is_episode.then(|| step_at_index(index)));
        let step = step.filter(|_| numbering.keeps_steps).unwrap_or(*count);
        if let (false, Some(stated)) = (numbering.keeps_steps, draft.step) {
            insert_unique(&mut draft.body.metadata, "step", json!(stated));
        }
        let episode = match numbering.by_row {
            true => Some(self.row_episode(session.as_deref(), index)?),
            false => numbering.episode.clone(),
        };
        if let (true, Some(session)) = (numbering.by_row && self.sessions.len() > 1, session) {
            insert_unique(&mut draft.body.metadata, "session_id", json!(session));
        }
        for recorded in std::mem::take(&mut draft.before) {
            let body = recorded.into_body(at);
            queue.push_back(draft.fields.event(ids(), at, episode.clone(), Some(step), body)?);
        }
        let body = std::mem::take(&mut draft.body);
        queue.push_back(draft.fields.event(ids(), at, episode, Some(step), body)?);
        Ok(())
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
