//! The legend, generated from the rule in force: the meaning of each shape, and when it appears.

use gauntlet_film::{Condition, Rule, medical};
use gauntlet_model::{FailureKind, FailureRule};

use crate::color::{Rgb, failure_color};
use crate::effects::EffectKind;

/// One line of the legend.
#[derive(Debug, Clone, PartialEq)]
pub struct LegendEntry {
    /// The failure.
    pub failure: FailureKind,
    /// Its colour.
    pub color: Rgb,
    /// The word and the shape, such as `ungrounded: wobbling plane`.
    pub words: String,
    /// The shape.
    pub effect: EffectKind,
    /// When it appears, such as `grounding at most -20`.
    pub when: String,
}

/// The word for a failure, as a researcher says it.
pub fn failure_word(failure: FailureKind) -> &'static str {
    match failure {
        FailureKind::Hallucination => "ungrounded",
        FailureKind::Format => "format",
        FailureKind::Refusal => "refusal",
        FailureKind::Inconsistency => "inconsistent",
        FailureKind::Generic => "failing",
    }
}

fn shape_words(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::WobblingPlane => "wobbling plane",
        EffectKind::JaggedBurst => "jagged path",
        EffectKind::Wall => "wall",
        EffectKind::SplitBurst => "split burst",
        EffectKind::Burst => "burst",
    }
}

/// The legend of a rule, the most severe failure first. Every failure has a line, as a run can declare one
/// that the rule does not name.
pub fn legend(rule: FailureRule) -> Vec<LegendEntry> {
    FailureKind::ALL.into_iter().map(|failure| entry(rule, failure)).collect()
}

fn entry(in_force: FailureRule, failure: FailureKind) -> LegendEntry {
    let effect = EffectKind::of(failure);
    let named = medical(in_force).into_iter().flat_map(|rules| rules.iter());
    let mut when: Vec<String> = named.filter(|rule| rule.failure == failure).map(condition).collect();
    if failure == FailureKind::Generic {
        when.push(match in_force {
            FailureRule::Dipg => "any other rubric below 0".to_owned(),
            FailureRule::RootBelow(limit) => format!("root below {limit}"),
        });
    } else if when.is_empty() {
        when.push("declared by the run".to_owned());
    }
    LegendEntry {
        failure,
        color: failure_color(failure),
        words: format!("{}: {}", failure_word(failure), shape_words(effect)),
        effect,
        when: when.join(", "),
    }
}

fn condition(rule: &Rule) -> String {
    match rule.when {
        Condition::AtMost(limit) => format!("{} at most {limit}", rule.path),
        Condition::Below(limit) => format!("{} below {limit}", rule.path),
        Condition::Above(limit) => format!("{} above {limit}", rule.path),
    }
}
