//! Wobbling translucent planes, for claims without support.

use gauntlet_model::EffectKind;
use three_d::Context;

use super::gpu::compile;
use super::shapes::Shapes;

/// Ten by ten cells of two triangles, as in `planes.vert`.
const VERTICES: u32 = 10 * 10 * 6;

/// Compiles the program of the planes.
pub(super) fn planes(context: &Context) -> Result<Shapes, String> {
    let shared = [include_str!("upright.glsl"), ""];
    let program = compile(context, shared, include_str!("planes.vert"), include_str!("planes.frag"))?;
    Ok(Shapes::new(context, program, VERTICES, |kind| (kind == EffectKind::WobblingPlane).then_some(0.0)))
}
