//! The outline of a film: what its manifest lists of the facts, and nothing else.

use gauntlet_model::Scores;
use serde::{Deserialize, Serialize};

use crate::fact::{Fact, FactBody};
use crate::tree::Paths;

/// The position of a path that a later score names: after those of a snapshot.
pub(crate) const LATER: usize = usize::MAX;

/// The paths that a snapshot names, by rising position: those with a score, then those without.
pub(crate) fn named<'a>(
    scores: &'a Scores,
    not_evaluated: &'a [String],
) -> impl Iterator<Item = (usize, &'a str)> {
    scores.iter().map(|(path, _)| path).chain(not_evaluated.iter().map(String::as_str)).enumerate()
}

/// The rubric paths of a run and where each first appeared: the part of a film that its manifest needs of the
/// facts. As a film it is the same for any order, any batches and any repetition of facts, but it stays small
/// however long the run is, so that it can be stored and read in one piece.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Outline {
    head: u64,
    paths: Paths,
}

/// An outline as it is written: paths with the step and the position of their first appearance.
#[derive(Serialize, Deserialize)]
struct Stored {
    head: u64,
    paths: Vec<(String, u64, u32)>,
}

impl From<Stored> for Outline {
    fn from(stored: Stored) -> Self {
        let mut paths = Paths::default();
        for (path, step, position) in stored.paths {
            paths.note(&path, step, usize::try_from(position).unwrap_or(LATER));
        }
        Self { head: stored.head, paths }
    }
}

impl From<Outline> for Stored {
    fn from(outline: Outline) -> Self {
        let paths = outline.paths.firsts().map(|(path, (step, at))| (path.to_owned(), step, at)).collect();
        Self { head: outline.head, paths }
    }
}

impl Outline {
    /// Applies one fact. A fact that was applied before changes nothing.
    pub fn apply(&mut self, fact: &Fact) {
        self.head = self.head.max(fact.seq.saturating_add(1));
        match (&fact.body, fact.step) {
            (FactBody::Scored { scores, not_evaluated, .. }, Some(step)) => {
                for (position, path) in named(scores, not_evaluated) {
                    self.paths.note(path, step, position);
                }
            }
            (FactBody::Added { path, .. }, Some(step)) => {
                self.paths.note(path, step, LATER);
            }
            _ => {}
        }
    }

    /// One more than the highest sequence number seen.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// The rubric paths in tree order, as [`Film::paths`](crate::Film::paths) has them.
    pub fn paths(&self) -> Vec<String> {
        self.paths.paths().iter().map(|path| path.path.clone()).collect()
    }
}
