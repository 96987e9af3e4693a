//! Develops the negative for the screen: tone, night sky, vignette, grain.

use std::convert::Infallible;

use three_d::{Context, Program, RenderTarget, Texture2D};

use super::frame::Frame;
use super::gpu::{COVER, FrameBlock, compile};

/// The last draw call of a frame: one triangle over the whole canvas.
pub(super) struct Develop {
    context: Context,
    program: Program,
}

impl Develop {
    pub(super) fn new(context: &Context) -> Result<Self, String> {
        let program = compile(context, ["", ""], include_str!("develop.vert"), include_str!("develop.frag"))?;
        Ok(Self { context: context.clone(), program })
    }

    pub(super) fn draw(&self, block: &FrameBlock, frame: &Frame, negative: &Texture2D) {
        let Ok(_) =
            RenderTarget::screen(&self.context, frame.width, frame.height).write::<Infallible>(|| {
                block.lend(&self.program);
                self.program.use_texture("negative", negative);
                self.program.draw_arrays(COVER, block.viewport(), 3);
                Ok(())
            });
    }
}
