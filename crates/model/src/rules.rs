//! When a step of a run counts as failing: what was asked for, and the rule in force.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dipg;
use crate::limits::FieldError;

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

/// What the rules may be, for messages.
const FORMS: &str = "it must be auto, dipg or root_below:NUMBER";

impl std::str::FromStr for FailureRules {
    type Err = FieldError;

    /// From one word, for settings that hold text only: `auto`, `dipg`, or `root_below:0.5`.
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let limit = |number: &str| number.trim().parse::<f64>().ok().filter(|limit| limit.is_finite());
        let rules = match text.trim() {
            "auto" => Some(FailureRules::Auto),
            "dipg" => Some(FailureRules::Dipg),
            other => other.strip_prefix("root_below:").and_then(limit).map(FailureRules::RootBelow),
        };
        rules.ok_or_else(|| FieldError::new("rules", format!("{text:?} is not a rule; {FORMS}")))
    }
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

#[cfg(test)]
mod tests {
    use super::FailureRules;

    fn check(text: &str, expect: Option<FailureRules>) {
        assert_eq!(text.parse().ok(), expect, "{text:?}");
    }

    #[test]
    fn rules_are_read_from_one_word() {
        check("auto", Some(FailureRules::Auto));
        check(" dipg ", Some(FailureRules::Dipg));
        check("root_below:0.9", Some(FailureRules::RootBelow(0.9)));
        check("root_below: -2", Some(FailureRules::RootBelow(-2.0)));
        for text in ["", "DIPG", "root_below", "root_below:", "root_below:nan", "root_below:1e999", "0.5"] {
            check(text, None);
        }
        let refusal = "medical".parse::<FailureRules>().unwrap_err().to_string();
        assert!(
            refusal.contains("\"medical\" is not a rule; it must be auto, dipg or root_below:NUMBER"),
            "{refusal}"
        );
    }
}
