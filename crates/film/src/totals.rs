//! The totals of all scores of a path, updated score by score.

use crate::nodes::Nodes;

/// The totals of the scores of a path over all nodes.
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
    pub(crate) values: usize,
    pub(crate) extremes: Option<[(u32, f64); 2]>,
    pub(crate) failing: usize,
    pub(crate) failing_ends: Option<[u32; 2]>,
}

impl Totals {
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
