//! Draws a [`Scene`] on a canvas with WebGL2. It knows no domain: only points, lines, shapes and their light.
//!
//! Light is summed, unordered, into a half-float picture (`light.rs`) and then developed for the screen (`develop.rs`):
//! nothing needs sorting, piled-up light keeps its hue, and there is no banding. Every drawable is one instanced draw
//! call, however long the path. Buffers change only with `PathPicture::revision`; time goes in as a uniform.
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

use gauntlet_scene::Scene;
use web_sys::HtmlCanvasElement;

use self::frame::Frame;
use self::picture::Picture;
use self::surface::{Surface, Usable};

/// Makes a view of a canvas.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebGlStage;

impl WebGlStage {
    /// Takes the canvas and compiles everything needed to draw on it.
    ///
    /// # Errors
    /// Fails with a sentence for people where the browser has no WebGL2, or its driver refuses a shader.
    pub fn attach(&self, canvas: HtmlCanvasElement) -> Result<View, String> {
        let surface = Surface::of(canvas)?;
        let picture = Picture::new(surface.context()?)?;
        Ok(View { surface, picture: Some(picture) })
    }
}

/// A canvas and what the GPU holds for it.
pub struct View {
    surface: Surface,
    /// Nothing while the context is lost, or when it could not be rebuilt.
    picture: Option<Picture>,
}

impl View {
    /// Draws one frame, `width_px` by `height_px` device pixels. While the browser has taken the context away this
    /// does nothing; the first frame after it is back rebuilds everything from its scene.
    pub fn draw(&mut self, scene: &Scene, width_px: u32, height_px: u32) {
        match self.surface.usable() {
            Usable::Lost => {
                self.picture = None;
                return;
            }
            Usable::Renewed => {
                // What was made before the loss is gone with it. A refusal shows as a canvas left blank, and the next
                // renewal tries again.
                self.picture = None;
                self.picture = self.surface.context().and_then(Picture::new).ok();
            }
            Usable::Yes => {}
        }
        let Some(picture) = &mut self.picture else { return };
        let Some(size) = self.surface.resize(width_px, height_px) else { return };
        picture.draw(scene, &Frame::of(scene, size));
    }
}
