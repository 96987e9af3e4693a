//! Lines of light with a core and a glow: the ribbon, the guide lines and the agent's trail.

use gauntlet_scene::{Agent, PathGeometry, Segment};
use three_d::{Context, Program};

use super::frame::with;
use super::gpu::{FrameBlock, add_light, compile};
use super::instances::{Instances, Quad};

const NAMES: [&str; 3] = ["from", "to", "paint"];
/// Two triangles per line.
pub(super) const LINE_VERTICES: u32 = 6;
/// An index behind every agent: for lines that are never dim.
const PASSED: f32 = -1e6;
/// Factor on the colour of guide lines.
const GUIDE: f32 = 0.55;
/// Factor on the colour of the trail at the agent.
const WAKE: f32 = 1.5;

/// Every line, in buffers by how often they change.
pub(super) struct Ribbon {
    program: Program,
    guide: Instances<3>,
    path: Instances<3>,
    axis: Instances<3>,
    wake: Instances<3>,
}

impl Ribbon {
    pub(super) fn new(context: &Context) -> Result<Self, String> {
        let shared = [include_str!("line.vert.glsl"), include_str!("line.frag.glsl")];
        let program = compile(context, shared, include_str!("ribbon.vert"), include_str!("ribbon.frag"))?;
        let [guide, path, axis, wake] = std::array::from_fn(|_| Instances::new(context, NAMES));
        Ok(Self { program, guide, path, axis, wake })
    }

    /// Uploads a path.
    pub(super) fn set_path(&mut self, path: &PathGeometry) {
        self.path.set(path.lines().map(|s| line(s, [s.from_index, s.to_index], s.color)));
        self.guide.set(path.guide.iter().map(guide_line));
    }

    /// Uploads the lines of the axis.
    pub(super) fn set_axis(&mut self, axis: &[Segment]) {
        self.axis.set(axis.iter().map(guide_line));
    }

    /// Uploads the trail of the agent.
    pub(super) fn set_agent(&mut self, agent: &Agent, travelled: f32) {
        let last = agent.trail.len().saturating_sub(1);
        // The points of the trail are about one node apart.
        let index = |i: usize| travelled - last.saturating_sub(i) as f32;
        let paint = with(agent.color.map(|c| c * WAKE), agent.radius * 0.6);
        self.wake.set(agent.trail.windows(2).enumerate().filter_map(|(i, ends)| {
            let [from, to] = ends else { return None };
            Some([with(*from, index(i)), with(*to, index(i + 1)), paint])
        }));
    }

    pub(super) fn draw(&self, block: &FrameBlock) {
        for lines in [&self.guide, &self.axis, &self.path, &self.wake] {
            add_light(&self.program, block, lines, LINE_VERTICES);
        }
    }
}

/// A line that is never dim and never bright.
fn guide_line(segment: &Segment) -> [Quad; 3] {
    line(segment, [PASSED; 2], segment.color.map(|c| c * GUIDE))
}

fn line(segment: &Segment, [from, to]: [f32; 2], color: [f32; 3]) -> [Quad; 3] {
    [with(segment.from, from), with(segment.to, to), with(color, segment.width)]
}
