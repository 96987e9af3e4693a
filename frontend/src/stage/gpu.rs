//! Shader programs with the frame's uniforms, and instanced draw calls.

use three_d::{Blend, Context, Cull, DepthTest, Program, RenderStates, UniformBuffer, Viewport, WriteMask};

use super::frame::{Frame, UNIFORM_FLOATS};
use super::instances::Instances;

const FRAME: &str = include_str!("frame.glsl");

/// Light is added in any order; nothing hides anything.
const SUM: RenderStates = RenderStates {
    write_mask: WriteMask::COLOR,
    depth_test: DepthTest::Always,
    blend: Blend::ADD,
    cull: Cull::None,
};

/// What is drawn replaces the target's content.
pub(super) const REPLACE: RenderStates = RenderStates { blend: Blend::Disabled, ..SUM };

/// The uniform block of the frame that is being drawn.
pub(super) struct FrameBlock {
    buffer: UniformBuffer,
    viewport: Viewport,
}

impl FrameBlock {
    pub(super) fn new(context: &Context) -> Self {
        let buffer = UniformBuffer::new(context, &[UNIFORM_FLOATS as u32]);
        Self { buffer, viewport: Viewport::new_at_origo(1, 1) }
    }

    /// Uploads the uniforms of a frame.
    pub(super) fn set(&mut self, frame: &Frame) {
        self.buffer.update(0, &frame.uniforms);
        self.viewport = Viewport::new_at_origo(frame.width, frame.height);
    }

    /// The whole target.
    pub(super) fn viewport(&self) -> Viewport {
        self.viewport
    }

    /// Binds the block to a program.
    pub(super) fn bind(&self, program: &Program) {
        program.use_uniform_block("Frame", &self.buffer);
    }
}

/// Compiles a program. `shared` is put between the frame's declarations and the vertex and fragment shader.
///
/// # Errors
/// A sentence for people with the driver's message, where it refuses the program.
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

/// Adds the light of every instance. Each has `vertices` corners of triangles; the vertex shader computes
/// where they are.
pub(super) fn add_light<const N: usize>(
    program: &Program,
    block: &FrameBlock,
    instances: &Instances<N>,
    vertices: u32,
) {
    if instances.is_empty() {
        return;
    }
    block.bind(program);
    instances.bind(program);
    program.draw_arrays_instanced(SUM, block.viewport(), vertices, instances.len());
}
