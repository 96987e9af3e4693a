//! Develops the negative for the screen: tone, night sky, vignette, grain.

use three_d::{Context, CoreError, Program, RenderStates, RenderTarget, Texture2D, WriteMask};

use super::frame::Frame;
use super::gpu::{compile, FrameBlock};

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

    pub(super) fn draw(&self, block: &FrameBlock, frame: &Frame, negative: &Texture2D) -> Result<(), CoreError> {
        let states = RenderStates { write_mask: WriteMask::COLOR, ..three_d_always() };
        RenderTarget::screen(&self.context, frame.width, frame.height).write::<CoreError>(|| {
            block.lend(&self.program);
            self.program.use_texture("negative", negative);
            self.program.draw_arrays(states, block.viewport(), 3);
            Ok(())
        })?;
        Ok(())
    }
}

fn three_d_always() -> RenderStates {
    RenderStates { depth_test: three_d::DepthTest::Always, ..RenderStates::default() }
}
