//! Which effect is drawn at which node: a project's [`EffectSet`], found once for the paths of a film.

use std::ops::Range;

use gauntlet_film::{BLOCK, Condition, Film, PathId, conditions, is_measurement};
use gauntlet_model::{EffectColor, EffectCondition, EffectKind, EffectRule, EffectSet, FailureKind};

use crate::color::{Rgb, effect_color};
use crate::noise::random;

/// Width, height and thickness of a shape at size 1, world units.
fn extent(kind: EffectKind) -> [f32; 3] {
    match kind {
        EffectKind::WobblingPlane => [5.0, 5.0, 0.0],
        EffectKind::JaggedBurst => [5.0, 5.0, 5.0],
        EffectKind::Wall => [4.0, 4.0, 1.0],
        EffectKind::SplitBurst | EffectKind::Burst | EffectKind::Glow => [4.0, 4.0, 4.0],
    }
}

/// An effect at a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Its shape.
    pub kind: EffectKind,
    /// The failure of the node, if it fails.
    pub failure: Option<FailureKind>,
    /// Its centre: the node.
    pub at: [f32; 3],
    /// Factor on [`Effect::extent`]: that of the set; for the failure of a step times 1 (at its threshold) to
    /// 1.8 (as bad as it gets).
    pub size: f32,
    /// Its colour.
    pub color: Rgb,
    /// The node's index; compare with [`crate::Scene::travelled`].
    pub index: f32,
    /// Phase of its animation, radians, so that neighbours differ.
    pub phase: f32,
}

impl Effect {
    /// Width, height and thickness at size 1, world units.
    pub fn extent(&self) -> [f32; 3] {
        extent(self.kind)
    }
}

/// How much larger than at its threshold an effect can be.
const GROWTH: f64 = 0.8;
/// Distance beyond the threshold at which an effect has half of its growth.
const HALF_AS_BAD: f64 = 25.0;

/// The failure conditions of each path, found once for a film.
#[derive(Debug, Clone, PartialEq)]
struct Thresholds(Vec<(PathId, Vec<(Condition, FailureKind)>)>);

impl Thresholds {
    /// The conditions of the chosen path, else of every path that can make a step fail.
    fn of(film: &Film, chosen: Option<PathId>) -> Self {
        let is_shown = |id| chosen.map_or_else(|| film.is_decisive_path(id), |chosen| chosen == id);
        let shown = film.paths().iter().filter(|path| is_shown(path.id));
        Self(shown.map(|path| (path.id, conditions(film.rule(), &path.path))).collect())
    }

    /// Distance of the worst score beyond its threshold, for a failure at a node; 0 if a producer declared
    /// the failure without a score.
    fn excess(&self, film: &Film, node: usize, failure: FailureKind) -> f64 {
        let mut worst = 0.0f64;
        for (path, conditions) in &self.0 {
            let of_kind = conditions.iter().filter(|(_, kind)| *kind == failure);
            for (when, _) in of_kind {
                let Some(value) = film.score(node, *path).filter(|value| when.holds(*value)) else {
                    continue;
                };
                let (Condition::AtMost(limit) | Condition::Below(limit) | Condition::Above(limit)) = *when;
                worst = worst.max((value - limit).abs());
            }
        }
        worst
    }
}

/// An effect of a set, with the paths of a film that its pattern names.
#[derive(Debug, Clone, PartialEq)]
struct Watched {
    rule: EffectRule,
    paths: Vec<PathId>,
    /// The other rubrics of a disagreement.
    others: Vec<PathId>,
}

/// The effects of a set, ready for the nodes of one film.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effects {
    watched: Vec<Watched>,
    thresholds: Thresholds,
    /// The rubric that alone has effects; `None` for all.
    chosen: Option<PathId>,
}

