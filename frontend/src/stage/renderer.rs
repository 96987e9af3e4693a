//! Everything that is drawn, in the order it is drawn: eleven draw calls at most, however long the path.

use gauntlet_scene::{EffectKind, PathGeometry, Scene};
use three_d::Context;

use super::burst::Bursts;
use super::develop::Develop;
use super::frame::{Frame, with};
use super::gpu::FrameBlock;
use super::instances::Quad;
use super::light::Light;
use super::planes::Planes;
use super::ribbon::Ribbon;
use super::sprites::Sprites;
use super::stars::Stars;
use super::wall::Walls;

/// The attributes of a failure's shape.
pub(super) const SHAPE: [&str; 3] = ["place", "paint", "look"];

/// The GPU's side of a scene.
pub(super) struct Picture {
    block: FrameBlock,
    light: Light,
    stars: Stars,
    ribbon: Ribbon,
    sprites: Sprites,
    planes: Planes,
    walls: Walls,
    bursts: Bursts,
    develop: Develop,
    /// The revision of the path the buffers hold.
    revision: Option<u64>,
}

impl Picture {
    /// Compiles every program; holds nothing yet.
    pub(super) fn new(context: Context) -> Result<Self, String> {
        Ok(Self {
            block: FrameBlock::new(&context),
            light: Light::new(&context),
            stars: Stars::new(&context)?,
            ribbon: Ribbon::new(&context)?,
            sprites: Sprites::new(&context)?,
            planes: Planes::new(&context)?,
            walls: Walls::new(&context)?,
            bursts: Bursts::new(&context)?,
            develop: Develop::new(&context)?,
            revision: None,
        })
    }

    /// Draws a scene over the whole canvas.
    pub(super) fn draw(&mut self, scene: &Scene, frame: &Frame) {
        self.block.set(frame);
        self.stars.set(&scene.stars);
        if self.revision != Some(scene.path.revision) {
            self.set_path(&scene.path);
        }
        self.ribbon.set_agent(&scene.agent, scene.travelled);
        self.sprites.set_moving(scene);

        let Self { block, light, stars, ribbon, sprites, planes, walls, bursts, develop, .. } = self;
        let negative = light.expose(frame.width, frame.height, || {
            stars.draw(block);
            ribbon.draw(block);
            planes.draw(block);
            walls.draw(block);
            bursts.draw(block);
            sprites.draw(block);
        });
        develop.draw(block, frame, negative);
    }

    fn set_path(&mut self, path: &PathGeometry) {
        self.ribbon.set_path(path);
        self.sprites.set_path(path);
        self.planes.set_path(path);
        self.walls.set_path(path);
        self.bursts.set_path(path);
        self.revision = Some(path.revision);
    }
}

/// The effects of the kinds that `variant` numbers, as the attributes of [`SHAPE`]. The size is the height of a
/// plane or wall and the radius of a burst.
pub(super) fn shapes(
    path: &PathGeometry,
    variant: impl Fn(EffectKind) -> Option<f32>,
) -> impl Iterator<Item = [Quad; 3]> {
    path.effects.iter().filter_map(move |effect| {
        let variant = variant(effect.kind)?;
        let [width, height, _] = effect.kind.extent();
        let extent = match effect.kind {
            EffectKind::WobblingPlane | EffectKind::Wall => height,
            EffectKind::JaggedBurst | EffectKind::Burst | EffectKind::SplitBurst => width * 0.5,
        };
        let place = with(effect.at, extent * effect.size);
        Some([place, with(effect.color, effect.index), [effect.phase, variant, 0.0, 0.0]])
    })
}
