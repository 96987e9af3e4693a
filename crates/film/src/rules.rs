//! The rules: which score of which rubric is which failure. One place for live view, export and search.

use gauntlet_model::{FailureKind, Scores};
use serde::{Deserialize, Serialize};

/// When a score is a failure. Thresholds are in the rubric's own unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The score is this or lower.
    AtMost(f64),
    /// The score is lower than this.
    Below(f64),
    /// The score is higher than this.
    Above(f64),
}

impl Condition {
    /// Whether `value` meets it.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Condition::AtMost(limit) => value <= limit,
            Condition::Below(limit) => value < limit,
            Condition::Above(limit) => value > limit,
        }
    }
}

/// One rule: a rubric, a condition, and the failure it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Rubric path; also names every path that ends in `.` and this, but for measurements.
    pub path: String,
    /// When it fails.
    pub when: Condition,
    /// What the failure is.
    pub failure: FailureKind,
}

impl Rule {
    /// Whether the rule speaks of `path`.
    pub fn names(&self, path: &str) -> bool {
        self.path == path || (!is_measurement(path) && names(&self.path, path))
    }
}

/// Whether `path` is `name`, or ends in `.name`.
pub(crate) fn names(name: &str, path: &str) -> bool {
    path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// What a path that no rule names fails by: below 0, as a generic failure. A measurement fails by nothing.
fn unnamed(path: &str) -> Option<(Condition, FailureKind)> {
    (!is_measurement(path)).then_some((Condition::Below(0.0), FailureKind::Generic))
}

/// Whether a path names a measurement of the training (`metrics.loss`, `metrics.kl`), which is neither good nor bad.
pub fn is_measurement(path: &str) -> bool {
    path.strip_prefix("metrics").is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The rules of a project, in order. A path that no rule names fails below 0, generically; the path `root` too.
/// Measurements ([`is_measurement`]) fail only where a rule names them in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rules(pub Vec<Rule>);

impl Default for Rules {
    fn default() -> Self {
        let rule = |path: &str, when, failure| Rule { path: path.to_owned(), when, failure };
        Self(vec![
            rule("grounding", Condition::AtMost(-20.0), FailureKind::Hallucination),
            rule("format", Condition::AtMost(0.0), FailureKind::Format),
            rule("inconsistency", Condition::AtMost(-15.0), FailureKind::Inconsistency),
            rule("refusal", Condition::Above(0.0), FailureKind::Refusal),
        ])
    }
}

impl Rules {
    /// The rules, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.0.iter()
    }

    /// The failure a score of `path` is; the gravest where several rules name the path. A rubric that was not
    /// evaluated has no score to judge and so never fails.
    pub fn judge(&self, path: &str, value: f64) -> Option<FailureKind> {
        let mut named = self.iter().filter(|rule| rule.names(path)).peekable();
        if named.peek().is_none() {
            return unnamed(path).filter(|(when, _)| when.holds(value)).map(|(_, failure)| failure);
        }
        named.filter(|rule| rule.when.holds(value)).map(|rule| rule.failure).min()
    }

    /// The failure of a step: the gravest among its scores' and those its producer declared.
    pub fn failure_of(&self, scores: &Scores, declared: &[FailureKind]) -> Option<FailureKind> {
        let judged = scores.iter().filter_map(|(path, value)| self.judge(path, value));
        judged.chain(declared.iter().copied()).min()
    }

    /// The rules that speak of one path, found once.
    pub(crate) fn verdict(&self, path: &str) -> Verdict {
        let mut named: Vec<_> = self.iter().filter(|r| r.names(path)).map(|r| (r.when, r.failure)).collect();
        if named.is_empty() {
            named.extend(unnamed(path));
        }
        named.sort_by_key(|(_, failure)| *failure);
        Verdict(named)
    }
}

/// What judges the scores of one path: its conditions, the gravest first.
#[derive(Debug, Clone)]
pub(crate) struct Verdict(Vec<(Condition, FailureKind)>);

impl Verdict {
    /// The failure `value` is.
    pub(crate) fn judge(&self, value: f64) -> Option<FailureKind> {
        self.0.iter().find(|(when, _)| when.holds(value)).map(|(_, failure)| *failure)
    }
}
