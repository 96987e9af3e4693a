//! Walls across the path, for refusals: translucent boxes with lit edges.

use gauntlet_model::EffectKind;
use three_d::Context;

use super::gpu::compile;
use super::shapes::Shapes;

/// Six faces of two triangles.
const VERTICES: u32 = 6 * 6;

/// Compiles the program of the walls.
pub(super) fn walls(context: &Context) -> Result<Shapes, String> {
    let shared = [include_str!("upright.glsl"), ""];
    let program = compile(context, shared, include_str!("wall.vert"), include_str!("wall.frag"))?;
    Ok(Shapes::new(context, program, VERTICES, |kind| (kind == EffectKind::Wall).then_some(0.0)))
}
