//! Two readings of one file. The first checks it to its end and learns what only the whole file says: whether its
//! step numbers can stand, which sessions it holds, what stands in it twice. The second makes the events. Neither
//! holds more than a record, so that a file of any size opens in the same memory, and a broken line anywhere
//! refuses the file before anything of it was kept.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use gauntlet_model::{Body, EpisodeId, Event, EventId, MAX_LABEL_BYTES, Object, RunSpec, Timestamp};
use roaring::RoaringTreemap;
use serde_json::{Value, json};

use crate::error::ImportError;
use crate::fields::said;
use crate::item::{Item, understood};
use crate::plan::{Numbering, Plan};
use crate::rows::{About, Pieces, Rows};
use crate::run;
use crate::snapshots::Draft;
use crate::window::{Before, Window};

/// What one session of the file holds.
#[derive(Debug, Default)]
struct Session {
    steps: RoaringTreemap,
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
    said: Window<(u64, u64)>,
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
