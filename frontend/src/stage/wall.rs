//! Walls across the path: translucent boxes with lit edges.

use gauntlet_scene::{EffectKind, PathGeometry};
use three_d::{Context, Program};

use super::gpu::{FrameBlock, add_light, compile};
use super::instances::Instances;
use super::picture::{SHAPE, shapes};

/// Six faces of two triangles.
const VERTICES: u32 = 6 * 6;

/// Every wall.
pub(super) struct Walls {
    program: Program,
    walls: Instances<3>,
}

impl Walls {
    pub(super) fn new(context: &Context) -> Result<Self, String> {
        let shared = [include_str!("upright.glsl"), ""];
        let program = compile(context, shared, include_str!("wall.vert"), include_str!("wall.frag"))?;
        Ok(Self { program, walls: Instances::new(context, SHAPE) })
    }

    /// Takes over a new path.
    pub(super) fn set_path(&mut self, path: &PathGeometry) {
        self.walls.set(shapes(path, |kind| (kind == EffectKind::Wall).then_some(0.0)));
    }

    pub(super) fn draw(&self, block: &FrameBlock) {
        add_light(&self.program, block, &self.walls, VERTICES);
    }
}
