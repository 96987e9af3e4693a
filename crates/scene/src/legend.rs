//! The legend, generated from the effects and the rule in force: the meaning of each shape, and when it
//! appears.

use gauntlet_film::{Condition, Film, PathId, Rule, medical};
use gauntlet_model::{
    EffectColor, EffectCondition, EffectKind, EffectRule, EffectSet, FailureKind, FailureRule,
};

use crate::effects::names;

/// One line of the legend.
#[derive(Debug, Clone, PartialEq)]
pub struct LegendEntry {
    /// Its colour.
    pub color: EffectColor,
    /// What it means, such as `ungrounded`.
    pub words: String,
    /// The shape.
    pub effect: EffectKind,
    /// Its shape in words, and when it appears, such as `wobbling plane: grounding at most -20`.
    pub when: String,
}

/// The word for a failure in the pages.
pub fn failure_word(failure: FailureKind) -> &'static str {
    match failure {
        FailureKind::Hallucination => "ungrounded",
        FailureKind::Format => "format",
        FailureKind::Refusal => "refusal",
        FailureKind::Inconsistency => "inconsistent",
        FailureKind::Generic => "failing",
    }
}

/// The path of a rubric as people read it: `style › no padding`.
pub fn rubric_name(path: &str) -> String {
    path.replace('_', " ").replace('.', " › ")
}

/// The words for a shape.
pub fn shape_words(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::WobblingPlane => "wobbling plane",
        EffectKind::JaggedBurst => "jagged path",
        EffectKind::Wall => "wall",
        EffectKind::SplitBurst => "split burst",
        EffectKind::Burst => "burst",
        EffectKind::Glow => "glow",
    }
}

/// The legend of the effects that a run shows, the most important first. A failure has a line once a step
/// fails in that way; where a rubric is chosen, once that rubric does, as its
/// failures are what is drawn. An effect of a rubric has one where the run has such a rubric.
pub fn legend(film: &Film, effects: &EffectSet, chosen: Option<PathId>) -> Vec<LegendEntry> {
    let has = |pattern: &str| film.paths().iter().any(|p| p.is_scored && names(pattern, &p.path));
    // A path's rules seldom give it two kinds of failure; its first and its last one stand for all.
    let of_chosen: Vec<FailureKind> = chosen
        .into_iter()
        .flat_map(|path| film.totals(path).failing_ends.into_iter().flatten().map(move |i| (i, path)))
        .filter_map(|(i, path)| film.path_failure(i, path))
        .collect();
    let is_shown = |rule: &&EffectRule| match &rule.when {
        EffectCondition::Failure(kind) if chosen.is_some() => of_chosen.contains(kind),
        EffectCondition::Failure(kind) => film.failing_as(*kind) > 0,
        _ => rule.rubric.as_deref().is_none_or(has),
    };
    effects.effects.iter().filter(is_shown).map(|rule| entry(film.rule(), rule)).collect()
}

fn entry(in_force: FailureRule, rule: &EffectRule) -> LegendEntry {
    let rubric = rule.rubric.as_deref().unwrap_or_default();
    let (meaning, when) = match &rule.when {
        EffectCondition::Failure(failure) => {
            (failure_word(*failure).to_owned(), failure_condition(in_force, *failure))
        }
        EffectCondition::Failing => (format!("{rubric} failing"), format!("{rubric} fails by the rules")),
        EffectCondition::Below(limit) => {
            (format!("{rubric} below {limit}"), format!("{rubric} below {limit}"))
        }
        EffectCondition::Above(limit) => {
            (format!("{rubric} above {limit}"), format!("{rubric} above {limit}"))
        }
        EffectCondition::Falling(trend) => (
            format!("{rubric} falling"),
            format!("{rubric} at least {} below the mean of the {} steps before", trend.by, trend.over),
        ),
        EffectCondition::NotEvaluated => {
            (format!("{rubric} not evaluated"), format!("{rubric} has no score"))
        }
        EffectCondition::Disagreement(other) => (
            format!("{rubric} against {}", other.from),
            format!("{rubric} and {} at least {} apart", other.from, other.by),
        ),
    };
    LegendEntry {
        color: rule.color,
        words: meaning,
        effect: rule.shape,
        when: format!("{}: {when}", shape_words(rule.shape)),
    }
}

/// When a step has that failure.
fn failure_condition(in_force: FailureRule, failure: FailureKind) -> String {
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
    when.join(", ")
}

fn condition(rule: &Rule) -> String {
    match rule.when {
        Condition::AtMost(limit) => format!("{} at most {limit}", rule.path),
        Condition::Below(limit) => format!("{} below {limit}", rule.path),
        Condition::Above(limit) => format!("{} above {limit}", rule.path),
    }
}
