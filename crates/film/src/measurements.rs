//! Measurements of a step: numbers that a trainer logs beside its rollouts (loss, KL divergence, learning
//! rate). They belong to the step, not to one of its rollouts, so they are kept beside the nodes and never
//! make or change one.

use std::collections::BTreeMap;

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

/// The measurements of a film: a history by step for each path id, each step once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measurements {
    /// By rising step.
    pub(crate) histories: BTreeMap<u32, Vec<Entry>>,
}

impl Measurements {
    /// Sets a value of a path; of two for one step the one with the higher sequence number counts, whatever
    /// order they come in. Returns whether anything changed.
    pub(crate) fn set(&mut self, path: u32, entry: Entry) -> bool {
        let history = self.histories.entry(path).or_default();
        let (step, seq) = (entry.step, entry.seq);
        // A trainer counts up, so the new step nearly always belongs at the end.
        if history.last().is_none_or(|last| last.step < step) {
            history.push(entry);
            return true;
        }
        match history.binary_search_by_key(&step, |entry| entry.step) {
            Ok(index) => match history.get_mut(index) {
                Some(known) if known.seq < seq => {
                    *known = entry;
                    true
                }
                _ => false,
            },
            Err(index) => {
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

    pub(crate) fn history(&self, path: u32) -> &[Entry] {
        self.histories.get(&path).map_or(&[], Vec::as_slice)
    }
}
