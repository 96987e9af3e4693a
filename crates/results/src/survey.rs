//! Two readings of one file. The first checks it to its end and learns what only the whole file says: whether its
//! step numbers can stand, which sessions it holds, what stands in it twice. The second makes the events. Neither
//! holds more than a record, so that a file of any size opens in the same memory, and a broken line anywhere
//! refuses the file before anything of it was kept.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use gauntlet_model::{
    Body, EpisodeId, EpisodeStarted, Event, EventId, MAX_LABEL_BYTES, Object, RunFinished, RunSpec, Status,
    Timestamp,
};
use roaring::{RoaringBitmap, RoaringTreemap};
use serde_json::{Value, json};

use crate::error::ImportError;
use crate::fields::{keep, said};
use crate::native::taken;
use crate::rows::{About, Pieces, Record, Rows};
use crate::snapshots::{Draft, is_event, of_fields};
use crate::window::{Before, Window};
use crate::{native, run, table};

/// One record, understood.
enum Item<'a> {
    /// An event of ours. The refusal says that its id names another one as well.
    Event(Event, Box<dyn FnOnce() -> ImportError + 'a>),
    /// A snapshot without an id.
    Draft(Draft<'a>),
}

fn understood(record: Record<'_>) -> Result<Item<'_>, ImportError> {
    match record {
        Record::Row(fields) if table::is_event(&fields) => {
            let piece = fields.piece;
            let event = native::of_row(fields)?;
            let id = event.id();
            Ok(Item::Event(event, Box::new(move || piece.refuse(taken(id), "an id for each event"))))
        }
        Record::Row(fields) => of_fields(fields).map(Item::Draft),
        Record::Json(piece) => {
            if !piece.is_object() {
                let message = format!("is {}", piece.what());
                return Err(piece.refuse(message, "a snapshot or an event, which are objects"));
            }
            let members = piece.members()?;
            if is_event(&members) {
                let event = native::event(piece)?;
                let id = event.id();
                return Ok(Item::Event(
                    event,
                    Box::new(move || piece.refuse(taken(id), "an id for each event")),
                ));
            }
            if members.get("scores").is_none() {
                let mut error = members.unknown();
                error.expected = "a snapshot with `scores`, or an event with `kind` and `body`".to_owned();
                return Err(error);
            }
            crate::snapshots::draft(piece).map(Item::Draft)
        }
    }
}

/// What one session of the file holds.
#[derive(Debug, Default)]
struct Session {
    steps: RoaringBitmap,
    numbered: bool,
    unnumbered: bool,
    repeated: bool,
}

/// A label that every snapshot may carry.
#[derive(Debug, Default)]
struct Label {
    value: Option<String>,
    seen: bool,
    differs: bool,
}

impl Label {
    fn see(&mut self, metadata: &Object, key: &str) {
        let text = metadata.get(key).and_then(Value::as_str);
        match (self.seen, text) {
            (false, text) => self.value = text.map(str::to_owned),
            (true, text) => self.differs |= self.value.as_deref() != text,
        }
        self.seen = true;
    }

    /// What they all say, where that can be a label.
    fn agreed(self) -> Option<String> {
        let fits = |text: &String| {
            !text.is_empty() && text.len() <= MAX_LABEL_BYTES && !text.contains(char::is_control)
        };
        self.value.filter(|text| !self.differs && fits(text))
    }
}

/// The first reading.
pub struct Survey<'r> {
    rows: Box<dyn Rows + 'r>,
    found: Found,
}

/// What it has found so far.
struct Found {
    now: Timestamp,
    shape: &'static str,
    facts: Object,
    records: u64,
    events: u64,
    steps: u64,
    sessions: BTreeMap<Option<String>, Session>,
    spec: Option<RunSpec>,
    more_starts: u64,
    skip: RoaringTreemap,
    ids: Window<EventId>,
    said: Window<(u64, u32)>,
    event_copies: u64,
    draft_copies: u64,
    kind: Label,
    task: Label,
    ended: bool,
    last_at: Option<Timestamp>,
}

impl<'r> Survey<'r> {
    /// Of the records of a file. `now` stands in where a snapshot names no time.
    pub(crate) fn new(rows: Box<dyn Rows + 'r>, now: Timestamp, shape: &'static str, facts: Object) -> Self {
        let found = Found {
            now,
            shape,
            facts,
            records: 0,
            events: 0,
            steps: 0,
            sessions: BTreeMap::new(),
            spec: None,
            more_starts: 0,
            skip: RoaringTreemap::new(),
            ids: Window::default(),
            said: Window::default(),
            event_copies: 0,
            draft_copies: 0,
            kind: Label::default(),
            task: Label::default(),
            ended: false,
            last_at: None,
        };
        Self { rows, found }
    }

    /// Of a list that is in memory.
    pub(crate) fn of_list(list: Pieces<'r>, now: Timestamp, shape: &'static str, facts: Object) -> Self {
        Self::new(Box::new(list), now, shape, facts)
    }

    /// Reads and checks one record; `false` at the end of the file.
    pub fn advance(&mut self) -> Result<bool, ImportError> {
        let Some(record) = self.rows.next()? else { return Ok(false) };
        let place = self.found.records;
        self.found.records += 1;
        match understood(record)? {
            Item::Event(event, refuse) => match self.found.see_event(place, &event) {
                true => Ok(true),
                false => Err(refuse()),
            },
            Item::Draft(draft) => self.found.see_draft(place, draft).map(|()| true),
        }
    }

    /// About how many bytes of the file have been read.
    pub fn position_bytes(&self) -> u64 {
        self.rows.position_bytes()
    }

    /// What the whole file says, once it was read to its end. `name` is the file's name.
    pub fn plan(mut self, name: &str) -> Result<Plan, ImportError> {
        let about = self.rows.about()?;
        self.found.plan(name, about)
    }
}

impl Found {
    /// Notes an event of ours; `false` where its id names a different one as well.
    fn see_event(&mut self, place: u64, event: &Event) -> bool {
        if let Body::RunStarted(started) = event.body() {
            match &self.spec {
                None => self.spec = Some(run::spec_of(started.clone())),
                Some(_) => self.more_starts += 1,
            }
            self.skip.insert(place);
            return true;
        }
        match self.ids.see(event.id(), fingerprint(event)) {
            Before::Never => {}
            Before::Same => {
                self.event_copies += 1;
                self.skip.insert(place);
                return true;
            }
            Before::Different => return false,
        }
        match event.body() {
            Body::SnapshotScored(_) => self.steps += 1,
            Body::RunFinished(end) => self.ended = end.status.is_final(),
            Body::RunStatus(change) => self.ended = change.status.is_final(),
            _ => {}
        }
        self.last_at = self.last_at.max(Some(event.at()));
        self.events += 1;
        true
    }

    fn see_draft(&mut self, place: u64, mut draft: Draft<'_>) -> Result<(), ImportError> {
        let at = draft.at.unwrap_or(self.now);
        self.kind.see(&draft.body.metadata, "run_type");
        self.task.see(&draft.body.metadata, "task_id");
        let session = draft.session.take();
        let step = draft.step;
        let body = std::mem::take(&mut draft.body);
        let event = draft.fields.event(EventId::from_u128(0), at, None, Some(step.unwrap_or(0)), body)?;
        let known = self.sessions.entry(session.clone()).or_default();
        if let Some(step) = step {
            known.numbered = true;
            let mut hasher = DefaultHasher::new();
            session.hash(&mut hasher);
            match self.said.see((hasher.finish(), step), fingerprint(&event)) {
                Before::Same => {
                    self.draft_copies += 1;
                    self.skip.insert(place);
                    return Ok(());
                }
                Before::Never | Before::Different => known.repeated |= !known.steps.insert(step),
            }
        } else {
            known.unnumbered = true;
        }
        self.last_at = self.last_at.max(Some(at));
        self.steps += 1;
        self.events += 1;
        Ok(())
    }

    fn plan(self, name: &str, about: About) -> Result<Plan, ImportError> {
        let About { spec, notes } = about;
        let mut episodes = BTreeSet::new();
        let mut warnings = Vec::new();
        let mut count = |n: u64, what: &str| {
            if n > 0 {
                warnings.push(format!("{n} {what}"));
            }
        };
        count(self.event_copies, "events stand in the file twice; each was read once");
        count(self.more_starts, "more `run.started` were left out: the first one names the run");
        let mut facts = self.facts;
        let several = self.sessions.len() > 1;
        if let (false, Some(Some(only))) = (several, self.sessions.keys().next()) {
            facts.entry("session_id").or_insert_with(|| json!(only));
        }
        if several {
            let n = self.sessions.len();
            warnings.push(format!("the file holds {n} sessions; each became an episode"));
        }
        let mut sessions = BTreeMap::new();
        for (n, (session, held)) in self.sessions.into_iter().enumerate() {
            let episode = match several {
                true => Some(episode(session.as_deref(), n, &mut episodes, &mut warnings)?),
                false => None,
            };
            let own_steps = !held.unnumbered && !held.repeated;
            if !own_steps && held.numbered {
                let kept = "the file's own numbers are in `metadata.step`";
                warnings.push(format!(
                    "steps repeat or are missing; they were numbered in the file's order, {kept}"
                ));
            }
            sessions.insert(session, Numbering { episode, own_steps });
        }
        if self.draft_copies > 0 {
            let n = self.draft_copies;
            warnings.push(format!("{n} snapshots stand in the file twice; each was read once"));
        }
        let (kind, task) = (self.kind.agreed(), self.task.agreed());
        let spec = spec.or(self.spec).unwrap_or_else(|| {
            let mut spec = run::spec(name, self.shape, kind.as_deref().unwrap_or("training"), facts);
            spec.task = task;
            spec
        });
        run::check(&spec, self.now)?;
        let end = (!self.ended).then_some(self.last_at.unwrap_or(self.now));
        let started = if several { sessions.len() as u64 } else { 0 };
        let events = self.events + started;
        let (steps, now, skip) = (self.steps, self.now, self.skip);
        Ok(Plan { spec, notes, warnings, steps, events, sessions, skip, now, end })
    }
}

/// What an event says, as one number.
fn fingerprint(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    (event.kind().as_str(), event.at().micros(), event.step()).hash(&mut hasher);
    event.episode().map(EpisodeId::as_str).hash(&mut hasher);
    event.body().to_json().hash(&mut hasher);
    hasher.finish()
}

/// The episode of a session: its own id where that can be one, else a number.
fn episode(
    session: Option<&str>,
    n: usize,
    taken: &mut BTreeSet<EpisodeId>,
    warnings: &mut Vec<String>,
) -> Result<EpisodeId, ImportError> {
    let own = session.and_then(|text| EpisodeId::new(text).ok()).filter(|id| !taken.contains(id));
    let id = match own {
        Some(id) => id,
        None => {
            let named = EpisodeId::new(format!("session-{}", n + 1))
                .map_err(|e| ImportError::new("session_id", e.message, "a name"))?;
            let called = session.map_or_else(|| "none".to_owned(), |text| said(&json!(text)));
            warnings.push(format!("session_id {called} cannot name an episode; it is {named}"));
            named
        }
    };
    taken.insert(id.clone());
    Ok(id)
}

/// How the snapshots of one session are numbered.
#[derive(Debug)]
struct Numbering {
    /// Their episode, where the file holds several sessions.
    episode: Option<EpisodeId>,
    /// Whether the file's own step numbers stand: each is there, and different.
    own_steps: bool,
}

/// What a file holds, checked to its end.
#[derive(Debug)]
pub struct Plan {
    spec: RunSpec,
    notes: String,
    warnings: Vec<String>,
    steps: u64,
    events: u64,
    sessions: BTreeMap<Option<String>, Numbering>,
    /// Records that make no event.
    skip: RoaringTreemap,
    now: Timestamp,
    /// When the run ended, where no event of the file says that it did.
    end: Option<Timestamp>,
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
    counts: BTreeMap<Option<String>, u32>,
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
