//! One call of a tree: which paths were scored in it, and which were not.
//!
//! The frame of a call is an argument that travels down the tree with it. Two threads that evaluate one tree
//! hold two frames, so their scores cannot mix, and no stack, thread-local or key is needed.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// The position of a call in the tree, as a chain of names up to the root.
#[derive(Clone, Copy)]
pub(crate) struct RubricPath<'a> {
    parent: Option<&'a RubricPath<'a>>,
    name: &'a str,
}

impl<'a> RubricPath<'a> {
    pub(crate) const ROOT: RubricPath<'static> = RubricPath { parent: None, name: "" };

    pub(crate) fn below(&'a self, name: &'a str) -> RubricPath<'a> {
        RubricPath { parent: Some(self), name }
    }

    /// The dotted path; empty at the root.
    pub(crate) fn path(&self) -> String {
        let mut path = match self.parent {
            Some(parent) => parent.path(),
            None => String::new(),
        };
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(self.name);
        path
    }
}

/// The scores of one call in flight, by path relative to the node the frame was opened at.
#[derive(Default)]
pub(crate) struct Frame(Mutex<BTreeMap<String, f64>>);

impl Frame {
    pub(crate) fn record(&self, path: String, score: f64) {
        self.0.lock().insert(path, score);
    }

    /// Takes over the scores of a frame that was opened at `prefix`.
    pub(crate) fn absorb(&self, inner: &Frame, prefix: &RubricPath<'_>) {
        let prefix = prefix.path();
        let mut scores = self.0.lock();
        for (path, score) in inner.0.lock().iter() {
            let full = match (prefix.is_empty(), path.is_empty()) {
                (true, _) => path.clone(),
                (_, true) => prefix.clone(),
                _ => format!("{prefix}.{path}"),
            };
            scores.insert(full, *score);
        }
    }

    /// The finished call, in the order of the tree: the root, then `paths` (pre-order).
    pub(crate) fn close(&self, paths: &[String]) -> Evaluation {
        let scored = self.0.lock();
        let mut scores = Vec::with_capacity(scored.len());
        let mut not_evaluated = Vec::new();
        for path in std::iter::once("").chain(paths.iter().map(String::as_str)) {
            let name = if path.is_empty() { "root" } else { path };
            match scored.get(path) {
                Some(score) => scores.push((name.to_owned(), *score)),
                None => not_evaluated.push(name.to_owned()),
            }
        }
        Evaluation { scores, not_evaluated, error: None }
    }
}

/// What one root call found. `scores` and `not_evaluated` together name every callable path of the tree once.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Path and score in the order of the tree, `root` first. A score may be any `f64`, NaN included: what a
    /// rubric returns is passed on unchanged.
    pub scores: Vec<(String, f64)>,
    /// Paths this call did not evaluate; `root` is among them only where the call failed.
    pub not_evaluated: Vec<String>,
    /// Why the call failed, if it did.
    pub error: Option<String>,
}

impl Evaluation {
    /// The score of a path, if this call evaluated it.
    pub fn get(&self, path: &str) -> Option<f64> {
        self.scores.iter().find(|(p, _)| p == path).map(|(_, score)| *score)
    }

    /// The score of the root, if the call succeeded.
    pub fn root(&self) -> Option<f64> {
        self.get("root")
    }

    /// The lowest score among the paths whose last segment is `name`, if any was evaluated.
    pub fn lowest_named(&self, name: &str) -> Option<f64> {
        let named = self.scores.iter().filter(|(path, _)| path.rsplit('.').next() == Some(name));
        named.map(|(_, score)| *score).min_by(f64::total_cmp)
    }
}
