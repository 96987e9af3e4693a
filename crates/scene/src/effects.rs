//! The shapes of failures: readable from across the room, bigger when worse.

use gauntlet_film::Film;
use gauntlet_model::FailureKind;

use crate::color::{failure_color, Rgb};

/// The shape that shows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EffectKind {
    /// An upright translucent plane, 5 by 5, that wobbles: something claimed that is not there.
    WobblingPlane,
    /// A distorted wireframe icosahedron of radius 2.5, on a jagged break of the ribbon: a form nobody can read.
    JaggedBurst,
    /// A box across the path, 4 wide, 4 high, 1 thick: the agent would not go on.
    Wall,
    /// Two halves of a burst of radius 2 that pull apart: an answer at odds with itself.
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

    /// The word for it in facts.
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
    /// Factor on [`EffectKind::extent`], 0.6 (just failed) to 1.6 (as bad as it gets).
    pub size: f32,
    /// Its colour.
    pub color: Rgb,
    /// The node's index; compare with [`crate::Scene::travelled`].
    pub index: f32,
    /// Where in its wobble it begins, radians, so that neighbours do not move alike.
    pub phase: f32,
}
