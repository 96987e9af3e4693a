//! The shapes of failures: one program, one instance for each effect of the kinds it draws.

use gauntlet_model::EffectKind;
use gauntlet_scene::{Effect, PathGeometry};
use three_d::{Context, Program};

use super::frame::with;
use super::gpu::{FrameBlock, add_light};
use super::instances::{Instances, Quad};

/// The attributes of a shape: centre and size, colour and node index, phase and variant.
const ATTRIBUTES: [&str; 3] = ["place", "paint", "look"];

/// The shapes that one program draws.
pub(super) struct Shapes {
    program: Program,
    instances: Instances<3>,
    vertices: u32,
    variant: fn(EffectKind) -> Option<f32>,
}

impl Shapes {
    /// Shapes of `vertices` corners each. `variant` is the number that the vertex shader gets for a kind of
    /// effect; `None` for kinds that this program does not draw.
    pub(super) fn new(
        context: &Context,
        program: Program,
        vertices: u32,
        variant: fn(EffectKind) -> Option<f32>,
    ) -> Self {
        Self { program, instances: Instances::new(context, ATTRIBUTES), vertices, variant }
    }

    /// Uploads the effects of a path.
    pub(super) fn set_path(&mut self, path: &PathGeometry) {
        let variant = self.variant;
        let shape = |effect: &Effect| Some(attributes(effect, variant(effect.kind)?));
        self.instances.set(path.effects.iter().filter_map(shape));
    }

    pub(super) fn draw(&self, block: &FrameBlock) {
        add_light(&self.program, block, &self.instances, self.vertices);
    }
}

/// The size is the height of a plane or wall, and the radius of a burst.
fn attributes(effect: &Effect, variant: f32) -> [Quad; 3] {
    let [width, height, _] = effect.extent();
    let extent = match effect.kind {
        EffectKind::WobblingPlane | EffectKind::Wall => height,
        EffectKind::JaggedBurst | EffectKind::Burst | EffectKind::SplitBurst | EffectKind::Glow => {
            width * 0.5
        }
    };
    let center = with(effect.at, extent * effect.size);
    [center, with(effect.color, effect.index), [effect.phase, variant, 0.0, 0.0]]
}
