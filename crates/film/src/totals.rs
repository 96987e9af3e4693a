//! What all scores of a path come to: followed while facts arrive, so that a long run costs no more.

use crate::film::{Film, Track};
use crate::nodes::Nodes;
use crate::tree::PathId;

/// What the scores of a path come to over all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PathTotals {
    /// How many nodes have a score of their own; of a measurement of steps, how many steps were measured.
    pub values: usize,
    /// Index and value of the first lowest and of the first highest one.
    pub extremes: Option<[(usize, f64); 2]>,
    /// How many nodes the path fails at.
    pub failing: usize,
    /// Index of the first and of the last of them.
    pub failing_ends: Option<[usize; 2]>,
}

/// The totals of one path by row. Rows never move, so a node that is inserted changes nothing here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Totals {
    values: usize,
    extremes: Option<[(u32, f64); 2]>,
    failing: usize,
    failing_ends: Option<[u32; 2]>,
}

impl Totals {
    /// Reads every node.
    pub(crate) fn of(nodes: &Nodes, track: &Track) -> Self {
        let mut totals = Self::default();
        for row in nodes.rows() {
            if let Some(value) = track.scores.get(*row) {
                totals.add(nodes, *row, value, track.failure(*row).is_some());
            }
        }
        totals
    }

    /// Adds the score of a row that had none.
    pub(crate) fn add(&mut self, nodes: &Nodes, row: u32, value: f64, is_failing: bool) {
        self.values += 1;
        // Of equal scores the first node's counts, whatever order they come in.
        let is_first = |known: u32| nodes.is_before(row, known);
        let [low, high] = self.extremes.get_or_insert([(row, value); 2]);
        if value < low.1 || (value == low.1 && is_first(low.0)) {
            *low = (row, value);
        }
        if value > high.1 || (value == high.1 && is_first(high.0)) {
            *high = (row, value);
        }
        if is_failing {
            self.failing += 1;
            let [first, last] = self.failing_ends.get_or_insert([row; 2]);
            if is_first(*first) {
                *first = row;
            }
            if nodes.is_before(*last, row) {
                *last = row;
            }
        }
    }

    /// Takes the score of a row back. Returns whether the totals are right without it: they are not where it
    /// was an extreme, or the first or last failure.
    pub(crate) fn remove(&mut self, row: u32, is_failing: bool) -> bool {
        let is_extreme = self.extremes.is_some_and(|ends| ends.iter().any(|(known, _)| *known == row));
        let is_end = self.failing_ends.is_some_and(|ends| ends.contains(&row));
        self.values = self.values.saturating_sub(1);
        self.failing = self.failing.saturating_sub(usize::from(is_failing));
        !is_extreme && !is_end
    }
}

impl Track {
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
    /// What all scores of a path come to. The first question reads every node, later ones none: the totals
    /// follow the facts. They are read again after a score was replaced that was an extreme or the first or
    /// last failure, and after another rule came into force.
    pub fn totals(&self, path: PathId) -> PathTotals {
        let measured = self.measurements.totals(path.0);
        if measured.values > 0 {
            let at = |(step, value): (u64, f64)| (self.position_of(step), value);
            let extremes = measured.extremes.map(|ends| ends.map(at));
            return PathTotals { values: measured.values, extremes, ..PathTotals::default() };
        }
        let Some(track) = self.tracks.get(path.0 as usize) else { return PathTotals::default() };
        let totals = track.totals.get_or_init(|| Totals::of(&self.nodes, track));
        let index = |row: u32| self.nodes.rank_of(row);
        PathTotals {
            values: totals.values,
            extremes: totals.extremes.map(|ends| ends.map(|(row, value)| (index(row), value))),
            failing: totals.failing,
            failing_ends: totals.failing_ends.map(|ends| ends.map(index)),
        }
    }
}
