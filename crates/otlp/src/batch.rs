//! The items of one run get their numbers and become events.

use std::collections::{BTreeMap, HashMap, HashSet};

use gauntlet_model::{
    Body, EpisodeId, EpisodeStarted, Event, EventId, FailureKind, FieldError, MAX_STEP, Object, Record,
    RunId, RunSpec, Score, ScoreAdded, ScoreTarget, Scores, SnapshotScored,
};
use serde_json::{Value, json};

use crate::decode::Outcome;
use crate::item::{Item, Place, Said, started_id};
use crate::scores::{self, Evaluation};

/// What of a request belongs to one run.
#[derive(Debug)]
pub struct Batch {
    run: RunId,
    spec: RunSpec,
    items: Vec<Item>,
}

/// A scored step of an episode.
type NodeKey = (u32, Option<EpisodeId>);

/// Items that have their numbers.
#[derive(Debug)]
pub struct Numbered {
    items: Vec<(Item, Option<u32>)>,
    known: HashSet<EventId>,
    /// Steps that may have a node already.
    old: Vec<(u32, EpisodeId)>,
}

/// What to append, and what cannot be.
#[derive(Debug, Default)]
pub struct Settled {
    /// Events in the order to append them in; none that the log was known to have.
    pub events: Vec<Event>,
    /// What was refused, or is unusual.
    pub outcome: Outcome,
}

