//! The first of two passes over a file. It checks the file to its end and finds what depends on all records:
//! whether their step numbers are usable, which sessions there are, which records are duplicates. The second
//! pass makes the events. Both hold one record at a time, so that memory does not grow with the file, and an
//! error anywhere refuses the file before anything of it is stored.

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_model::{Body, EpisodeId, Event, EventId, MAX_LABEL_BYTES, Object, RunSpec, Status, Timestamp};
use roaring::RoaringTreemap;
use serde_json::{Value, json};

use crate::context::closes_run;
use crate::draft::Draft;
use crate::error::ImportError;
use crate::event_ids::{duplicate_id, fingerprint};
use crate::fields::preview;
use crate::item::{Item, Reader};
use crate::names::ColumnMap;
use crate::options::Options;
use crate::plan::{Numbering, Plan, step_at_index};
use crate::recent_keys::{RecentKeys, Seen};
use crate::rows::{About, Rows};
use crate::run;
use crate::tally::Tally;

/// About how many bytes what is known of one session takes.
const SESSION_BYTES: usize = 256;

/// The steps of one session of the file.
#[derive(Debug, Default)]
struct Session {
    steps: RoaringTreemap,
    numbered: bool,
    unnumbered: bool,
    repeated: bool,
    /// Whether it is an episode even if it is the only session.
    is_episode: bool,
}

/// A label that snapshots may have.
#[derive(Debug, Default)]
struct Label {
    value: Option<String>,
    seen: bool,
    differs: bool,
}

impl Label {
    fn record(&mut self, value: Option<&Value>) {
        let text = value.and_then(Value::as_str);
        match (self.seen, text) {
            (false, text) => self.value = text.map(str::to_owned),
            (true, text) => self.differs |= self.value.as_deref() != text,
        }
        self.seen = true;
    }

    /// The common label of all snapshots, if it is valid.
    fn agreed(self) -> Option<String> {
        let fits = |text: &String| {
            !text.is_empty() && text.len() <= MAX_LABEL_BYTES && !text.contains(char::is_control)
        };
        self.value.filter(|text| !self.differs && fits(text))
    }
}

/// The first pass over a file.
pub struct Survey<'r> {
    rows: Box<dyn Rows + 'r>,
    reader: Reader,
    found: Findings,
    options: Options,
}

/// The findings so far.
struct Findings {
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
    ids: RecentKeys<EventId>,
    event_copies: u64,
    kind: Label,
    task: Label,
    ended: bool,
    last_at: Option<Timestamp>,
    tally: Tally,
    map: ColumnMap,
}

impl<'r> Survey<'r> {
    /// A survey of records. `now` is used where neither a snapshot nor the file has a time.
    pub(crate) fn new(
        rows: Box<dyn Rows + 'r>,
        now: Timestamp,
        shape: &'static str,
        facts: Object,
        options: &Options,
    ) -> Self {
        let found = Findings {
            now: rows.began_at().unwrap_or(now),
            shape,
            facts,
            records: 0,
            events: 0,
            steps: 0,
            sessions: BTreeMap::new(),
            spec: None,
            more_starts: 0,
            skip: RoaringTreemap::new(),
            ids: RecentKeys::default(),
            event_copies: 0,
            kind: Label::default(),
            task: Label::default(),
            ended: false,
            last_at: None,
            tally: Tally::default(),
            map: options.map.clone(),
        };
        Self { rows, reader: Reader::new(options.map.clone()), found, options: options.clone() }
    }

