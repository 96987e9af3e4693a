//! Bursts, for the other failures: thirty glowing lines that form a distorted cage, spikes, or split spikes.

use gauntlet_model::EffectKind;
use three_d::Context;

use super::gpu::compile;
use super::ribbon::LINE_VERTICES;
use super::shapes::Shapes;

/// The edges of an icosahedron; there are as many spikes.
const LINES: u32 = 30;

/// Compiles the program of the bursts.
pub(super) fn bursts(context: &Context) -> Result<Shapes, String> {
    let shared = [include_str!("line.vert.glsl"), include_str!("line.frag.glsl")];
    let program = compile(context, shared, include_str!("burst.vert"), include_str!("burst.frag"))?;
    Ok(Shapes::new(context, program, LINES * LINE_VERTICES, |kind| match kind {
        EffectKind::JaggedBurst => Some(0.0),
        EffectKind::Burst => Some(1.0),
        EffectKind::SplitBurst => Some(2.0),
        EffectKind::WobblingPlane | EffectKind::Wall | EffectKind::Glow => None,
    }))
}
