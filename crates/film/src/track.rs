//! The scores of one path, and later scores.

use std::sync::OnceLock;

use gauntlet_model::FailureKind;

use crate::columns::Column;
use crate::rules::Verdict;
use crate::totals::Totals;

/// One path's scores by row, and what judges them.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) scores: Column,
    pub(crate) verdict: Verdict,
    /// Unknown until the first question, and after what makes them wrong.
    pub(crate) totals: OnceLock<Totals>,
}

/// A later score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Later {
    pub(crate) seq: u64,
    pub(crate) value: f64,
    /// The snapshot's own score of that path.
    pub(crate) under: Option<f64>,
}

impl Track {
    pub(crate) fn failure(&self, row: u32) -> Option<FailureKind> {
        self.scores.get(row).and_then(|value| self.verdict.judge(value))
    }
}