impl Effects {
    /// Finds the paths that each pattern names; of them the chosen one, if there is one. Measurements are
    /// named in full only.
    pub(crate) fn of(film: &Film, set: &EffectSet, chosen: Option<PathId>) -> Self {
        let is_shown = |path: &PathId| chosen.is_none_or(|chosen| chosen == *path);
        let watch = |rule: &EffectRule| {
            let other = match &rule.when {
                EffectCondition::Disagreement(other) => Some(other.from.as_str()),
                _ => None,
            };
            Watched {
                rule: rule.clone(),
                paths: named(film, rule.rubric.as_deref()).into_iter().filter(is_shown).collect(),
                others: named(film, other),
            }
        };
        let watched = set.effects.iter().map(watch).collect();
        Self { watched, thresholds: Thresholds::of(film, chosen), chosen }
    }

    /// The place in the set of the effect at a node: the first one whose condition holds.
    pub(crate) fn place(&self, film: &Film, node: usize) -> Option<usize> {
        self.watched.iter().position(|watched| watched.holds(film, node, self.chosen))
    }

    /// Shape and colour of the effect at that place.
    pub(crate) fn look(&self, place: usize) -> Option<(EffectKind, EffectColor)> {
        self.watched.get(place).map(|watched| (watched.rule.shape, watched.rule.color))
    }

    /// The effect of that place, at a node.
    pub(crate) fn effect(&self, film: &Film, place: usize, node: usize, at: [f32; 3]) -> Option<Effect> {
        let rule = &self.watched.get(place)?.rule;
        let excess = match rule.when {
            EffectCondition::Failure(failure) => self.thresholds.excess(film, node, failure).min(1e12),
            _ => 0.0,
        };
        Some(Effect {
            kind: rule.shape,
            failure: film.failure_by(node, self.chosen),
            at,
            size: (rule.size * (1.0 + GROWTH * excess / (excess + HALF_AS_BAD))) as f32,
            color: effect_color(rule.color),
            index: node as f32,
            phase: (random(node as u64) * std::f64::consts::TAU) as f32,
        })
    }

    /// Whether the digests of failures keep every node that has an effect.
    fn is_failures_only(&self) -> bool {
        self.watched.iter().all(|watched| matches!(watched.rule.when, EffectCondition::Failure(_)))
    }

    /// The first node of a range that has the most important effect of those that are not the failure of a
    /// step.
    fn first(&self, film: &Film, nodes: Range<usize>) -> Option<(usize, usize)> {
        let marked = |(place, watched): (usize, &Watched)| {
            if matches!(watched.rule.when, EffectCondition::Failure(_)) || watched.paths.is_empty() {
                return None;
            }
            let mut nodes = nodes.start..nodes.end.min(film.len());
            nodes.find(|node| watched.holds(film, *node, self.chosen)).map(|node| (place, node))
        };
        self.watched.iter().enumerate().find_map(marked)
    }
}

impl Watched {
    fn holds(&self, film: &Film, node: usize, chosen: Option<PathId>) -> bool {
        let any = |holds: &dyn Fn(f64) -> bool| {
            self.paths.iter().filter_map(|path| film.score(node, *path)).any(holds)
        };
        match &self.rule.when {
            EffectCondition::Failure(failure) => film.failure_by(node, chosen) == Some(*failure),
            EffectCondition::Failing => self.paths.iter().any(|p| film.path_failure(node, *p).is_some()),
            EffectCondition::Below(limit) => any(&|score| score < *limit),
            EffectCondition::Above(limit) => any(&|score| score > *limit),
            EffectCondition::NotEvaluated => self.paths.iter().any(|p| film.score(node, *p).is_none()),
            EffectCondition::Falling(trend) => self.paths.iter().any(|path| {
                let before = node.saturating_sub(trend.over as usize)..node;
                let (sum, count) = before
                    .filter_map(|i| film.score(i, *path))
                    .fold((0.0, 0u32), |(sum, count), score| (sum + score, count + 1));
                // Of one score before there is no trend.
                let fall = film.score(node, *path).map(|score| sum / f64::from(count) - score);
                count >= 2 && fall.is_some_and(|fall| fall >= trend.by)
            }),
            EffectCondition::Disagreement(other) => any(&|score| {
                let mut others = self.others.iter().filter_map(|path| film.score(node, *path));
                others.any(|compared| (score - compared).abs() >= other.by)
            }),
        }
    }
}

