//! The stage as the app knows it.

use gauntlet_app::ports::{Stage, StageView};
use gauntlet_scene::Scene;
use web_sys::HtmlCanvasElement;

use super::{View, WebGlStage};

impl Stage for WebGlStage {
    fn attach(&self, canvas: HtmlCanvasElement) -> Result<Box<dyn StageView>, String> {
        WebGlStage::attach(self, canvas).map(|view| Box::new(view) as Box<dyn StageView>)
    }
}

impl StageView for View {
    fn draw(&mut self, scene: &Scene, width_px: u32, height_px: u32) {
        View::draw(self, scene, width_px, height_px);
    }
}
