//! One shader program with the frame in front of it, and one instanced draw call.

use three_d::{Blend, Context, Cull, DepthTest, Program, RenderStates, UniformBuffer, Viewport, WriteMask};

use super::frame::{Frame, WORDS};
use super::instances::Instances;

const FRAME: &str = include_str!("frame.glsl");

/// Light adds up, in any order, and hides nothing.
const SUM: RenderStates = RenderStates {
    write_mask: WriteMask::COLOR,
    depth_test: DepthTest::Always,
    blend: Blend::ADD,
    cull: Cull::None,
};

/// What is drawn replaces what was there.
pub(super) const COVER: RenderStates = RenderStates { blend: Blend::Disabled, ..SUM };

/// The moment being drawn, where shaders can read it.
pub(super) struct FrameBlock {
    buffer: UniformBuffer,
    viewport: Viewport,
}

impl FrameBlock {
    pub(super) fn new(context: &Context) -> Self {
        let buffer = UniformBuffer::new(context, &[WORDS as u32]);
        Self { buffer, viewport: Viewport::new_at_origo(1, 1) }
    }

    /// Sends a moment to the GPU.
    pub(super) fn set(&mut self, frame: &Frame) {
        self.buffer.update(0, &frame.words);
        self.viewport = Viewport::new_at_origo(frame.width, frame.height);
    }

    /// The whole picture.
    pub(super) fn viewport(&self) -> Viewport {
        self.viewport
    }

    /// Makes the moment readable for a program.
    pub(super) fn lend(&self, program: &Program) {
        program.use_uniform_block("Frame", &self.buffer);
    }
}

/// Compiles a program. `shared` stands between the frame and the shader itself, for the vertex and fragment shader.
pub(super) fn compile(
    context: &Context,
    shared: [&str; 2],
    vertex: &str,
    fragment: &str,
) -> Result<Program, String> {
    let [vertex_shared, fragment_shared] = shared;
    Program::from_source(
        context,
        &[FRAME, vertex_shared, vertex].join("\n"),
        &[FRAME, fragment_shared, fragment].join("\n"),
    )
    .map_err(|error| format!("The 3D stage cannot be drawn here: {error}"))
}

/// Adds the light of every instance, each `vertices` corners of triangles that the vertex shader lays out itself.
pub(super) fn add_light<const N: usize>(
    program: &Program,
    block: &FrameBlock,
    instances: &Instances<N>,
    vertices: u32,
) {
    if instances.is_empty() {
        return;
    }
    block.lend(program);
    instances.lend(program);
    program.draw_arrays_instanced(SUM, block.viewport(), vertices, instances.len());
}
