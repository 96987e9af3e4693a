//! Measurements of a step: numbers that a trainer logs beside its rollouts (loss, KL divergence, learning rate). They
//! belong to the step, not to one of its rollouts, so they are kept beside the nodes and never make or change one.

use std::collections::BTreeMap;

use crate::extremes::extremes;
use crate::film::Film;
use crate::tree::{Path, PathId};

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
struct Entry {
    step: u64,
    seq: u64,
    value: f64,
}

/// The measurements of a film: a history by step for each path id, each step once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measurements {
    /// By rising step.
    histories: BTreeMap<u32, Vec<Entry>>,
}

impl Measurements {
    /// Notes a value of a path at a step; of two for one step the one with the higher sequence number counts,
    /// whatever order they come in. Returns whether anything changed.
    pub(crate) fn set(&mut self, path: u32, step: u64, seq: u64, value: f64) -> bool {
        let history = self.histories.entry(path).or_default();
        let entry = Entry { step, seq, value };
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

    fn history(&self, path: u32) -> &[Entry] {
        self.histories.get(&path).map_or(&[], Vec::as_slice)
    }
}

impl Film {
    /// The paths that were measured at steps as such, in tree order.
    pub fn measured_paths(&self) -> impl Iterator<Item = &Path> {
        self.paths().iter().filter(|path| !self.measurements.history(path.id.0).is_empty())
    }

    /// The greatest step that anything was measured at.
    pub fn last_measured_step(&self) -> Option<u64> {
        self.measurements.histories.values().filter_map(|h| h.last()).map(|entry| entry.step).max()
    }

    /// The measurements of a path at steps `from..=to` in order, as about `points` values. Where there are more, the
    /// range is cut into `points / 2` parts of equally many values (at least one), and the lowest and the highest of
    /// each part stay, so that no spike is lost.
    pub fn measurements(&self, path: PathId, from: u64, to: u64, points: usize) -> Vec<Measurement> {
        let history = self.measurements.history(path.0);
        let start = history.partition_point(|entry| entry.step < from);
        let end = history.partition_point(|entry| entry.step <= to);
        let inside = history.get(start..end).unwrap_or_default();
        let shown = |entry: &Entry| Measurement { step: entry.step, value: entry.value };
        if inside.len() <= points {
            return inside.iter().map(shown).collect();
        }
        let parts = (points / 2).max(1);
        let part_len = inside.len().div_ceil(parts);
        inside.chunks(part_len).flat_map(|part| extremes(part, |entry| entry.value)).map(shown).collect()
    }

    /// Whether two films measured the same, whatever ids they gave to their paths.
    pub(crate) fn measures_the_same(&self, other: &Film) -> bool {
        let histories = |film: &Film| -> Vec<(String, Vec<Entry>)> {
            let history = |p: &Path| (p.path.clone(), film.measurements.history(p.id.0).to_vec());
            film.measured_paths().map(history).collect()
        };
        histories(self) == histories(other)
    }
}
