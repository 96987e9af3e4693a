//! The shapes of failures, larger for worse scores.

use gauntlet_film::{Condition, Film, PathId, conditions};
use gauntlet_model::FailureKind;

use crate::color::{Rgb, failure_color};
use crate::noise::random;

/// The shape that shows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EffectKind {
    /// An upright translucent plane, 5 by 5, that wobbles: a claim without support.
    WobblingPlane,
    /// A distorted wireframe icosahedron of radius 2.5, on a jagged break of the ribbon: an unreadable
    /// format.
    JaggedBurst,
    /// A box across the path, 4 wide, 4 high, 1 thick: a refusal.
    Wall,
    /// Two halves of a burst of radius 2 that pull apart: an inconsistent answer.
    SplitBurst,
    /// A burst of radius 2: any other rubric below its threshold.
    Burst,
}

impl EffectKind {
    /// The shape of a failure.
    pub fn of(failure: FailureKind) -> Self {
        match failure {
            FailureKind::Hallucination => EffectKind::WobblingPlane,
            FailureKind::Format => EffectKind::JaggedBurst,
            FailureKind::Refusal => EffectKind::Wall,
            FailureKind::Inconsistency => EffectKind::SplitBurst,
            FailureKind::Generic => EffectKind::Burst,
        }
    }

    /// Its word in [`crate::SceneSummary`].
    pub fn as_str(self) -> &'static str {
        match self {
            EffectKind::WobblingPlane => "wobbling_plane",
            EffectKind::JaggedBurst => "jagged_burst",
            EffectKind::Wall => "wall",
            EffectKind::SplitBurst => "split_burst",
            EffectKind::Burst => "burst",
        }
    }

    /// Width, height and thickness at size 1, world units.
    pub fn extent(self) -> [f32; 3] {
        match self {
            EffectKind::WobblingPlane => [5.0, 5.0, 0.0],
            EffectKind::JaggedBurst => [5.0, 5.0, 5.0],
            EffectKind::Wall => [4.0, 4.0, 1.0],
            EffectKind::SplitBurst | EffectKind::Burst => [4.0, 4.0, 4.0],
        }
    }
}

/// A failure's shape at a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Its shape.
    pub kind: EffectKind,
    /// The failure it shows.
    pub failure: FailureKind,
    /// Its centre: the node.
    pub at: [f32; 3],
    /// Factor on [`EffectKind::extent`], 1 (at its threshold) to 1.8 (as bad as it gets).
    pub size: f32,
    /// Its colour.
    pub color: Rgb,
    /// The node's index; compare with [`crate::Scene::travelled`].
    pub index: f32,
    /// Phase of its animation, radians, so that neighbours differ.
    pub phase: f32,
}

/// How much larger than at its threshold an effect can be.
const GROWTH: f64 = 0.8;
/// Distance beyond the threshold at which an effect has half of its growth.
const HALF_AS_BAD: f64 = 25.0;

/// The failure conditions of each path, found once for a film.
pub(crate) struct Thresholds(Vec<(PathId, Vec<(Condition, FailureKind)>)>);

impl Thresholds {
    /// The conditions of every path that can make a step fail.
    pub(crate) fn of(film: &Film) -> Self {
        let decisive = film.paths().iter().filter(|path| film.is_decisive_path(path.id));
        Self(decisive.map(|path| (path.id, conditions(film.rule(), &path.path))).collect())
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

/// The effect of a failing node.
pub(crate) fn effect(
    film: &Film,
    thresholds: &Thresholds,
    index: usize,
    at: [f32; 3],
    failure: FailureKind,
) -> Effect {
    let excess = thresholds.excess(film, index, failure).min(1e12);
    Effect {
        kind: EffectKind::of(failure),
        failure,
        at,
        size: (1.0 + GROWTH * excess / (excess + HALF_AS_BAD)) as f32,
        color: failure_color(failure),
        index: index as f32,
        phase: (random(index as u64) * std::f64::consts::TAU) as f32,
    }
}
