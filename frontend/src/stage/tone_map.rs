//! The tone-mapping pass: from summed light to the screen, with background, vignette and grain.

use std::convert::Infallible;

use three_d::{Context, Program, RenderTarget, Texture2D};

use super::frame::Frame;
use super::gpu::{FrameBlock, REPLACE, compile};

/// The last draw call of a frame: one triangle over the whole canvas.
pub(super) struct ToneMapPass {
    context: Context,
    program: Program,
}

impl ToneMapPass {
    pub(super) fn new(context: &Context) -> Result<Self, String> {
        let program =
            compile(context, ["", ""], include_str!("tone_map.vert"), include_str!("tone_map.frag"))?;
        Ok(Self { context: context.clone(), program })
    }

    /// Draws the HDR texture on the canvas.
    pub(super) fn draw(&self, block: &FrameBlock, frame: &Frame, hdr: &Texture2D) {
        let Ok(_) =
            RenderTarget::screen(&self.context, frame.width, frame.height).write::<Infallible>(|| {
                block.bind(&self.program);
                self.program.use_texture("hdr", hdr);
                self.program.draw_arrays(REPLACE, block.viewport(), 3);
                Ok(())
            });
    }
}
