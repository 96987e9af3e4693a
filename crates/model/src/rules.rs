//! When a step of a run counts as failing: what was asked for, and the rule in force.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dipg;

/// The rules asked for when a run is created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureRules {
    /// The medical rules where the run's rubric tree is the medical one, else the root's sign or share.
    #[default]
    Auto,
    /// The medical rules.
    Dipg,
    /// A step fails where its root is below this.
    RootBelow(f64),
}

impl FailureRules {
    /// Whether the rule is chosen by what the run shows.
    pub fn is_auto(&self) -> bool {
        *self == FailureRules::Auto
    }
}

/// A rule a run's steps are judged by. Declared failures count under each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureRule {
    /// The medical rules: bounds for four rubrics, 0 for every other.
    Dipg,
    /// The root is below this. Other rubrics below 0 are marked, and do not make a step failing.
    RootBelow(f64),
}

/// The rule in force, as data and as a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleInForce {
    /// The rule.
    pub rule: FailureRule,
    /// What it says, for people.
    pub text: String,
}

impl Default for RuleInForce {
    fn default() -> Self {
        Self::of(FailureRules::Auto, FailureRule::default())
    }
}

impl Default for FailureRule {
    /// The rule of a run that has shown nothing yet.
    fn default() -> Self {
        FailureRule::RootBelow(0.5)
    }
}

impl RuleInForce {
    /// The rule in force where `asked` was asked for.
    pub fn of(asked: FailureRules, rule: FailureRule) -> Self {
        let always = "a declared failure or the error that its episode ended with fails it too";
        let text = match (asked, rule) {
            (_, FailureRule::Dipg) => format!(
                "A step fails by the medical rules: grounding at most {}, format at most 0, inconsistency at \
                 most {}, refusal above 0, any other rubric below 0; {always}.",
                dipg::HALLUCINATION_PENALTY,
                dipg::INCONSISTENCY_PENALTY,
            ),
            (FailureRules::Auto, FailureRule::RootBelow(limit)) if limit > 0.0 => format!(
                "A step fails where its root is below {limit}, as every root so far lies in 0 to 1; {always}."
            ),
            (_, FailureRule::RootBelow(limit)) => {
                format!("A step fails where its root is below {limit}; {always}.")
            }
        };
        Self { rule, text }
    }
}
