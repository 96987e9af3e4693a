//! Draws a [`Scene`] on a canvas with WebGL2. It knows no domain: only points, lines, shapes and their light.
//!
//! Light is summed, unordered, into a half-float picture (`light.rs`) and then developed for the screen
//! (`develop.rs`): nothing needs sorting, piled-up light keeps its hue, and there is no banding. A frame is eleven
//! draw calls, however long the path. Buffers change only with `PathGeometry::revision`; time goes in as a uniform.
//!
//! All GPU state can be rebuilt from the next scene alone: that is what happens after a lost context.

mod burst;
mod develop;
mod frame;
mod gpu;
mod instances;
mod light;
mod picture;
mod planes;
mod port;
mod ribbon;
mod sprites;
mod stars;
mod surface;
mod wall;

use std::cell::RefCell;
use std::rc::Rc;

use gauntlet_scene::Scene;
use web_sys::HtmlCanvasElement;

use self::frame::Frame;
use self::picture::Picture;
use self::surface::Surface;

/// Makes a view of a canvas.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebGlStage;

impl WebGlStage {
    /// Takes the canvas and compiles everything needed to draw on it.
    ///
    /// # Errors
    /// Fails with a sentence for people where the browser has no WebGL2, or its driver refuses a shader.
    pub fn attach(&self, canvas: HtmlCanvasElement) -> Result<View, String> {
        let held = Rc::new(RefCell::new(Held::Nothing));
        let surface = Surface::of(canvas, {
            let held = held.clone();
            move || {
                held.replace(Held::Nothing);
            }
        })?;
        held.replace(Held::Picture(Box::new(Picture::new(surface.context()?)?)));
        Ok(View { surface, held })
    }
}

/// What the GPU holds for a view.
enum Held {
    /// Not made yet, or gone with a lost context.
    Nothing,
    Picture(Box<Picture>),
    /// The driver refused to make it again after a loss. The canvas stays blank until the next loss.
    Refused,
}

/// A canvas and what the GPU holds for it.
pub struct View {
    surface: Surface,
    /// Let go as soon as the context is lost: later, its parts would belong to no context.
    held: Rc<RefCell<Held>>,
}

impl View {
    /// Draws one frame, `width_px` by `height_px` device pixels. While the browser has taken the context away this
    /// does nothing; the first frame after it is back makes everything anew from its scene.
    pub fn draw(&mut self, scene: &Scene, width_px: u32, height_px: u32) {
        let mut held = self.held.borrow_mut();
        if self.surface.is_lost() {
            *held = Held::Nothing;
            return;
        }
        if matches!(*held, Held::Nothing) {
            let made = self.surface.context().and_then(Picture::new);
            *held = made.map_or(Held::Refused, |picture| Held::Picture(Box::new(picture)));
        }
        let Held::Picture(picture) = &mut *held else { return };
        let Some(size) = self.surface.resize(width_px, height_px) else { return };
        picture.draw(scene, &Frame::of(scene, size));
    }
}