    /// Checks one record; returns `false` at the end of the file. With [`Options::partial_allowed`], an
    /// unreadable record is skipped.
    pub fn advance(&mut self) -> Result<bool, ImportError> {
        let index = self.found.records;
        let seen = match self.rows.next() {
            Ok(None) => return Ok(false),
            Ok(Some(record)) => {
                self.found.records += 1;
                let found = &mut self.found;
                self.reader.read(record).and_then(|item| match item {
                    Item::Event { event, span } => match found.see_event(index, &event) {
                        true => Ok(()),
                        false => Err(span.refuse(duplicate_id(event.id()), "an id for each event")),
                    },
                    Item::Draft(draft) => found.see_draft(index, *draft),
                })
            }
            Err(error) => {
                self.found.records += u64::from(!error.is_end);
                Err(error)
            }
        };
        match seen.and_then(|()| self.options.reserve(self.found.sessions.len() * SESSION_BYTES)) {
            Ok(()) => Ok(true),
            // A cancelled import is not an error of the file, and neither is a lack of memory.
            Err(error) if error.is_stopped || !self.options.should_continue() => Err(error),
            Err(error) if self.options.partial => {
                self.found.skip.insert(index);
                self.found.tally.leave_out(error.reason());
                Ok(!error.is_end)
            }
            Err(mut error) => {
                error.readable = Some(self.found.events);
                Err(error)
            }
        }
    }

    /// About how many bytes of the file have been read.
    pub fn position_bytes(&self) -> u64 {
        self.rows.position_bytes()
    }

    /// The plan of the second pass, after the last record. `name` is the file's name.
    pub fn plan(mut self, name: &str) -> Result<Plan, ImportError> {
        let about = self.rows.about(name)?;
        self.found.tally.repaired += about.repaired;
        self.found.tally.encoding = about.encoding;
        self.found.tally.keys.add(about.repeats.clone());
        if self.found.events == 0 && self.found.tally.left_out > 0 {
            let reasons = self.found.tally.reasons.join("; ");
            return Err(ImportError::new(
                "",
                format!("nothing in it can be read: {reasons}"),
                "a readable record",
            ));
        }
        self.found.plan(name, about)
    }
}

impl Session {
    /// How the steps of the `n`th session are numbered, and their episode. `several`: the file has others.
    fn numbering(
        self,
        session: Option<&str>,
        n: usize,
        several: bool,
        episodes: &mut BTreeSet<EpisodeId>,
        warnings: &mut Vec<String>,
    ) -> Result<Numbering, ImportError> {
        let keeps_steps = !self.unnumbered;
        if !keeps_steps && self.numbered {
            let hint = "the file's own numbers are in `metadata.step`";
            warnings.push(format!("steps are missing; they were numbered in the file's order, {hint}"));
        }
        // Records with the same step number are rollouts: each is an episode, named by its index in the
        // file.
        let by_row = keeps_steps && self.repeated;
        let episode = match (several || self.is_episode) && !by_row {
            true => Some(episode(session, n, episodes, warnings)?),
            false => None,
        };
        Ok(Numbering { episode, keeps_steps, by_row })
    }
}

impl Findings {
    /// Adds an event; returns `false` if another event has the same id.
    fn see_event(&mut self, index: u64, event: &Event) -> bool {
        if let Body::RunStarted(started) = event.body() {
            match &self.spec {
                None => self.spec = Some(run::spec_from_started(started.clone())),
                Some(_) => self.more_starts += 1,
            }
            self.skip.insert(index);
            return true;
        }
        match self.ids.record(event.id(), fingerprint(event)) {
            Seen::New => {}
            Seen::Duplicate => {
                self.event_copies += 1;
                self.skip.insert(index);
                return true;
            }
            Seen::Conflict => return false,
        }
        self.steps += u64::from(matches!(event.body(), Body::SnapshotScored(_)));
        self.ended = closes_run(event).unwrap_or(self.ended);
        self.last_at = self.last_at.max(Some(event.at()));
        self.events += 1;
        true
    }

    fn see_draft(&mut self, index: u64, mut draft: Draft<'_>) -> Result<(), ImportError> {
        let at = draft.at.unwrap_or(self.now);
        let step = draft.step.or_else(|| draft.is_episode.then(|| step_at_index(index)));
        let body = std::mem::take(&mut draft.body);
        let (kind, task) = (body.metadata.get("run_type").cloned(), body.metadata.get("task_id").cloned());
        let id = EventId::from_u128(0);
        draft.fields.event(id, at, None, Some(step.unwrap_or(0)), body)?;
        let before = std::mem::take(&mut draft.before);
        self.events += before.len() as u64;
        for recorded in before {
            draft.fields.event(id, at, None, step, recorded.into_body(at))?;
        }
        self.kind.record(kind.as_ref());
        self.task.record(task.as_ref());
        let known = self.sessions.entry(draft.session.take()).or_default();
        known.is_episode |= draft.is_episode;
        match step {
            Some(step) => {
                known.numbered = true;
                known.repeated |= !known.steps.insert(step);
            }
            None => known.unnumbered = true,
        }
        self.tally.add(std::mem::take(&mut draft.fields.tally));
        self.last_at = self.last_at.max(Some(at));
        self.steps += 1;
        self.events += 1;
        Ok(())
    }

