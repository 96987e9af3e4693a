//! What a film answers about its measurements: which there are, and their curves.

use crate::extremes::extremes;
use crate::film::Film;
use crate::measurements::{Entry, Measurement};
use crate::tree::{Path, PathId};

impl Film {
    /// The paths that were measured at steps as such, in tree order.
    pub fn measured_paths(&self) -> impl Iterator<Item = &Path> {
        self.paths().iter().filter(|path| !self.measurements.history(path.id.0).is_empty())
    }

    /// The greatest step that anything was measured at.
    pub fn last_measured_step(&self) -> Option<u64> {
        self.measurements.histories.values().filter_map(|h| h.last()).map(|entry| entry.step).max()
    }

    /// The measurements of a path at steps `from..=to` in order, as about `points` values. Where there are
    /// more, the range is cut into `points / 2` parts of equally many values (at least one), and the lowest
    /// and the highest of each part stay, so that no spike is lost.
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

    /// The measurement of a path at the latest step.
    pub fn last_measurement(&self, path: PathId) -> Option<Measurement> {
        self.measurements
            .history(path.0)
            .last()
            .map(|entry| Measurement { step: entry.step, value: entry.value })
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
