//! Everything that is drawn, in the order it is drawn: twelve draw calls at most, however long the path.

use gauntlet_scene::{PathGeometry, Scene};
use three_d::Context;

use super::burst::bursts;
use super::frame::Frame;
use super::gpu::FrameBlock;
use super::hdr_target::HdrTarget;
use super::planes::planes;
use super::ribbon::Ribbon;
use super::shapes::Shapes;
use super::sprites::Sprites;
use super::stars::Stars;
use super::tone_map::ToneMapPass;
use super::wall::walls;

/// The GPU resources of a scene.
pub(super) struct Renderer {
    block: FrameBlock,
    hdr: HdrTarget,
    stars: Stars,
    ribbon: Ribbon,
    sprites: Sprites,
    planes: Shapes,
    walls: Shapes,
    bursts: Shapes,
    tone_map: ToneMapPass,
    /// The revision of the path the buffers hold.
    revision: Option<u64>,
}

impl Renderer {
    /// Compiles every program; uploads nothing yet.
    pub(super) fn new(context: Context) -> Result<Self, String> {
        Ok(Self {
            block: FrameBlock::new(&context),
            hdr: HdrTarget::new(&context),
            stars: Stars::new(&context)?,
            ribbon: Ribbon::new(&context)?,
            sprites: Sprites::new(&context)?,
            planes: planes(&context)?,
            walls: walls(&context)?,
            bursts: bursts(&context)?,
            tone_map: ToneMapPass::new(&context)?,
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
        self.ribbon.set_axis(&scene.axis);
        self.ribbon.set_agent(&scene.agent, scene.travelled);
        self.sprites.set_moving(scene);

        let Self { block, hdr, stars, ribbon, sprites, planes, walls, bursts, tone_map, .. } = self;
        let light = hdr.render(frame.width, frame.height, || {
            stars.draw(block);
            ribbon.draw(block);
            planes.draw(block);
            walls.draw(block);
            bursts.draw(block);
            sprites.draw(block);
        });
        tone_map.draw(block, frame, light);
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
