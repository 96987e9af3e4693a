//! Draws a [`Scene`] on a canvas with WebGL2. The stage knows points, lines, shapes and light, and nothing of
//! runs.
//!
//! Light is summed in any order into a half-float target (`hdr_target.rs`) and tone-mapped for the screen
//! (`tone_map.rs`): nothing needs sorting, overlapping light keeps its hue, and there is no banding. A frame
//! is twelve draw calls, however long the path. Buffers change only with `PathGeometry::revision`; time is a
//! uniform.
//!
//! All GPU state can be rebuilt from the next scene alone, which happens after a lost context.

mod burst;
mod frame;
mod gpu;
mod hdr_target;
mod instances;
mod planes;
mod port;
mod renderer;
mod ribbon;
mod shapes;
mod sprites;
mod stars;
mod surface;
mod tone_map;
mod wall;

use std::cell::RefCell;
use std::rc::Rc;

use gauntlet_scene::Scene;
use web_sys::HtmlCanvasElement;

use self::frame::Frame;
use self::renderer::Renderer;
use self::surface::Surface;

/// Makes a view of a canvas.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WebGlStage;

impl WebGlStage {
    /// Takes the canvas and compiles everything needed to draw on it.
    ///
    /// # Errors
    /// Fails with a sentence for people where the browser has no WebGL2, or its driver refuses a shader.
    pub(crate) fn attach(&self, canvas: HtmlCanvasElement) -> Result<View, String> {
        let held = Rc::new(RefCell::new(Held::Nothing));
        let surface = Surface::new(canvas, {
            let held = held.clone();
            move || {
                held.replace(Held::Nothing);
            }
        })?;
        held.replace(Held::Renderer(Box::new(Renderer::new(surface.context()?)?)));
        Ok(View { surface, held })
    }
}

/// The GPU resources of a view.
enum Held {
    /// Not created yet, or gone with a lost context.
    Nothing,
    Renderer(Box<Renderer>),
    /// The driver refused to create it again after a loss. The canvas stays blank until the next loss.
    Refused,
}

/// A canvas and its GPU resources.
pub(crate) struct View {
    surface: Surface,
    /// Dropped as soon as the context is lost: later, its parts would belong to no context.
    held: Rc<RefCell<Held>>,
}

impl View {
    /// Draws one frame, `width_px` by `height_px` device pixels. While the browser has taken the context away
    /// this does nothing; the first frame after it is back creates everything again from its scene.
    pub(crate) fn draw(&mut self, scene: &Scene, width_px: u32, height_px: u32) {
        let mut held = self.held.borrow_mut();
        if self.surface.is_lost() {
            *held = Held::Nothing;
            return;
        }
        if matches!(*held, Held::Nothing) {
            let made = self.surface.context().and_then(Renderer::new);
            *held = made.map_or(Held::Refused, |renderer| Held::Renderer(Box::new(renderer)));
        }
        let Held::Renderer(renderer) = &mut *held else { return };
        let Some(size) = self.surface.resize(width_px, height_px) else { return };
        renderer.draw(scene, &Frame::new(scene, size));
    }
}
