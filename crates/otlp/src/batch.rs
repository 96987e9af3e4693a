//! The items of one run: step numbers are assigned, then events are made.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use gauntlet_model::{EpisodeId, Event, EventId, MAX_STEP, Record, RunId, RunSpec};

use crate::item::{Item, StepKey, started_id};
use crate::plan::AppendPlan;
use crate::writer::Writer;

/// The part of a request that belongs to one run.
#[derive(Debug)]
pub struct Batch {
    run: RunId,
    spec: RunSpec,
    items: Vec<Item>,
}

/// A batch whose items have their step numbers.
#[derive(Debug)]
pub struct NumberedBatch {
    items: Vec<(Item, Option<u64>)>,
    known: HashSet<EventId>,
    /// Steps that were in the log before and get new events.
    old: Vec<(u64, EpisodeId)>,
}

impl Batch {
    pub(crate) fn new(run: RunId, spec: RunSpec, mut items: Vec<Item>) -> Self {
        // Exact events come first: nothing is derived from them. Of spans that start in the same millisecond,
        // the one that ends last encloses the others.
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

    /// The spec to create the run with if it does not exist.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// The ids of events to look up in the run's log.
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

    /// Assigns a step number to every item. `found` are those of [`Self::lookup_ids`] that the log has, with
    /// their steps; `last` is the highest step of the log.
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

/// The step numbers of a log and of the batch in front of it.
struct StepNumbers {
    /// The steps of events in the log.
    known: HashMap<EventId, Option<u64>>,
    /// The steps that this batch assigned.
    assigned: HashMap<StepKey, u64>,
    /// The next free number, past every one that was seen.
    next: u64,
}

impl StepNumbers {
    /// The step number of an item, and whether it is a new one. `None` where all numbers are used up.
    ///
    /// In this order: the number that the item's own event has in the log (a retry), the one assigned to its
    /// key earlier in the batch, the one that another event of its key has in the log (its span, its node,
    /// its trace), the one it sets explicitly, the next free one. The root of a trace has two keys: its span
    /// and its trace, as evaluations of the trace come without a span.
    fn assign(&mut self, item: &Item) -> (Option<u64>, bool) {
        let root =
            item.episode.as_ref().filter(|_| item.is_root).map(|e| StepKey::Trace(e.as_str().to_owned()));
        let places = || std::iter::once(&item.place).chain(&root);
        let retried = item.record.as_ref().and_then(|r| self.known.get(&r.id).copied().flatten());
        let assigned = || places().find_map(|place| self.assigned.get(place).copied());
        let logged =
            || places().flat_map(StepKey::event_ids).find_map(|id| self.known.get(&id).copied().flatten());
        let (step, is_new) = match retried.or_else(assigned).or_else(logged).or(item.step) {
            Some(step) => (step, false),
            None if self.next > MAX_STEP => return (None, false),
            None => {
                self.next += 1;
                (self.next - 1, true)
            }
        };
        self.next = self.next.max(step.saturating_add(1));
        // Later items with one of these keys join this step; an earlier assignment stays.
        for place in std::iter::once(item.place.clone()).chain(root) {
            self.assigned.entry(place).or_insert(step);
        }
        (Some(step), is_new)
    }
}

impl NumberedBatch {
    /// The steps whose history [`Self::events`] needs: their recorded steps, snapshots and scores.
    pub fn lookup_steps(&self) -> &[(u64, EpisodeId)] {
        &self.old
    }

    /// The events to append. `history` is that of [`Self::lookup_steps`], in log order.
    pub fn events(self, history: &[Record]) -> AppendPlan {
        let mut writer = Writer::new(self.known, history, &self.items);
        for (item, step) in self.items {
            writer.item(item, step);
        }
        writer.into_plan()
    }
}