impl Batch {
    pub(crate) fn new(run: RunId, spec: RunSpec, mut items: Vec<Item>) -> Self {
        // Exact events come first: what they say need not be derived. The sort is stable.
        items.sort_by_key(|item| (item.exact.is_none(), item.at));
        Self { run, spec, items }
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// What to create the run with, should it not be there.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// The ids of events to look for in the run's log.
    pub fn asks(&self) -> Vec<EventId> {
        let mut ids = Vec::new();
        for item in &self.items {
            ids.extend(item.exact.iter().flatten().map(Event::id));
            ids.extend(item.place.witnesses());
            ids.extend(item.record.iter().map(|r| r.id));
            ids.extend(item.finish.iter().map(|f| f.id));
            for evaluation in &item.evaluations {
                ids.extend(evaluation.record.iter().map(|r| r.id));
                ids.push(evaluation.score_id);
            }
            if let Some(trace) = item.episode.as_ref().map(EpisodeId::as_str) {
                ids.push(started_id(trace));
                ids.extend(Place::Trace(trace.to_owned()).witnesses());
            }
        }
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Gives every item its number. `found` is what the log has of what was asked for, with the steps;
    /// `last` is its highest step.
    pub fn numbered(self, found: Vec<(EventId, Option<u32>)>, last: Option<u32>) -> Numbered {
        let known: HashMap<EventId, Option<u32>> = found.into_iter().collect();
        let mut numbers =
            Numbers { known, given: HashMap::new(), next: last.map_or(0, |l| l.saturating_add(1)) };
        let mut old = Vec::new();
        let mut items = Vec::with_capacity(self.items.len());
        for item in self.items {
            if item.exact.is_some() {
                items.push((item, None));
                continue;
            }
            let (step, is_new) = numbers.of(&item);
            if let (Some(step), Some(episode), false) = (step, &item.episode, is_new)
                && item.wants_node()
            {
                old.push((step, episode.clone()));
            }
            items.push((item, step));
        }
        old.sort_unstable();
        old.dedup();
        Numbered { items, known: numbers.known.into_keys().collect(), old }
    }
}

impl Item {
    fn wants_node(&self) -> bool {
        self.episode.is_some() && (self.node.always || !self.evaluations.is_empty())
    }
}

/// Who has which number.
struct Numbers {
    known: HashMap<EventId, Option<u32>>,
    given: HashMap<Place, u32>,
    next: u32,
}

impl Numbers {
    /// The number of an item, and whether it is a fresh one; `None` where numbers have run out.
    fn of(&mut self, item: &Item) -> (Option<u32>, bool) {
        let root =
            item.episode.as_ref().filter(|_| item.is_root).map(|e| Place::Trace(e.as_str().to_owned()));
        let places = || std::iter::once(&item.place).chain(&root);
        let recorded = item.record.as_ref().and_then(|r| self.known.get(&r.id).copied().flatten());
        let given = || places().find_map(|place| self.given.get(place).copied());
        let logged =
            || places().flat_map(Place::witnesses).find_map(|id| self.known.get(&id).copied().flatten());
        let (step, is_new) = match recorded.or_else(given).or_else(logged).or(item.step) {
            Some(step) => (step, false),
            None if self.next > MAX_STEP => return (None, false),
            None => {
                self.next += 1;
                (self.next - 1, true)
            }
        };
        self.next = self.next.max(step.saturating_add(1));
        for place in std::iter::once(item.place.clone()).chain(root) {
            self.given.entry(place).or_insert(step);
        }
        (Some(step), is_new)
    }
}

impl Numbered {
    /// The steps whose last snapshot to look for.
    pub fn asks(&self) -> &[(u32, EpisodeId)] {
        &self.old
    }

    /// The events to append. `nodes` is the last snapshot of each step asked for that has one.
    pub fn events(self, nodes: &[Record]) -> Settled {
        let mut drawn: HashMap<NodeKey, HashSet<String>> = HashMap::new();
        for record in nodes {
            let Some(step) = record.step else { continue };
            drawn.insert((step, record.episode.clone()), contained(record));
        }
        let mut judged: BTreeMap<NodeKey, Vec<Evaluation>> = BTreeMap::new();
        for (item, step) in &self.items {
            if let Some(step) = step.filter(|_| item.episode.is_some()) {
                judged
                    .entry((step, item.episode.clone()))
                    .or_default()
                    .extend(item.evaluations.iter().cloned());
            }
        }
        let mut writer = Writer { taken: self.known, drawn, judged, settled: Settled::default() };
        for (item, step) in self.items {
            writer.item(item, step);
        }
        writer.settled
    }
}

/// The ids of the evaluations a snapshot holds.
fn contained(record: &Record) -> HashSet<String> {
    let Ok(event) = record.event() else { return HashSet::new() };
    let Body::SnapshotScored(scored) = event.body() else { return HashSet::new() };
    let ids = scored.metadata.get("evaluations").and_then(Value::as_array);
    ids.into_iter().flatten().filter_map(|held| held.get("id")?.as_str().map(str::to_owned)).collect()
}

/// An evaluation as its snapshot's metadata names it.
fn held(evaluation: &Evaluation) -> Value {
    let mut said = Object::new();
    said.insert("id".to_owned(), json!(evaluation.score_id));
    for (key, text) in
        [("name", &evaluation.path), ("label", &evaluation.label), ("explanation", &evaluation.explanation)]
    {
        if let Some(text) = text {
            said.insert(key.to_owned(), json!(text));
        }
    }
    Value::Object(said)
}

struct Writer {
    /// Ids that the log has, or this batch appends.
    taken: HashSet<EventId>,
    /// Nodes that are there, with the evaluations they hold.
    drawn: HashMap<NodeKey, HashSet<String>>,
    /// What judges each node in this batch.
    judged: BTreeMap<NodeKey, Vec<Evaluation>>,
    settled: Settled,
}

impl Writer {
    fn item(&mut self, item: Item, step: Option<u32>) {
        if let Some(exact) = item.exact {
            for event in exact {
                // The run's own first event is there already, in the run's own words.
                if !matches!(event.body(), Body::RunStarted(_)) && self.taken.insert(event.id()) {
                    self.settled.events.push(event);
                }
            }
            return;
        }
        let what = item.what.clone();
        let Some(step) = step else {
            return self
                .settled
                .outcome
                .refuse(&what, &format!("the run has no step number left below {MAX_STEP}"));
        };
        let key = (step, item.episode.clone());
        let was_drawn = self.drawn.contains_key(&key);
        match self.events_of(item, step) {
            Ok(events) => {
                self.taken.extend(events.iter().map(Event::id));
                self.settled.events.extend(events);
            }
            Err(error) => {
                // Its node was not appended either; another item of the step may still draw it.
                if !was_drawn {
                    self.drawn.remove(&key);
                }
                self.settled.outcome.refuse(&what, &error.to_string());
            }
        }
    }

    /// The events of one item, all or none.
    fn events_of(&mut self, item: Item, step: u32) -> Result<Vec<Event>, FieldError> {
        let mut events = Vec::new();
        let episode = item.episode.clone();
        if let Some(trace) = &episode {
            let body = EpisodeStarted {
                task: item.task.as_deref().map(crate::value::label),
                metadata: Object::new(),
            };
            let started = Said { id: started_id(trace.as_str()), at: item.at, body };
            self.say(&mut events, &episode, None, started)?;
        }
        let wants_node = item.wants_node();
        if let Some(record) = item.record {
            self.say(&mut events, &episode, Some(step), record)?;
        }
        for evaluation in &item.evaluations {
            if let Some(warning) = &evaluation.warning {
                self.settled.outcome.say(warning);
            }
            if let Some(record) = evaluation.record.clone() {
                self.say(&mut events, &episode, Some(step), record)?;
            }
        }
        let key = (step, episode.clone());
        if wants_node && !self.drawn.contains_key(&key) {
            let evaluations = self.judged.get(&key).cloned().unwrap_or_default();
            // The root's node stands for the whole trace, so that it is found by the trace alone.
            let place = match &episode {
                Some(trace) if item.is_root => Place::Trace(trace.as_str().to_owned()),
                _ => item.place,
            };
            let body = snapshot(&item.node, &evaluations)?;
            let at = evaluations.iter().map(|e| e.at).chain([item.node.at]).max().unwrap_or(item.at);
            self.say(&mut events, &episode, Some(step), Said { id: place.node_id(), at, body })?;
            self.drawn.insert(key.clone(), evaluations.iter().map(|e| e.score_id.to_string()).collect());
        }
        for evaluation in &item.evaluations {
            let is_held =
                self.drawn.get(&key).is_some_and(|held| held.contains(&evaluation.score_id.to_string()));
            if let Some(body) = late(evaluation, episode.is_some()).filter(|_| !is_held) {
                let said = Said { id: evaluation.score_id, at: evaluation.at, body };
                self.say(&mut events, &episode, episode.as_ref().map(|_| step), said)?;
            }
        }
        if let Some(finish) = item.finish {
            // What the real root says of the end is the last word.
            let root = episode.as_ref().map(|trace| crate::item::finished_id(trace.as_str(), None));
            if root.is_none_or(|root| !self.taken.contains(&root)) {
                self.say(&mut events, &episode, Some(step), finish)?;
            }
        }
        if item.is_large {
            events.iter().try_for_each(bounded)?
        }
        Ok(events)
    }

    /// Adds an event, unless it was said before.
    fn say<B: Into<Body>>(
        &self,
        events: &mut Vec<Event>,
        episode: &Option<EpisodeId>,
        step: Option<u32>,
        said: Said<B>,
    ) -> Result<(), FieldError> {
        if self.taken.contains(&said.id) || events.iter().any(|e| e.id() == said.id) {
            return Ok(());
        }
        events.push(Event::new(said.id, said.at, episode.clone(), step, said.body)?);
        Ok(())
    }
}

/// Refuses an event whose body is over the limit.
fn bounded(event: &Event) -> Result<(), FieldError> {
    let (bytes, most) = (event.body().to_json().len(), gauntlet_model::MAX_BODY_BYTES);
    match bytes > most {
        true => Err(FieldError::new("body", format!("is {bytes} bytes long; at most {most} are allowed"))),
        false => Ok(()),
    }
}

fn snapshot(node: &crate::item::Node, evaluations: &[Evaluation]) -> Result<SnapshotScored, FieldError> {
    let scores = Scores::new(scores::scores(evaluations))?;
    let failed = evaluations.iter().filter(|e| e.failed).filter_map(|e| e.path.clone());
    let mut not_evaluated: Vec<String> = failed.filter(|path| scores.get(path).is_none()).collect();
    not_evaluated.sort_unstable();
    not_evaluated.dedup();
    let mut metadata = Object::new();
    for (key, text) in [("name", &node.name), ("error", &node.error)] {
        if let Some(text) = text {
            metadata.insert(key.to_owned(), json!(text));
        }
    }
    if !evaluations.is_empty() {
        metadata.insert("evaluations".to_owned(), evaluations.iter().map(held).collect());
    }
    Ok(SnapshotScored {
        scores,
        not_evaluated,
        failures: node.error.iter().map(|_| FailureKind::Generic).collect(),
        action: node.action.clone(),
        observation: node.observation.clone(),
        metadata,
        ..SnapshotScored::default()
    })
}

/// A score that comes when its node is there, or that has no trace and so is the run's.
fn late(evaluation: &Evaluation, has_episode: bool) -> Option<ScoreAdded> {
    Some(ScoreAdded {
        target: if has_episode { ScoreTarget::Step } else { ScoreTarget::Run },
        path: evaluation.path.clone()?,
        value: Score::new(evaluation.value?).ok()?,
        label: evaluation.label.clone().filter(|l| !l.is_empty()),
        explanation: evaluation.explanation.clone(),
        source: evaluation.source.clone(),
    })
}
