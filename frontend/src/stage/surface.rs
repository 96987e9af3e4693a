//! The canvas: its size, its WebGL2 context, and the loss of the context.

use std::sync::Arc;

use three_d::Context;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, HtmlCanvasElement, WebGl2RenderingContext, WebGlContextAttributes};

const LOST: &str = "webglcontextlost";
const MISSING: &str = "This browser offers no WebGL2, which the 3D stage needs. The steps, the curve and the \
                       diagnostics work without it.";

/// The size of the canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    /// Device pixels.
    pub(super) width: u32,
    /// Device pixels.
    pub(super) height: u32,
    /// Device pixels per CSS pixel.
    pub(super) ratio: f32,
}

/// The canvas and its context.
pub(super) struct Surface {
    canvas: HtmlCanvasElement,
    gl: WebGl2RenderingContext,
    size: Size,
    on_lost: Closure<dyn FnMut(Event)>,
}

impl Surface {
    /// Gets the WebGL2 context of a canvas. `lost` is called whenever the context is lost.
    ///
    /// # Errors
    /// A sentence for people, if the browser has no WebGL2.
    pub(super) fn new(canvas: HtmlCanvasElement, mut lost: impl FnMut() + 'static) -> Result<Self, String> {
        let options = WebGlContextAttributes::new();
        options.set_alpha(false);
        options.set_antialias(false);
        options.set_depth(false);
        options.set_stencil(false);
        let gl = canvas
            .get_context_with_context_options("webgl2", &options)
            .ok()
            .flatten()
            .and_then(|context| context.dyn_into::<WebGl2RenderingContext>().ok())
            .ok_or(MISSING)?;

        let on_lost = Closure::new(move |event: Event| {
            // Without this the browser never restores the context.
            event.prevent_default();
            lost();
        });
        canvas
            .add_event_listener_with_callback(LOST, on_lost.as_ref().unchecked_ref())
            .map_err(|_| MISSING)?;
        let size = Size { width: 0, height: 0, ratio: 1.0 };
        Ok(Self { canvas, gl, size, on_lost })
    }

    /// A three-d context for the canvas.
    #[expect(
        clippy::arc_with_non_send_sync,
        reason = "three-d asks for an Arc; nothing here leaves the page's thread"
    )]
    pub(super) fn context(&self) -> Result<Context, String> {
        if self.is_lost() {
            return Err("The browser has taken the 3D context away; reload the page to try again.".to_owned());
        }
        let gl = three_d::context::Context::from_webgl2_context(self.gl.clone());
        Context::from_gl_context(Arc::new(gl)).map_err(|error| error.to_string())
    }

    /// Whether the context is lost at present.
    pub(super) fn is_lost(&self) -> bool {
        self.gl.is_context_lost()
    }

    /// Resizes the canvas, within the limits of the GPU; `None` for an empty canvas.
    pub(super) fn resize(&mut self, width_px: u32, height_px: u32) -> Option<Size> {
        if width_px == 0 || height_px == 0 {
            return None;
        }
        if (self.size.width, self.size.height) != (width_px, height_px) {
            let largest = self
                .gl
                .get_parameter(WebGl2RenderingContext::MAX_TEXTURE_SIZE)
                .ok()
                .and_then(|value| value.as_f64())
                .map_or(2048, |value| value as u32);
            let (width, height) = (width_px.min(largest), height_px.min(largest));
            self.canvas.set_width(width);
            self.canvas.set_height(height);
            let shown = self.canvas.client_height();
            let ratio = if shown > 0 { (height as f32 / shown as f32).clamp(0.5, 4.0) } else { 1.0 };
            self.size = Size { width, height, ratio };
        }
        Some(self.size)
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        // Fails only if the listener does not exist.
        let _ = self.canvas.remove_event_listener_with_callback(LOST, self.on_lost.as_ref().unchecked_ref());
    }
}
