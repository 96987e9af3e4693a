//! The negative: where light is summed, in half floats where the GPU can (nearly all can), so that a thousand
//! overlapping glows neither clip nor band.

use std::convert::Infallible;

use three_d::core::f16;
use three_d::{ClearState, Context, HasContext, Interpolation, Texture2D, Wrapping};

/// A picture of summed light, remade when the size changes.
pub(super) struct Light {
    context: Context,
    deep: bool,
    texture: Option<Texture2D>,
}

impl Light {
    pub(super) fn new(context: &Context) -> Self {
        let known = context.supported_extensions();
        let deep = known.contains("EXT_color_buffer_float") || known.contains("EXT_color_buffer_half_float");
        Self { context: context.clone(), deep, texture: None }
    }

    /// Starts from darkness and sums what `draw` adds; answers the result.
    pub(super) fn expose(&mut self, width: u32, height: u32, draw: impl FnOnce()) -> &Texture2D {
        if self.texture.as_ref().is_some_and(|held| (held.width(), held.height()) != (width, height)) {
            // Freed before the next one is made: at 4K they are large.
            self.texture = None;
        }
        let (context, deep) = (&self.context, self.deep);
        let texture = self.texture.get_or_insert_with(|| {
            if deep {
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
