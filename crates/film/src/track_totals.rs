//! The totals of each path of a film: followed while facts arrive, so that a long run costs no more.

use crate::film::Film;
use crate::nodes::Nodes;
use crate::totals::{PathTotals, Totals};
use crate::track::Track;
use crate::tree::PathId;

impl Track {
    /// The totals, by reading every node.
    fn read_totals(&self, nodes: &Nodes) -> Totals {
        let mut totals = Totals::default();
        for row in nodes.rows() {
            if let Some(value) = self.scores.get(*row) {
                totals.add(nodes, *row, value, self.failure(*row).is_some());
            }
        }
        totals
    }

    /// Sets or removes the score of a row of `nodes`.
    pub(crate) fn put(&mut self, nodes: &Nodes, row: u32, value: Option<f64>) {
        self.leave(row);
        match value {
            Some(value) => self.scores.set(row, value),
            None => self.scores.clear(row),
        }
        let added = self.scores.get(row).zip(Some(self.failure(row).is_some()));
        if let Some((totals, (value, is_failing))) = self.totals.get_mut().zip(added) {
            totals.add(nodes, row, value, is_failing);
        }
    }

    /// Takes the score of a row out of the totals; where they then are unknown, they are read at the next
    /// question.
    pub(crate) fn leave(&mut self, row: u32) {
        if self.totals.get().is_none() || self.scores.get(row).is_none() {
            return;
        }
        let is_failing = self.failure(row).is_some();
        if self.totals.get_mut().is_some_and(|totals| !totals.remove(row, is_failing)) {
            self.totals.take();
        }
    }
}

impl Film {
    /// The totals of all scores of a path. The first call reads every node, later ones none: the totals are
    /// updated with each fact. They are read again after a score was replaced that was an extreme or the
    /// first or last failure, and after another rule came into force.
    pub fn totals(&self, path: PathId) -> PathTotals {
        let measured = self.measurements.totals(path.0);
        if measured.values > 0 {
            let at = |(step, value): (u64, f64)| (self.position_of(step), value);
            let extremes = measured.extremes.map(|ends| ends.map(at));
            return PathTotals { values: measured.values, extremes, ..PathTotals::default() };
        }
        let Some(track) = self.tracks.get(path.0 as usize) else { return PathTotals::default() };
        let totals = track.totals.get_or_init(|| track.read_totals(&self.nodes));
        let index = |row: u32| self.nodes.rank_of(row);
        PathTotals {
            values: totals.values,
            extremes: totals.extremes.map(|ends| ends.map(|(row, value)| (index(row), value))),
            failing: totals.failing,
            failing_ends: totals.failing_ends.map(|ends| ends.map(index)),
        }
    }
}
