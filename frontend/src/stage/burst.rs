//! Shapes made of thirty lines of light: a distorted cage, spikes, and spikes torn in two.

use gauntlet_scene::{EffectKind, PathGeometry};
use three_d::{Context, Program};

use super::gpu::{FrameBlock, add_light, compile};
use super::instances::Instances;
use super::picture::{SHAPE, shapes};
use super::ribbon::LINE_VERTICES;

/// The edges of an icosahedron; the spikes are as many.
const LINES: u32 = 30;

/// Every burst.
pub(super) struct Bursts {
    program: Program,
    bursts: Instances<3>,
}

impl Bursts {
    pub(super) fn new(context: &Context) -> Result<Self, String> {
        let shared = [include_str!("line.vert.glsl"), include_str!("line.frag.glsl")];
        let program = compile(context, shared, include_str!("burst.vert"), include_str!("burst.frag"))?;
        Ok(Self { program, bursts: Instances::new(context, SHAPE) })
    }

    /// Takes over a new path.
    pub(super) fn set_path(&mut self, path: &PathGeometry) {
        self.bursts.set(shapes(path, |kind| match kind {
            EffectKind::JaggedBurst => Some(0.0),
            EffectKind::Burst => Some(1.0),
            EffectKind::SplitBurst => Some(2.0),
            EffectKind::WobblingPlane | EffectKind::Wall => None,
        }));
    }

    pub(super) fn draw(&self, block: &FrameBlock) {
        add_light(&self.program, block, &self.bursts, LINES * LINE_VERTICES);
    }
}