/// The scored paths that a pattern names.
fn named(film: &Film, pattern: Option<&str>) -> Vec<PathId> {
    let Some(pattern) = pattern else { return Vec::new() };
    let paths = film.paths().iter().filter(|path| path.is_scored && names(pattern, &path.path));
    paths.map(|path| path.id).collect()
}

/// Whether a pattern names a path, or the end of it after a dot; a measurement in full only, as in the
/// failing rules.
pub(crate) fn names(pattern: &str, path: &str) -> bool {
    if is_measurement(path) {
        return pattern.starts_with("metrics") && matches(pattern, path);
    }
    let after_dots = path.match_indices('.').filter_map(|(dot, _)| path.get(dot + 1..));
    std::iter::once(path).chain(after_dots).any(|end| matches(pattern, end))
}

/// Whether a text is as a pattern, in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut middle: Vec<&str> = rest.split('*').collect();
    let last = middle.pop().unwrap_or_default();
    for part in middle {
        let Some((_, rest)) = text.split_once(part) else { return false };
        text = rest;
    }
    text.ends_with(last)
}

/// Which node of every [`BLOCK`] has an effect that is not the failure of a step: what a picture keeps where
/// one point stands for many nodes. Found block by block, as a trend looks back at most one block.
#[derive(Debug, Default)]
pub(crate) struct EffectIndex {
    of: Option<Effects>,
    /// The revision of the film that the blocks are of, and its number of nodes.
    seen: (u64, usize),
    /// Place in the set, and node.
    blocks: Vec<Option<(usize, usize)>>,
}

const _: () = assert!(gauntlet_model::MAX_TREND as usize <= BLOCK);

impl EffectIndex {
    /// Brings the index up to date with a film. Reads the nodes of blocks that have changed, or follow one;
    /// none where every effect is of a failure.
    pub(crate) fn update(&mut self, film: &Film, effects: &Effects) {
        if self.of.as_ref() != Some(effects) {
            *self = Self { of: Some(effects.clone()), ..Self::default() };
        }
        let now = (film.revision(), film.len());
        if effects.is_failures_only() || self.seen == now {
            return;
        }
        let known = self.blocks.len();
        self.blocks.resize(film.len().div_ceil(BLOCK), None);
        for (block, mark) in self.blocks.iter_mut().enumerate() {
            let before = block.saturating_sub(1);
            let changed = film.block_revision(block).max(film.block_revision(before));
            if block >= known || changed > self.seen.0 {
                *mark = effects.first(film, block * BLOCK..(block + 1) * BLOCK);
            }
        }
        self.seen = now;
    }

    /// The node of a range that must stay in a picture, if any.
    pub(crate) fn node(&self, film: &Film, nodes: Range<usize>) -> Option<usize> {
        let effects = self.of.as_ref().filter(|effects| !effects.is_failures_only())?;
        let is_blocks =
            nodes.start.is_multiple_of(BLOCK) && (nodes.end.is_multiple_of(BLOCK) || nodes.end == film.len());
        if !is_blocks {
            return effects.first(film, nodes).map(|(_, node)| node);
        }
        let blocks = self.blocks.get(nodes.start / BLOCK..nodes.end.div_ceil(BLOCK)).unwrap_or_default();
        blocks.iter().flatten().min().map(|(_, node)| *node)
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_pattern_names_a_path_or_its_end() {
        for (pattern, path) in [
            ("grounding", "grounding"),
            ("grounding", "root.judge.grounding"),
            ("judge.*", "root.judge.grounding"),
            ("*", "root"),
            ("g*d*g", "grounding"),
            ("*ing", "root.grounding"),
            ("metrics.*", "metrics.loss"),
        ] {
            assert!(names(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("ground", "grounding"),
            ("ing", "root.grounding"),
            ("loss", "metrics.loss"),
            ("*", "metrics.loss"),
            ("a*a", "a"),
            ("g*x*g", "grounding"),
        ] {
            assert!(!names(pattern, path), "{pattern} {path}");
        }
    }
}
