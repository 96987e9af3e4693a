//! The HDR render target: light is summed in half floats, so that a thousand overlapping glows neither clip
//! nor band. GPUs without half-float targets (few) use eight bits.

use std::convert::Infallible;

use three_d::core::f16;
use three_d::{ClearState, Context, HasContext, Interpolation, Texture2D, Wrapping};

/// A texture of summed light, allocated again when the size changes.
pub(super) struct HdrTarget {
    context: Context,
    is_half_float: bool,
    texture: Option<Texture2D>,
}

impl HdrTarget {
    pub(super) fn new(context: &Context) -> Self {
        let known = context.supported_extensions();
        let is_half_float =
            known.contains("EXT_color_buffer_float") || known.contains("EXT_color_buffer_half_float");
        Self { context: context.clone(), is_half_float, texture: None }
    }

    /// Clears the target, sums what `draw` adds, and returns the result.
    pub(super) fn render(&mut self, width: u32, height: u32, draw: impl FnOnce()) -> &Texture2D {
        if self.texture.as_ref().is_some_and(|held| (held.width(), held.height()) != (width, height)) {
            // Freed before the next one is allocated: at 4K each takes 64 MiB.
            self.texture = None;
        }
        let (context, is_half_float) = (&self.context, self.is_half_float);
        let texture = self.texture.get_or_insert_with(|| {
            if is_half_float {
                empty::<[f16; 4]>(context, width, height)
            } else {
                empty::<[u8; 4]>(context, width, height)
            }
        });
        let target = texture.as_color_target(None);
        let Ok(_) = target.clear(ClearState::color(0.0, 0.0, 0.0, 0.0)).write::<Infallible>(|| {
            draw();
            Ok(())
        });
        texture
    }
}

fn empty<T: three_d::TextureDataType>(context: &Context, width: u32, height: u32) -> Texture2D {
    let (near, edge) = (Interpolation::Nearest, Wrapping::ClampToEdge);
    Texture2D::new_empty::<T>(context, width, height, near, near, None, edge, edge)
}
