//! Which steps a person should look at first.

use crate::film::Film;
use crate::rules::{Condition, names};

/// How many interesting steps a page shows at most.
pub const MAX_INTERESTING: usize = 50;

/// What makes a step interesting, and by how much. A rubric that was not evaluated adds nothing.
const REASONS: [(&str, Condition, f64); 4] = [
    ("root", Condition::Below(0.0), 30.0),
    ("grounding", Condition::Below(0.0), 50.0),
    ("inconsistency", Condition::Below(0.0), 40.0),
    ("format", Condition::AtMost(0.0), 20.0),
];

impl Film {
    /// The most interesting nodes, at most `most`, with their interest (20 to 140); the most interesting
    /// first, equal ones in order. Nodes of no interest are left out. Looks at every node.
    pub fn interesting(&self, most: usize) -> Vec<(usize, f64)> {
        let tracks_of = |name: &str| {
            let named = (0u32..).zip(&self.tracks).filter(|(id, _)| match (name, self.paths.text(*id)) {
                // A rubric's own sub-score may be called root; the step's root is only the top-level one.
                ("root", path) => path == Some("root"),
                (name, path) => path.is_some_and(|path| names(name, path)),
            });
            named.map(|(_, track)| track).collect::<Vec<_>>()
        };
        let reasons = REASONS.map(|(name, when, weight)| (tracks_of(name), when, weight));
        let interest = |row: u32| {
            let holds = |when: Condition, track: &&crate::track::Track| {
                track.scores.get(row).is_some_and(|value| when.holds(value))
            };
            reasons
                .iter()
                .filter(|(tracks, when, _)| tracks.iter().any(|track| holds(*when, track)))
                .map(|(_, _, weight)| weight)
                .sum::<f64>()
        };
        let nodes = self.nodes.rows().iter().enumerate();
        let mut found: Vec<(usize, f64)> =
            nodes.map(|(i, row)| (i, interest(*row))).filter(|(_, interest)| *interest > 0.0).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found.truncate(most);
        found
    }
}
