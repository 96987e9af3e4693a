//! The items of one run get their numbers and become events.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use gauntlet_model::{EpisodeId, Event, EventId, MAX_STEP, Record, RunId, RunSpec};

use crate::decode::Outcome;
use crate::item::{Item, StepKey, started_id};
use crate::writer::Writer;

/// What of a request belongs to one run.
#[derive(Debug)]
pub struct Batch {
    run: RunId,
    spec: RunSpec,
    items: Vec<Item>,
}

/// Items that have their numbers.
#[derive(Debug)]
pub struct NumberedBatch {
    items: Vec<(Item, Option<u64>)>,
    known: HashSet<EventId>,
    /// Steps that something new is said of.
    old: Vec<(u64, EpisodeId)>,
}

/// What to append, and what cannot be.
#[derive(Debug, Default)]
pub struct AppendPlan {
    /// Events in the order to append them in; none that the log was known to have.
    pub events: Vec<Event>,
    /// What was refused, or is unusual.
    pub outcome: Outcome,
    /// Traces of which something came and whose root did not yet.
    pub open: BTreeSet<EpisodeId>,
}

impl Batch {
    pub(crate) fn new(run: RunId, spec: RunSpec, mut items: Vec<Item>) -> Self {
        // Exact events come first: what they say need not be derived. Of spans that begin together, as far as
        // a clock of milliseconds tells, the one that ends last is around the others.
        items.sort_by_key(|item| (item.exact.is_none(), item.at, !item.is_root, Reverse(item.node.at)));
        Self { run, spec, items }
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// How many spans and log records it holds.
    #[allow(clippy::len_without_is_empty, reason = "a batch without items is not made")]
    pub fn len(&self) -> usize {
        self.items.iter().filter(|item| item.record.is_some() || item.exact.is_some()).count()
    }

    /// What to create the run with, should it not be there.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// The ids of events to look for in the run's log.
    pub fn lookup_ids(&self) -> Vec<EventId> {
        let mut ids = Vec::new();
        for item in &self.items {
            ids.extend(item.exact.iter().flatten().map(Event::id));
            ids.extend(item.place.event_ids());
            ids.extend(item.record.iter().map(|r| r.id));
            ids.extend(item.finish.iter().map(|f| f.id));
            for evaluation in &item.evaluations {
                ids.extend(evaluation.record.iter().map(|r| r.id));
                ids.push(evaluation.score_id);
            }
            if let Some(trace) = item.episode.as_ref().map(EpisodeId::as_str) {
                ids.push(started_id(trace));
                ids.extend(StepKey::Trace(trace.to_owned()).event_ids());
            }
        }
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Gives every item its number. `found` is what the log has of what was asked for, with the steps;
    /// `last` is its highest step.
    pub fn assign_steps(self, found: Vec<(EventId, Option<u64>)>, last: Option<u64>) -> NumberedBatch {
        let known: HashMap<EventId, Option<u64>> = found.into_iter().collect();
        let log: HashSet<EventId> = known.keys().copied().collect();
        let mut numbers =
            StepNumbers { known, assigned: HashMap::new(), next: last.map_or(0, |l| l.saturating_add(1)) };
        let mut old = Vec::new();
        let mut items = Vec::with_capacity(self.items.len());
        for item in self.items {
            if item.exact.is_some() {
                items.push((item, None));
                continue;
            }
            let (step, is_new) = numbers.assign(&item);
            if let (Some(step), Some(episode), false) = (step, &item.episode, is_new)
                && item.has_new_events(&log)
            {
                old.push((step, episode.clone()));
            }
            items.push((item, step));
        }
        old.sort_unstable();
        old.dedup();
        NumberedBatch { items, known: log, old }
    }
}

/// Who has which number.
struct StepNumbers {
    known: HashMap<EventId, Option<u64>>,
    assigned: HashMap<StepKey, u64>,
    next: u64,
}

impl StepNumbers {
    /// The number of an item, and whether it is a fresh one; `None` where numbers have run out.
    fn assign(&mut self, item: &Item) -> (Option<u64>, bool) {
        let root =
            item.episode.as_ref().filter(|_| item.is_root).map(|e| StepKey::Trace(e.as_str().to_owned()));
        let places = || std::iter::once(&item.place).chain(&root);
        let recorded = item.record.as_ref().and_then(|r| self.known.get(&r.id).copied().flatten());
        let assigned = || places().find_map(|place| self.assigned.get(place).copied());
        let logged =
            || places().flat_map(StepKey::event_ids).find_map(|id| self.known.get(&id).copied().flatten());
        let (step, is_new) = match recorded.or_else(assigned).or_else(logged).or(item.step) {
            Some(step) => (step, false),
            None if self.next > MAX_STEP => return (None, false),
            None => {
                self.next += 1;
                (self.next - 1, true)
            }
        };
        self.next = self.next.max(step.saturating_add(1));
        for place in std::iter::once(item.place.clone()).chain(root) {
            self.assigned.entry(place).or_insert(step);
        }
        (Some(step), is_new)
    }
}

impl NumberedBatch {
    /// The steps whose history to look for: what was recorded and scored there.
    pub fn lookup_steps(&self) -> &[(u64, EpisodeId)] {
        &self.old
    }

    /// The events to append. `history` is what the log has of the steps asked for, in its order.
    pub fn events(self, history: &[Record]) -> AppendPlan {
        let mut writer = Writer::new(self.known, history, &self.items);
        for (item, step) in self.items {
            writer.item(item, step);
        }
        writer.into_plan()
    }
}
