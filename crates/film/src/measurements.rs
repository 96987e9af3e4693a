//! Measurements of a step: numbers that a trainer logs beside its rollouts (loss, KL divergence, learning
//! rate). They belong to the step, not to one of its rollouts, so they are kept beside the nodes and never
//! make or change one.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use gauntlet_model::Timestamp;

/// One value of a history by step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// The step it was measured at.
    pub step: u64,
    /// What was measured, in the producer's own unit.
    pub value: f64,
}

/// A measurement and the place in the log of the fact that reports it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    pub(crate) step: u64,
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) value: f64,
}

/// Step and value of the first lowest and of the first highest entry of a history.
type Extremes = [(u64, f64); 2];

/// The number of values of a history, and its extremes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) values: usize,
    pub(crate) extremes: Option<Extremes>,
}

/// The extremes with one more entry.
fn with(extremes: Option<Extremes>, entry: &Entry) -> Option<Extremes> {
    let (step, value) = (entry.step, entry.value);
    let [mut low, mut high] = extremes.unwrap_or([(step, value); 2]);
    if value < low.1 || (value == low.1 && step < low.0) {
        low = (step, value);
    }
    if value > high.1 || (value == high.1 && step < high.0) {
        high = (step, value);
    }
    Some([low, high])
}

/// Adds an entry to extremes that are known.
fn follow(extremes: &mut OnceLock<Option<Extremes>>, entry: &Entry) {
    if let Some(found) = extremes.get_mut() {
        *found = with(*found, entry);
    }
}

/// The measurements of a film: a history by step for each path id, each step once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measurements {
    /// By rising step.
    pub(crate) histories: BTreeMap<u32, Vec<Entry>>,
    /// The lowest and the highest of each history, once they were asked for.
    extremes: BTreeMap<u32, OnceLock<Option<Extremes>>>,
}

impl Measurements {
    /// Sets a value of a path; of two for one step the one with the higher sequence number counts, whatever
    /// order they come in. Returns whether anything changed.
    pub(crate) fn set(&mut self, path: u32, entry: Entry) -> bool {
        let history = self.histories.entry(path).or_default();
        let extremes = self.extremes.entry(path).or_default();
        let (step, seq) = (entry.step, entry.seq);
        // A trainer counts up, so the new step nearly always belongs at the end.
        if history.last().is_none_or(|last| last.step < step) {
            follow(extremes, &entry);
            history.push(entry);
            return true;
        }
        match history.binary_search_by_key(&step, |entry| entry.step) {
            Ok(index) => match history.get_mut(index) {
                Some(known) if known.seq < seq => {
                    let is_extreme = |found: &Extremes| found.iter().any(|(known, _)| *known == step);
                    match extremes.get().is_some_and(|found| found.as_ref().is_some_and(is_extreme)) {
                        true => _ = extremes.take(),
                        false => follow(extremes, &entry),
                    }
                    *known = entry;
                    true
                }
                _ => false,
            },
            Err(index) => {
                follow(extremes, &entry);
                history.insert(index, entry);
                true
            }
        }
    }

    /// The value of a path at a step.
    pub(crate) fn get(&self, path: u32, step: u64) -> Option<f64> {
        let history = self.histories.get(&path)?;
        let index = history.binary_search_by_key(&step, |entry| entry.step).ok()?;
        history.get(index).map(|entry| entry.value)
    }

    /// The totals of a history. The first call reads it, later ones use what that found.
    pub(crate) fn totals(&self, path: u32) -> Measured {
        let history = self.history(path);
        let read = || history.iter().fold(None, with);
        let extremes = self.extremes.get(&path).and_then(|found| *found.get_or_init(read));
        Measured { values: history.len(), extremes }
    }

    pub(crate) fn history(&self, path: u32) -> &[Entry] {
        self.histories.get(&path).map_or(&[], Vec::as_slice)
    }
}
