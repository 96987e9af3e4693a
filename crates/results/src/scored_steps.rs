//! The scored steps of a run as the page shows them: with later scores, only the current snapshot of each
//! step, failures by the rule in force. Tables and reports are written from it.

use std::collections::HashMap;
use std::io;

use gauntlet_film::{Fact, Film, PathId};
use gauntlet_model::{FailureKind, FailureRules, Record, SnapshotScored};

/// The film of a run, and the snapshot of each of its nodes.
#[derive(Debug)]
pub struct ScoredSteps {
    film: Film,
    nodes: HashMap<u64, usize>,
    paths: Vec<(PathId, String)>,
}

impl ScoredSteps {
    /// The steps of a run's log, judged by `rules`. Texts are not in memory.
    pub fn from_records(
        records: impl IntoIterator<Item = io::Result<Record>>,
        rules: FailureRules,
    ) -> io::Result<Self> {
        let mut film = Film::with_rules(rules);
        for record in records {
            film.apply(&Fact::of_record(&record?).map_err(io::Error::other)?);
        }
        let nodes = (0..film.len()).filter_map(|i| Some((film.node(i)?.seq, i))).collect();
        let has_score = |id: PathId| (0..film.len()).any(|i| film.score(i, id).is_some());
        let paths = film.paths().iter().filter(|path| has_score(path.id));
        let paths = paths.map(|path| (path.id, path.path.clone())).collect();
        Ok(Self { film, nodes, paths })
    }

    /// The node of the snapshot with that sequence number; `None` if a later one replaced it.
    pub fn node(&self, seq: u64) -> Option<usize> {
        self.nodes.get(&seq).copied()
    }

    /// The paths that have a score at any step, measurements included, in the order of the rubric tree.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &str> {
        self.paths.iter().map(|(_, path)| path.as_str())
    }

    /// The scores of a node in the order of [`ScoredSteps::paths`]; `None` for "not evaluated".
    pub fn scores(&self, node: usize) -> impl ExactSizeIterator<Item = Option<f64>> + '_ {
        self.paths.iter().map(move |(id, _)| self.film.score(node, *id))
    }

    /// The root score of a node.
    pub fn root(&self, node: usize) -> Option<f64> {
        self.film.root(node)
    }

    /// The failures of a step: those its producer declared, and the most severe one by the rule in force.
    pub fn failures(&self, node: usize, scored: &SnapshotScored) -> Vec<FailureKind> {
        let mut failures = scored.failures.clone();
        failures.extend(self.film.failure(node).filter(|judged| !scored.failures.contains(judged)));
        failures
    }
}