    fn plan(self, name: &str, about: About) -> Result<Plan, ImportError> {
        let About { spec, notes, status, .. } = about;
        self.check_map()?;
        let mut episodes = BTreeSet::new();
        let mut warnings = Vec::new();
        let mut count = |n: u64, what: &str| {
            if n > 0 {
                warnings.push(format!("{n} {what}"));
            }
        };
        count(self.event_copies, "events stand in the file twice; each was read once");
        count(self.more_starts, "more `run.started` were left out: the first one names the run");
        warnings.extend(self.tally.notes());
        if self.spec.is_some() && !self.ended {
            let why = "the file has no end of its run: it is cut, or was written before the run ended";
            warnings.push(why.to_owned());
        }
        let mut facts = self.facts;
        let named = self.sessions.values().any(|session_steps| session_steps.is_episode);
        let several = self.sessions.len() > 1;
        if let (false, Some(Some(only))) = (several || named, self.sessions.keys().next()) {
            facts.entry("session_id").or_insert_with(|| json!(only));
        }
        if several && !named {
            let n = self.sessions.len();
            warnings.push(format!("the file holds {n} sessions; each became an episode"));
        }
        let mut sessions = BTreeMap::new();
        let mut started = 0;
        for (n, (session, steps)) in self.sessions.into_iter().enumerate() {
            let numbering = steps.numbering(session.as_deref(), n, several, &mut episodes, &mut warnings)?;
            started += u64::from(numbering.episode.is_some());
            sessions.insert(session, numbering);
        }
        let (kind, task) = (self.kind.agreed(), self.task.agreed());
        let mut spec = spec.or(self.spec).unwrap_or_else(|| {
            let mut spec = run::spec(name, self.shape, kind.as_deref().unwrap_or("training"), facts);
            spec.task = task;
            spec
        });
        run::note(&mut spec, &warnings);
        run::check(&spec, self.now)?;
        let end = (!self.ended).then_some(self.last_at.unwrap_or(self.now));
        Ok(Plan {
            stem: run::episode_stem(name),
            episodes,
            spec,
            notes,
            warnings,
            steps: self.steps,
            records: self.records,
            events: self.events + started,
            sessions,
            skip: self.skip,
            now: self.now,
            end,
            status: status.unwrap_or(Status::Completed),
            map: self.map,
        })
    }

    /// Refuses a map that names a column which the file does not have.
    fn check_map(&self) -> Result<(), ImportError> {
        match self.map.columns().find(|(normal, _)| !self.tally.mapped.contains(*normal)) {
            Some((_, column)) if self.records > 0 => {
                let message = format!("names column `{column}`, which the file does not have");
                Err(ImportError::new("map", message, "`field=column`, with a column of the file"))
            }
            _ => Ok(()),
        }
    }
}

/// The episode of a session: the session's id if valid, else a number.
fn episode(
    session: Option<&str>,
    n: usize,
    used: &mut BTreeSet<EpisodeId>,
    warnings: &mut Vec<String>,
) -> Result<EpisodeId, ImportError> {
    let valid = session.and_then(|text| EpisodeId::new(text).ok()).filter(|id| !used.contains(id));
    let id = match valid {
        Some(id) => id,
        None => {
            let named = EpisodeId::new(format!("session-{}", n + 1))
                .map_err(|e| ImportError::new("session_id", e.message, "a name"))?;
            let called = session.map_or_else(|| "none".to_owned(), |text| preview(&json!(text)));
            warnings.push(format!("session_id {called} cannot name an episode; it is {named}"));
            named
        }
    };
    used.insert(id.clone());
    Ok(id)
}
