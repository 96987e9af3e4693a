//! The star field. Uploaded once, as it is the same on every frame.

use std::sync::Arc;

use gauntlet_scene::Star;
use three_d::{Context, Program};

use super::frame::with;
use super::gpu::{FrameBlock, add_light, compile};
use super::instances::Instances;

const STAR_VERTICES: u32 = 6;

/// Every star.
pub(super) struct Stars {
    program: Program,
    stars: Instances<1>,
    current: Option<Arc<[Star]>>,
}

impl Stars {
    pub(super) fn new(context: &Context) -> Result<Self, String> {
        let program = compile(context, ["", ""], include_str!("stars.vert"), include_str!("stars.frag"))?;
        Ok(Self { program, stars: Instances::new(context, ["place"]), current: None })
    }

    /// Uploads a star field, unless it is the current one.
    pub(super) fn set(&mut self, stars: &Arc<[Star]>) {
        if self.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, stars)) {
            return;
        }
        self.stars.set(stars.iter().map(|star| [with(star.at, star.brightness)]));
        self.current = Some(stars.clone());
    }

    pub(super) fn draw(&self, block: &FrameBlock) {
        add_light(&self.program, block, &self.stars, STAR_VERTICES);
    }
}
