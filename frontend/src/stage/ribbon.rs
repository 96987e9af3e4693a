//! The path as a line of light, with a core and a glow: the ribbon itself, the guide lines and the agent's wake.

use gauntlet_scene::{Agent, PathGeometry, Segment};
use three_d::{Context, Program};

use super::frame::with;
use super::gpu::{FrameBlock, add_light, compile};
use super::instances::{Instances, Quad};

const NAMES: [&str; 3] = ["from", "to", "paint"];
/// Two triangles a line.
pub(super) const LINE_VERTICES: u32 = 6;
/// An index that every agent has passed: for lines that are never ahead.
const PASSED: f32 = -1e6;
/// How much of their colour guide lines keep.
const GUIDE: f32 = 0.55;
/// How much brighter than its colour the agent's wake is at the agent.
const WAKE: f32 = 1.5;

/// Every line of the picture, by how often it changes.
pub(super) struct Ribbon {
    program: Program,
    guide: Instances<3>,
    path: Instances<3>,
    wake: Instances<3>,
}

impl Ribbon {
    pub(super) fn new(context: &Context) -> Result<Self, String> {
        let shared = [include_str!("line.vert.glsl"), include_str!("line.frag.glsl")];
        let program = compile(context, shared, include_str!("ribbon.vert"), include_str!("ribbon.frag"))?;
        let [guide, path, wake] = std::array::from_fn(|_| Instances::new(context, NAMES));
        Ok(Self { program, guide, path, wake })
    }

    /// Uploads a path.
    pub(super) fn set_path(&mut self, path: &PathGeometry) {
        self.path.set(path.ribbon.iter().map(|s| line(s, [s.from_index, s.to_index], s.color)));
        self.guide.set(path.guide.iter().map(|s| line(s, [PASSED; 2], s.color.map(|c| c * GUIDE))));
    }

    /// Uploads the trail of the agent.
    pub(super) fn set_agent(&mut self, agent: &Agent, travelled: f32) {
        let last = agent.trail.len().saturating_sub(1);
        // A point of the trail is about a node from the next.
        let index = |i: usize| travelled - last.saturating_sub(i) as f32;
        let paint = with(agent.color.map(|c| c * WAKE), agent.radius * 0.6);
        self.wake.set(agent.trail.windows(2).enumerate().filter_map(|(i, ends)| {
            let [from, to] = ends else { return None };
            Some([with(*from, index(i)), with(*to, index(i + 1)), paint])
        }));
    }

    pub(super) fn draw(&self, block: &FrameBlock) {
        for lines in [&self.guide, &self.path, &self.wake] {
            add_light(&self.program, block, lines, LINE_VERTICES);
        }
    }
}

fn line(segment: &Segment, [from, to]: [f32; 2], color: [f32; 3]) -> [Quad; 3] {
    [with(segment.from, from), with(segment.to, to), with(color, segment.width)]
}
