//! The uniforms that every shader reads; the layout is that of `frame.glsl`.

use gauntlet_scene::Scene;
use gauntlet_scene::vector::{cross, narrow, sub, unit, wide};

use super::surface::Size;

/// Floats in the uniform block: a matrix and seven vectors.
pub(super) const UNIFORM_FLOATS: usize = 16 + 7 * 4;

/// One frame: camera, clock, fog, size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    /// The uniform block, in std140 order.
    pub(super) uniforms: [f32; UNIFORM_FLOATS],
    /// Width, device pixels.
    pub(super) width: u32,
    /// Height, device pixels.
    pub(super) height: u32,
}

impl Frame {
    /// The frame of a scene at a size.
    pub(super) fn new(scene: &Scene, size: Size) -> Self {
        let (width, height) = (size.width as f32, size.height as f32);
        let camera = &scene.camera;
        let ahead = unit(sub(wide(camera.target), wide(camera.eye)), [0.0, 0.0, -1.0]);
        let right = unit(cross(ahead, wide(camera.up)), [1.0, 0.0, 0.0]);
        let (right, up) = (narrow(right), narrow(cross(right, ahead)));
        let px_per_unit = height * 0.5 / camera.half_height().max(1e-3) as f32;
        let sky = scene.sky;

        let mut uniforms = [0.0; UNIFORM_FLOATS];
        let (matrix, vectors) = uniforms.split_at_mut(16);
        matrix.copy_from_slice(camera.view_projection(width / height).as_flattened());
        let rows = [
            with(camera.eye, scene.time_secs),
            with(right, scene.travelled),
            with(up, scene.intensity.clamp(0.0, 1.0)),
            [scene.fog.near, scene.fog.far.max(scene.fog.near + 1e-3), px_per_unit, size.ratio],
            [width, height, 1.0 / scene.recede.behind, 1.0 / scene.recede.ahead],
            with(sky.center, sky.scale),
            with(sky.drift, scene.recede.least),
        ];
        vectors.copy_from_slice(rows.as_flattened());
        Self { uniforms, width: size.width, height: size.height }
    }
}

/// A point or a colour with one more number: an attribute of four floats.
pub(super) fn with([x, y, z]: [f32; 3], w: f32) -> [f32; 4] {
    [x, y, z, w]
}
