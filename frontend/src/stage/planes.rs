//! Wobbling translucent planes: something claimed that is not there.

use gauntlet_scene::{EffectKind, PathGeometry};
use three_d::{Context, Program};

use super::gpu::{FrameBlock, add_light, compile};
use super::instances::Instances;
use super::picture::{SHAPE, shapes};

/// Ten by ten cells of two triangles; `planes.vert` counts the same.
const VERTICES: u32 = 10 * 10 * 6;

/// Every such plane.
pub(super) struct Planes {
    program: Program,
    planes: Instances<3>,
}

impl Planes {
    pub(super) fn new(context: &Context) -> Result<Self, String> {
        let shared = [include_str!("upright.glsl"), ""];
        let program = compile(context, shared, include_str!("planes.vert"), include_str!("planes.frag"))?;
        Ok(Self { program, planes: Instances::new(context, SHAPE) })
    }

    /// Takes over a new path.
    pub(super) fn set_path(&mut self, path: &PathGeometry) {
        self.planes.set(shapes(path, |kind| (kind == EffectKind::WobblingPlane).then_some(0.0)));
    }

    pub(super) fn draw(&self, block: &FrameBlock) {
        add_light(&self.program, block, &self.planes, VERTICES);
    }
}
