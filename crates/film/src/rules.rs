//! The rules: which score of which rubric is which failure. One place for live view, export and search.

use std::sync::LazyLock;

use gauntlet_model::{FailureKind, FailureRule, FailureRules, Scores, dipg};
use serde::{Deserialize, Serialize};

/// All of [`dipg::RUBRICS`], as bits of [`Evidence`].
const ALL_MEDICAL: u8 = 0b1111;
/// The bit of [`Evidence`] for a root below 0 or above 1.
const BEYOND_UNIT: u8 = 0b1_0000;

static MEDICAL_RULES: LazyLock<Rules> = LazyLock::new(Rules::default);

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
    /// Whether the rule applies to `path`.
    pub fn names(&self, path: &str) -> bool {
        self.path == path || (!is_measurement(path) && names(&self.path, path))
    }
}

/// Whether `path` is `name`, or ends in `.name`.
pub(crate) fn names(name: &str, path: &str) -> bool {
    path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// The condition of a path that no rule names: it fails generically below 0. A measurement never fails.
fn unnamed(path: &str) -> Option<(Condition, FailureKind)> {
    (!is_measurement(path)).then_some((Condition::Below(0.0), FailureKind::Generic))
}

/// Whether a path names a measurement of the training (`metrics.loss`, `metrics.kl`), which is neither good
/// nor bad.
pub fn is_measurement(path: &str) -> bool {
    path.strip_prefix("metrics").is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What a run's scores tell about the rule that fits it. It only grows, so the order of scores does not
/// matter: every score counts, also one that was replaced later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence(u8);

impl Evidence {
    /// The evidence in a snapshot.
    pub fn of(scores: &Scores, not_evaluated: &[String]) -> Self {
        let mut evidence = Self::default();
        let paths = scores.iter().map(|(path, _)| path).chain(not_evaluated.iter().map(String::as_str));
        paths.for_each(|path| evidence.see_path(path));
        scores.root().into_iter().for_each(|root| evidence.see_root(root));
        evidence
    }

    /// The evidence in a later score.
    pub fn of_later(path: &str, value: f64) -> Self {
        let mut evidence = Self::default();
        evidence.see_path(path);
        if path == "root" {
            evidence.see_root(value);
        }
        evidence
    }

    /// Adds that a rubric of that path exists.
    pub fn see_path(&mut self, path: &str) {
        if is_measurement(path) {
            return;
        }
        let name = path.rsplit('.').next().unwrap_or(path);
        if let Some(bit) = dipg::RUBRICS.iter().position(|medical| *medical == name) {
            self.0 |= 1 << bit;
        }
    }

    /// Adds a root score.
    pub fn see_root(&mut self, root: f64) {
        if !(0.0..=1.0).contains(&root) {
            self.0 |= BEYOND_UNIT;
        }
    }

    /// The evidence of both.
    pub fn join(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The least evidence that puts `rule` in force: a viewer of a part of a run starts from it.
    pub fn of_rule(rule: FailureRule) -> Self {
        match rule {
            FailureRule::Dipg => Self(ALL_MEDICAL),
            FailureRule::RootBelow(limit) if limit <= 0.0 => Self(BEYOND_UNIT),
            FailureRule::RootBelow(_) => Self::default(),
        }
    }

    /// The rule in force.
    pub fn rule(self, asked: FailureRules) -> FailureRule {
        match asked {
            FailureRules::Dipg => FailureRule::Dipg,
            FailureRules::RootBelow(limit) => FailureRule::RootBelow(limit),
            FailureRules::Auto if self.0 & ALL_MEDICAL == ALL_MEDICAL => FailureRule::Dipg,
            FailureRules::Auto if self.0 & BEYOND_UNIT != 0 => FailureRule::RootBelow(0.0),
            FailureRules::Auto => FailureRule::RootBelow(0.5),
        }
    }

    /// As stored.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// The evidence that [`Evidence::bits`] returned.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }
}

/// The conditions that apply to a rubric of that path, each with the failure it means, the most severe first.
/// Outside the medical rules only those of `root` make a step failing.
pub fn conditions(rule: FailureRule, path: &str) -> Vec<(Condition, FailureKind)> {
    match rule {
        FailureRule::Dipg => MEDICAL_RULES.verdict(path).0,
        FailureRule::RootBelow(limit) if path == "root" => {
            vec![(Condition::Below(limit), FailureKind::Generic)]
        }
        FailureRule::RootBelow(_) => unnamed(path).into_iter().collect(),
    }
}

/// The failure that a score of `path` is by itself. [`is_decisive`] tells whether it makes its step failing.
pub fn path_failure(rule: FailureRule, path: &str, value: f64) -> Option<FailureKind> {
    match rule {
        // The same result as in the other arm, but without collecting the conditions: this runs for every
        // score that is appended.
        FailureRule::Dipg => MEDICAL_RULES.judge(path, value),
        FailureRule::RootBelow(_) => Verdict(conditions(rule, path)).judge(value),
    }
}

/// Whether the failure of a rubric makes its step failing: under the medical rules every rubric's does,
/// elsewhere the root's alone.
pub fn is_decisive(rule: FailureRule, path: &str) -> bool {
    rule == FailureRule::Dipg || path == "root"
}

/// The failure of a step, the most severe: by its scores, and by what was declared. The error that its
/// episode ended with counts as a declared [`FailureKind::Generic`].
pub fn failure_of<'a>(
    rule: FailureRule,
    scores: impl IntoIterator<Item = (&'a str, f64)>,
    declared: impl IntoIterator<Item = FailureKind>,
) -> Option<FailureKind> {
    let decisive = scores.into_iter().filter(|(path, _)| is_decisive(rule, path));
    let judged = decisive.filter_map(|(path, value)| path_failure(rule, path, value));
    judged.chain(declared).min()
}

/// The medical rules in order, where they are in force.
pub fn medical(rule: FailureRule) -> Option<&'static Rules> {
    (rule == FailureRule::Dipg).then_some(&*MEDICAL_RULES)
}

/// The medical rules, in order. A path that no rule names fails below 0, generically; the path `root` too.
/// Measurements ([`is_measurement`]) fail only where a rule names them in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rules(pub Vec<Rule>);

impl Default for Rules {
    fn default() -> Self {
        let rule = |path: &str, when, failure| Rule { path: path.to_owned(), when, failure };
        Self(vec![
            rule("grounding", Condition::AtMost(dipg::HALLUCINATION_PENALTY), FailureKind::Hallucination),
            rule("format", Condition::AtMost(0.0), FailureKind::Format),
            rule("inconsistency", Condition::AtMost(dipg::INCONSISTENCY_PENALTY), FailureKind::Inconsistency),
            rule("refusal", Condition::Above(0.0), FailureKind::Refusal),
        ])
    }
}

impl Rules {
    /// The rules, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.0.iter()
    }

    /// The failure a score of `path` is; the most severe where several rules name the path. A rubric that
    /// was not evaluated has no score to judge and so never fails.
    pub fn judge(&self, path: &str, value: f64) -> Option<FailureKind> {
        let mut named = self.iter().filter(|rule| rule.names(path)).peekable();
        if named.peek().is_none() {
            return unnamed(path).filter(|(when, _)| when.holds(value)).map(|(_, failure)| failure);
        }
        named.filter(|rule| rule.when.holds(value)).map(|rule| rule.failure).min()
    }

    /// The conditions of one path.
    pub(crate) fn verdict(&self, path: &str) -> Verdict {
        let mut named: Vec<_> = self.iter().filter(|r| r.names(path)).map(|r| (r.when, r.failure)).collect();
        if named.is_empty() {
            named.extend(unnamed(path));
        }
        named.sort_by_key(|(_, failure)| *failure);
        Verdict(named)
    }
}

/// The conditions of one path, the most severe failure first.
#[derive(Debug, Clone)]
pub(crate) struct Verdict(pub(crate) Vec<(Condition, FailureKind)>);

impl Verdict {
    /// The failure `value` is.
    pub(crate) fn judge(&self, value: f64) -> Option<FailureKind> {
        self.0.iter().find(|(when, _)| when.holds(value)).map(|(_, failure)| *failure)
    }
}
