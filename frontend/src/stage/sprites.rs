//! Round sprites: nodes, the glow of failures, the agent, the selection.

use gauntlet_scene::{Effect, NodeMark, PathGeometry, Scene};
use three_d::{Context, Program};

use super::frame::with;
use super::gpu::{FrameBlock, add_light, compile};
use super::instances::{Instances, Quad};

const NAMES: [&str; 3] = ["place", "paint", "look"];
const SPRITE_VERTICES: u32 = 6;
/// An index behind every agent: for sprites that are never dim.
const PASSED: f32 = -1e6;

/// The look of a sprite; the numbers are those of the shader.
#[derive(Clone, Copy)]
enum Look {
    Node = 0,
    Glow = 1,
    Agent = 2,
    Ring = 3,
}

impl Look {
    /// The attribute `look`: strength of the glow, its reach in radii, phase.
    fn at(self, strength: f32, reach: f32, phase: f32) -> Quad {
        [f32::from(self as u8), strength, reach, phase]
    }
}

/// Every sprite, in buffers by how often they change.
pub(super) struct Sprites {
    program: Program,
    nodes: Instances<3>,
    glows: Instances<3>,
    moving: Instances<3>,
}

impl Sprites {
    pub(super) fn new(context: &Context) -> Result<Self, String> {
        let program = compile(context, ["", ""], include_str!("sprites.vert"), include_str!("sprites.frag"))?;
        let [nodes, glows, moving] = std::array::from_fn(|_| Instances::new(context, NAMES));
        Ok(Self { program, nodes, glows, moving })
    }

    /// Uploads a path.
    pub(super) fn set_path(&mut self, path: &PathGeometry) {
        self.nodes.set(path.nodes.iter().map(node));
        self.glows.set(path.effects.iter().map(glow));
    }

    /// Uploads what moves: the agent, the selection, the lights of a warm-up.
    pub(super) fn set_moving(&mut self, scene: &Scene) {
        let agent = (scene.nodes > 0).then(|| {
            let agent = &scene.agent;
            [with(agent.at, agent.radius), with(agent.color, PASSED), Look::Agent.at(1.0, 11.0, 0.0)]
        });
        let ring = scene
            .selected
            .map(|ring| [with(ring.at, ring.radius), with(ring.color, PASSED), Look::Ring.at(1.0, 1.7, 0.0)]);
        let lights = scene.lights.iter().map(|light| {
            let color = light.color.map(|c| c * light.glow);
            [with(light.at, light.radius), with(color, PASSED), Look::Node.at(1.0, 9.0, 0.0)]
        });
        self.moving.set(ring.into_iter().chain(agent).chain(lights));
    }

    pub(super) fn draw(&self, block: &FrameBlock) {
        for lights in [&self.nodes, &self.glows, &self.moving] {
            add_light(&self.program, block, lights, SPRITE_VERTICES);
        }
    }
}

/// A failed node has a wider glow, visible from farther away than its shape.
fn node(mark: &NodeMark) -> [Quad; 3] {
    let look = if mark.failed { Look::Node.at(1.0, 7.0, 0.0) } else { Look::Node.at(0.6, 5.0, 0.0) };
    [with(mark.at, mark.radius), with(mark.color, mark.index), look]
}

/// The glow inside an effect's shape, or all there is of it.
fn glow(effect: &Effect) -> [Quad; 3] {
    let [width, height, _] = effect.extent();
    let radius = width.max(height) * effect.size * 0.30;
    [with(effect.at, radius), with(effect.color, effect.index), Look::Glow.at(1.0, 3.8, effect.phase)]
}
